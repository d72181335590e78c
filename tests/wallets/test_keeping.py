from pathlib import Path
from typing import Any

import msgspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from polymarket_samples import page
from scan_samples import NOW_S, PlainJudge, ScriptedVenue, address, drive, trades_of
from store_samples import opened

from app.core.errors import DataError
from app.core.text import SafeText, clean
from app.engine.wallet_book import best_rows, entry_of
from app.store.rows import StoredMarket, StoredVerdict, WalletCursor
from app.store.schema import WALLET_SCANS
from app.store.store import Store
from app.wallets.caches import BoundedCache
from app.wallets.funnel import KnownWallet
from app.wallets.keeping import (
    KeptRows,
    Shelf,
    cursor_row,
    known_wallet,
    market_row,
    read_evidence,
    read_market,
    verdict_row,
)
from app.wallets.scan import Scan
from app.wallets.scan_values import Finished, ScanPlan
from app.wallets.stored import read_verdict
from app.wallets.values import Doubt, Part, Pillar

NOW_MS = NOW_S * 1_000
HOUR_MS = 3_600_000


def shelf(store: Store, config: str = "a", *, holds_h: float = 24.0) -> Shelf:
    cache: BoundedCache[str, KeptRows] = BoundedCache(ttl_s=1e9, limit_bytes=10_000_000)
    return Shelf(store, cache, config, holds_h)


def scanned(count: int = 1) -> list[Finished]:
    plan = ScanPlan(listed=tuple(map(address, range(1, count + 1))))
    return drive(Scan(plan, PlainJudge()), ScriptedVenue())


async def kept(store: Store, by: Shelf, now_ms: int = NOW_MS) -> list[Finished]:
    finished = scanned()
    for each in finished:
        by.keep(each, now_ms)
    assert await store.flush()
    return finished


@pytest.mark.asyncio
async def test_what_was_kept_is_known_again(tmp_path: Path) -> None:
    async with opened(tmp_path / "demo.sqlite") as store:
        (finished,) = await kept(store, shelf(store))
        known = (await shelf(store).known([address(1), address(2)], NOW_MS))[address(1)]
    assert known.verdict == finished.verdict
    assert known.evidence is not None
    assert (known.evidence.stats, known.evidence.trades) == (finished.evidence.stats, finished.evidence.trades)
    assert not known.holds


@pytest.mark.asyncio
async def test_a_verdict_does_not_hold_by_other_thresholds_nor_for_ever(tmp_path: Path) -> None:
    async with opened(tmp_path / "demo.sqlite") as store:
        await kept(store, shelf(store))
        other = (await shelf(store, "b").known([address(1)], NOW_MS))[address(1)]
        late = (await shelf(store).known([address(1)], NOW_MS + 25 * HOUR_MS))[address(1)]
        kept_ahead = (await shelf(store).known([address(1)], NOW_MS - 25 * HOUR_MS))[address(1)]
    assert other.verdict is late.verdict is kept_ahead.verdict is None
    assert other.evidence is not None


@pytest.mark.asyncio
async def test_a_scan_that_was_broken_off_is_gone_on_with_for_a_day(tmp_path: Path) -> None:
    plan = ScanPlan(limit=5)
    async with opened(tmp_path / "demo.sqlite") as store:
        first = await shelf(store).begin(plan, NOW_MS)
        await kept(store, shelf(store), NOW_MS + 1_000)
        again = shelf(store, holds_h=0.0)
        assert await again.begin(plan, NOW_MS + HOUR_MS) == first
        assert (await again.known([address(1)], NOW_MS + HOUR_MS))[address(1)].holds
        other = shelf(store)
        assert (await other.begin(ScanPlan(limit=6), NOW_MS + HOUR_MS)).scan_id != first.scan_id
        assert not other.is_resumed
        await again.end(first, NOW_MS + HOUR_MS, 3, 1)
        ended = shelf(store)
        assert (await ended.begin(plan, NOW_MS + HOUR_MS + 1)).started_ms == NOW_MS + HOUR_MS + 1
        late = shelf(store)
        await late.begin(plan, NOW_MS + 26 * HOUR_MS)
        assert not late.is_resumed
        rows = {row.scan_id: row for row in await store.reader().select(WALLET_SCANS)}
        assert (rows[first.scan_id].scored, rows[first.scan_id].not_scored) == (3, 1)


