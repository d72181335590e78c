"""The call of a TARGET in a run: filed once, kept open for 30 days, graded by what the venue says the wallet made."""

import asyncio

import msgspec
import pytest
import wallet_facts
from polymarket_samples import page
from scan_samples import NOW_S, address, verdict
from test_wallet_judging import evidence
from wallet_driver import WalletDriver
from wallet_facts import WALLET

from app.config.settings import StoreSettings
from app.config.wallet_settings import WalletsSettings
from app.core.calls import SET_BACK, Call
from app.core.clock import ManualClock
from app.core.text import clean
from app.engine import wallet_claims
from app.engine.protocol_wallets import UseThresholds
from app.engine.wallet_book import CLAIM_MS, SavedWallets
from app.engine.wallet_claims import target_call
from app.engine.wallet_shelf import saved_wallets
from app.scorecards.grader import Graded
from app.scorecards.profits import NO_ROOM, NOT_BEFORE, NOT_TOLD
from app.store.rows import StoredVerdict
from app.store.store import Store
from app.wallets.answers import NoAnswer
from app.wallets.funnel import Evidence
from app.wallets.judging import Judging

DAY_MS = 86_400_000
DUE_MS = CLAIM_MS + DAY_MS


def target(number: int) -> Call:
    """The call about a wallet, of the moment the driver begins at."""
    evidence = Evidence(address(number))
    return target_call(verdict(evidence, "TARGET", 3, NOW_S, "good"), "live", NOW_S * 1_000)


def driver_with(*calls: Call) -> tuple[WalletDriver, list[Graded]]:
    """A run that begins with these calls open, and what it decides about calls."""
    driver = WalletDriver()
    decided: list[Graded] = []
    driver.core.bus.subscribe(Graded, decided.append)
    claims = {call.subject: call.made_at_ms for call in calls}
    driver.restore(msgspec.msgpack.encode(SavedWallets(claims=claims, open_claims=calls)))
    return driver, decided


def later(driver: WalletDriver, ms: int) -> None:
    """So much later; questions that come up are asked."""
    driver.now_ms += ms
    driver.tick()
    driver.carry()


def history(*totals: float) -> bytes:
    """A wallet's totals: one a day before the calls, those after it ten days apart."""
    at_s = [NOW_S - 86_400, *(NOW_S + place * 864_000 for place in range(1, len(totals)))]
    return page(
        {
            "points": [
                {"timestamp": second, "realized_pnl": total, "unrealized_pnl": 0.0}
                for second, total in zip(at_s, totals, strict=True)
            ]
        }
    )


def test_a_call_is_graded_a_day_after_its_horizon_by_what_the_wallet_made() -> None:
    driver, decided = driver_with(target(1), target(2))
    driver.venue.scripts = {
        ("pnl", address(1)): lambda asked: history(100.0, 150.0, 101.0),
        ("pnl", address(2)): lambda asked: history(100.0, 150.0, 99.0),
    }
    later(driver, DUE_MS - 10_000)
    assert (driver.waiting, decided) == ([], [])
    later(driver, 10_000)
    assert len(driver.waiting) == 1
    driver.tell_all()
    later(driver, 1_000)
    driver.tell_all()
    outcomes = {each.call.subject: (each.outcome.status, each.outcome.hit) for each in decided}
    assert outcomes == {address(1): ("graded", True), address(2): ("graded", False)}
    assert driver.core.journal.calls_graded == 2
    assert driver.core.wallets.book.open_claims == {}
    later(driver, 40 * DAY_MS)
    assert (driver.waiting, len(decided)) == ([], 2)


def test_a_call_that_is_saved_twice_is_graded_once() -> None:
    driver, decided = driver_with(target(1), target(2))
    driver.venue.scripts = {"pnl": lambda asked: history(100.0, 150.0, 101.0)}
    state = driver.core.wallets.book.saved()
    driver.core.wallets.claims.begin(driver.now_ms)
    later(driver, DUE_MS)
    driver.restore(state)
    driver.core.wallets.book.restore(state)
    driver.core.wallets.claims.begin(driver.now_ms)
    for _ in range(4):
        driver.tell_all()
        later(driver, 1_000)
    assert sorted(each.call.subject for each in decided) == [address(1), address(2)]
    assert driver.core.wallets.book.open_claims == {}


def test_a_call_that_is_known_no_more_is_not_asked_about() -> None:
    driver, decided = driver_with(target(1), target(2))
    driver.venue.scripts = {"pnl": lambda asked: history(100.0, 150.0, 101.0)}
    later(driver, DUE_MS)
    driver.core.wallets.book.restore(msgspec.msgpack.encode(SavedWallets(open_claims=(target(3),))))
    driver.tell_all()
    later(driver, 1_000)
    driver.tell_all()
    assert decided == []
    assert list(driver.core.wallets.book.open_claims) == [target(3).call_id]