@pytest.mark.asyncio
async def test_old_verdicts_and_unscored_wallets_are_not_kept_again(tmp_path: Path) -> None:
    async with opened(tmp_path / "demo.sqlite") as store:
        (finished,) = scanned()
        unscored = msgspec.structs.replace(finished.verdict, verdict="NOT SCORED")
        by = shelf(store)
        by.keep(finished._replace(is_old=True), NOW_MS)
        by.keep(finished._replace(verdict=unscored), NOW_MS)
        await store.flush()
        assert await shelf(store).known([address(1)], NOW_MS) == {}


@pytest.mark.asyncio
@pytest.mark.parametrize("spoiled", [b"", b"\xc1", b"\x00" * 50])
async def test_a_row_that_cannot_be_read_is_counted_and_the_wallet_is_new(tmp_path: Path, spoiled: bytes) -> None:
    (finished,) = scanned()
    verdict: StoredVerdict = msgspec.structs.replace(verdict_row(finished, NOW_MS, "a"), verdict=spoiled)
    cursor: WalletCursor = msgspec.structs.replace(cursor_row(finished, NOW_MS), trades=b"\x28\xb5\x2f\xfd" + spoiled)
    market = StoredMarket(condition_id="c", seen_ms=NOW_MS, category="x", resolved=True, market=spoiled)
    async with opened(tmp_path / "demo.sqlite") as store:
        for row in (verdict, cursor_row(finished, NOW_MS), market):
            store.put(row)
        await store.flush()
        by = shelf(store)
        assert await by.known([address(1)], NOW_MS) == {}
        assert await by.markets() == []
        assert by.damaged == 2
        store.put(cursor)
        await store.flush()
        assert await shelf(store).known([address(1)], NOW_MS) == {}


NESTED = b"\x81\xa1x" * 100_000
"""Maps in maps, deeper than any decoder goes."""


@pytest.mark.parametrize("spoiled", [b"", b"\xc1", NESTED])
def test_what_is_damaged_is_a_data_error_of_its_row(spoiled: bytes) -> None:
    (finished,) = scanned()
    verdict: StoredVerdict = msgspec.structs.replace(verdict_row(finished, NOW_MS, "a"), verdict=spoiled)
    with pytest.raises(DataError, match=f"the verdict on {address(1)} cannot be read"):
        read_verdict(verdict)
    cursor: WalletCursor = msgspec.structs.replace(
        cursor_row(finished, NOW_MS), trades=zstandard.compress(spoiled or b"\xc1")
    )
    with pytest.raises(DataError, match=f"what is kept of {address(1)} cannot be read"):
        read_evidence(cursor)
    market = StoredMarket(condition_id="c", seen_ms=NOW_MS, category="x", resolved=True, market=spoiled)
    with pytest.raises(DataError, match="what is kept of market c cannot be read"):
        read_market(market)


def test_what_is_about_another_wallet_or_market_than_its_row_is_damaged() -> None:
    (finished,) = scanned()
    other = {"wallet": address(2)}
    verdict: StoredVerdict = msgspec.structs.replace(verdict_row(finished, NOW_MS, "a"), **other)
    with pytest.raises(DataError, match="about another wallet"):
        read_verdict(verdict)
    cursor: WalletCursor = msgspec.structs.replace(cursor_row(finished, NOW_MS), **other)
    with pytest.raises(DataError, match="about another wallet"):
        read_evidence(cursor)
    market: StoredMarket = msgspec.structs.replace(
        market_row(next(iter(finished.evidence.markets.values())), NOW_S), condition_id="c"
    )
    with pytest.raises(DataError, match="about another market"):
        read_market(market)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_is_none_makes_a_verdict_damaged(number: float) -> None:
    (finished,) = scanned()
    part = Part("breadth", number, 1, 0.0)
    spoiled = Pillar(name="structure", score=0.5, weight=0.2, parts=(part,))
    for changes in ({"score": number}, {"pillars": (spoiled,)}):
        verdict = msgspec.structs.replace(finished.verdict, **changes)
        with pytest.raises(DataError, match="not finite"):
            read_verdict(verdict_row(finished._replace(verdict=verdict), NOW_MS, "a"))


@given(st.text())
def test_every_text_from_the_database_is_cleaned(text: str) -> None:
    (finished,) = scanned()
    said = SafeText(f"{text}\x1b[31m\u202e")
    doubt = Doubt(name="rule", text=said, rule=said)
    verdict = msgspec.structs.replace(finished.verdict, reason=said, doubts=(doubt,), unknown=(said,))
    read = read_verdict(verdict_row(finished._replace(verdict=verdict), NOW_MS, "a"))
    assert [read.reason, read.unknown[0], read.doubts[0].text, read.doubts[0].rule] == [clean(said, 400)] * 4
    assert read.score == finished.verdict.score
    trades = tuple(msgspec.structs.replace(trade, event_slug=said) for trade in finished.evidence.trades or ())
    kept = read_evidence(cursor_row(finished._replace(evidence=finished.evidence._replace(trades=trades)), NOW_MS))
    assert kept is not None
    assert {trade.event_slug for trade in kept.trades or ()} == {clean(said, 400)}
    market = msgspec.structs.replace(next(iter(finished.evidence.markets.values())), title=said, tags=(said,))
    known = read_market(market_row(market, NOW_S))
    assert (known.title, known.tags) == (clean(said, 400), (clean(said, 400),))


def test_a_deck_is_not_shown_what_is_damaged() -> None:
    (finished,) = scanned()
    good = verdict_row(finished, NOW_MS, "a")
    rows = [good, *(msgspec.structs.replace(good, wallet=address(2), verdict=each) for each in (NESTED, good.verdict))]
    entries = [entry_of(of_one) for of_one in best_rows(rows)]
    assert [entry and entry.verdict.wallet for entry in entries] == [address(1), None]


def test_a_bomb_is_not_unpacked() -> None:
    (finished,) = scanned()
    bomb = zstandard.compress(b"\x00" * 50_000_000)
    row: WalletCursor = msgspec.structs.replace(cursor_row(finished, NOW_MS), trades=bomb)
    with pytest.raises(DataError, match="it is too large"):
        read_evidence(row)


@pytest.mark.asyncio
async def test_markets_are_known_with_the_time_they_were_told(tmp_path: Path) -> None:
    (finished,) = scanned()
    markets: dict[str, Any] = dict(finished.evidence.markets)
    async with opened(tmp_path / "demo.sqlite") as store:
        by = shelf(store)
        by.keep_markets([(market, NOW_S - 5) for market in markets.values()])
        await store.flush()
        assert {market.condition_id: (market, seen_s) for market, seen_s in await by.markets()} == {
            key: (market, NOW_S - 5) for key, market in markets.items()
        }
        row = market_row(next(iter(markets.values())), NOW_S)
    assert (row.category, row.resolved) == ("politics", True)


def test_totals_are_asked_for_again_however_often_newer_trades_were_judged() -> None:
    judge, rows = PlainJudge(), None
    asked = []
    for hours in range(0, 60, 12):
        now_s = NOW_S + hours * 3_600
        trades = page(trades_of(address(1), 5, last_s=now_s - 1_000))
        venue = ScriptedVenue({"trades": lambda _, body=trades: body})  # type: ignore[misc]
        known: dict[str, KnownWallet] = {}
        if rows is not None:
            known[address(1)] = known_wallet(rows, "a", now_s * 1_000, holds_ms=24 * HOUR_MS, resumed_ms=None)
        (finished,) = drive(Scan(ScanPlan(listed=(address(1),)), judge), venue, known, now_s=now_s)
        assert not finished.is_old
        rows = KeptRows(cursor_row(finished, now_s * 1_000), verdict_row(finished, now_s * 1_000, "a"))
        asked.append(venue.counts["stats"])
    assert asked == [1, 0, 0, 1, 0]


def test_totals_of_rows_that_do_not_say_when_they_came_are_old() -> None:
    (finished,) = scanned()
    stats, trades = finished.evidence.stats, finished.evidence.trades
    old: WalletCursor = msgspec.structs.replace(
        cursor_row(finished, NOW_MS), trades=zstandard.compress(msgspec.msgpack.encode((stats, trades)))
    )
    known = known_wallet(KeptRows(old, None), "a", NOW_MS, holds_ms=HOUR_MS, resumed_ms=None)
    assert known.evidence is not None
    assert (known.evidence.stats, known.evidence.trades) == (None, trades)