@pytest.mark.parametrize("body", [b"<html>busy</html>", b"{", NoAnswer(clean("the venue answered 503"))])
def test_a_venue_that_does_not_answer_is_asked_each_hour_and_given_up_after_30_days(body: bytes | NoAnswer) -> None:
    driver, decided = driver_with(target(1))
    driver.venue.scripts = {"pnl": lambda asked: body}
    later(driver, DUE_MS)
    driver.tell_all()
    later(driver, 3_599_000)
    assert (driver.waiting, decided) == ([], [])
    later(driver, 1_000)
    assert len(driver.waiting) == 1
    driver.tell_all()
    later(driver, CLAIM_MS)
    driver.tell_all()
    assert [(each.outcome.status, each.outcome.reason) for each in decided] == [("ungraded", NOT_TOLD)]
    assert driver.core.journal.calls_graded == 0


def test_hazard_11_a_call_made_by_a_clock_that_was_ahead_is_not_graded_and_hinders_no_other() -> None:
    driver, decided = driver_with(target(1), target(2))
    later(driver, DUE_MS)
    assert len(driver.waiting) == 1
    driver.now_ms -= DUE_MS + 5_000
    driver.tick()
    assert {(each.call.subject, each.outcome.reason) for each in decided} == {
        (address(1), SET_BACK),
        (address(2), SET_BACK),
    }
    driver.tell_all()
    later(driver, 2 * DUE_MS)
    assert (driver.waiting, len(decided)) == ([], 2)
    book = driver.core.wallets.book
    assert (dict(book.claims), book.open_claims) == ({}, {})


def test_hazard_11_a_saved_call_of_a_time_to_come_is_not_graded() -> None:
    ahead = msgspec.structs.replace(target(1), made_at_ms=NOW_S * 1_000 + DAY_MS)
    _, decided = driver_with(ahead, target(2))
    assert [(each.call.subject, each.outcome.reason) for each in decided] == [(address(1), SET_BACK)]


def test_a_wallet_the_venue_knows_nothing_of_cannot_be_graded() -> None:
    driver, decided = driver_with(target(1))
    driver.venue.scripts = {"pnl": lambda asked: page(None)}
    later(driver, DUE_MS)
    driver.tell_all()
    assert [each.outcome.reason for each in decided] == [NOT_BEFORE]


def test_a_target_found_in_a_run_is_open_in_what_the_next_one_begins_with() -> None:
    driver, decided = driver_with()
    filed: list[Call] = []
    driver.core.bus.subscribe(Call, filed.append)
    found = verdict(Evidence(address(1)), "TARGET", 3, NOW_S, "good")
    for _ in range(2):
        driver.core.wallets.claims.file(found, driver.now_ms)
    assert [call.subject for call in filed] == [address(1)]
    driver.core.finish()
    assert (decided, list(driver.core.journal.decided)) == ([], [])
    saved = msgspec.msgpack.decode(driver.core.wallets.book.saved(), type=SavedWallets)
    assert saved.open_claims == tuple(filed)
    # Another one may be filed while the first waits for its grade.
    driver.core.wallets.claims.file(found, driver.now_ms + CLAIM_MS)
    assert len(driver.core.wallets.book.open_claims) == 2


def test_more_open_calls_than_there_is_room_for_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wallet_claims, "MOST_CLAIMS", 1)
    driver, decided = driver_with(target(1))
    driver.core.wallets.claims.file(verdict(Evidence(address(2)), "TARGET", 3, NOW_S, "good"), driver.now_ms)
    assert [(each.call.subject, each.outcome.reason) for each in decided] == [(address(2), NO_ROOM)]
    assert list(driver.core.wallets.book.open_claims) == [target(1).call_id]


EASY = WalletsSettings(profile="easy", target_score=0.1, watchlist_score=0.1)


def rejected() -> StoredVerdict:
    """A wallet that is no TARGET by the default profile, and one by `EASY`."""
    judged = Judging(WalletsSettings()).record(evidence()._replace(positions=(), pnl=()), wallet_facts.NOW_S)
    assert judged.verdict == "REJECTED"
    return StoredVerdict(
        wallet=judged.wallet, at_ms=NOW_S * 1_000, config_sha256="", stage=3, wallet_class=judged.verdict,
        score=judged.score, verdict=msgspec.msgpack.encode(judged),
    )  # fmt: skip


def test_the_call_of_a_target_that_a_profile_made_is_known_to_the_next_run() -> None:
    async def main() -> list[list[str]]:
        store = Store(None, StoreSettings(), ManualClock())
        await store.open()
        store.put(rejected())
        filed = []
        for _ in range(2):
            await store.flush()
            driver, calls = WalletDriver(), list[Call]()
            driver.core.bus.subscribe(Call, calls.append)
            driver.restore(await saved_wallets(store.reader(), driver.now_ms))
            driver.command(UseThresholds(EASY))
            filed.append([call.subject for call in calls])
            assert [call.subject for call in driver.core.wallets.book.open_claims.values()] == [WALLET]
            for call in calls:
                store.put(call)
        await store.close()
        return filed

    assert asyncio.run(main()) == [[WALLET], []]


def test_an_open_call_outlives_the_verdicts_it_came_from() -> None:
    async def main() -> bytes:
        store = Store(None, StoreSettings(), ManualClock())
        await store.open()
        await store.put_durably(target(1))
        saved = await saved_wallets(store.reader(), NOW_S * 1_000)
        await store.close()
        return saved

    found = msgspec.msgpack.decode(asyncio.run(main()), type=SavedWallets)
    assert found.open_claims == (target(1),)
    assert found.claims == {address(1): NOW_S * 1_000}
