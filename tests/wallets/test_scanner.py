import asyncio
import contextlib
import json
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp.web
import msgspec
import pytest
from demo_scan import DemoVenue, demo_venue
from processes import command, environment, wait_until
from scan_samples import address
from store_samples import rows_of
from virtual_loop import VirtualClock, VirtualLoop, run_virtual, sqlite_at_once

from app.config.settings import Settings, StoreSettings
from app.config.wallet_settings import ScannerSettings
from app.core.clock import Clock, SystemClock
from app.core.errors import UsageError
from app.demo.prediction.kinds import Kind
from app.feeds.polymarket.limits import CALLS, HALF_CALLS
from app.store.rows import StoredMarket, WalletCursor
from app.store.schema import PREDICTION_MARKETS, WALLET_SCANS, WALLET_VERDICTS
from app.store.store import Store
from app.wallets.api import judging_of, scan_wallets
from app.wallets.judging import Judging
from app.wallets.rules import Rule
from app.wallets.scanner import Memory, Scanner

PATIENCE_S = 120.0


@contextlib.asynccontextmanager
async def opened(path: Path | None, clock: Clock) -> AsyncIterator[Store]:
    store = Store(path, StoreSettings(commit_ms=100), clock)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


def scanner_settings(**changes: Any) -> Settings:
    return Settings(scanner=ScannerSettings(**changes))


def test_a_scan_inside_the_venues_limits_is_fast_and_uses_them() -> None:
    """In virtual time: what the machine can do does not count, only what the scan asks and when."""

    async def main(loop: VirtualLoop) -> None:
        async with demo_venue(VirtualClock(loop), limited=True) as demo:
            report = await demo.scan(*await demo.addresses(600))
        assert (report.wallets, len(report.not_scored), report.stopped, report.troubles) == (600, 0, "", ())
        assert report.retries == 0
        assert report.wallets_per_minute >= 1_000
        assert report.calls_allowed_pct >= 90

    with sqlite_at_once():
        run_virtual(main)


@pytest.mark.parametrize(("calls", "allowed"), [(CALLS, 1_000), (HALF_CALLS, 500)])
def test_a_scan_keeps_to_the_limits_it_is_given(calls: Mapping[str, int], allowed: int) -> None:
    async def main(loop: VirtualLoop) -> None:
        async with demo_venue(VirtualClock(loop)) as demo:
            report = await demo.scan(*await demo.addresses(20), calls=calls)
        assert {limit.group: limit.allowed for limit in report.limits}["data"] == allowed

    with sqlite_at_once():
        run_virtual(main)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", [101, 102, 103])
def test_a_thousand_wallets_inside_the_limits(seed: int) -> None:
    async def main(loop: VirtualLoop) -> None:
        async with demo_venue(VirtualClock(loop), seed=seed, limited=True) as demo:
            await demo.venue.world()
            report = await demo.scan(limit=1_000)
        assert report.wallets_per_minute >= 1_000
        assert report.calls_allowed_pct >= 90
        assert report.calls == sum(group.calls for group in report.limits if group.group in ("data", "gamma"))

    with sqlite_at_once():
        run_virtual(main)


@pytest.mark.asyncio
async def test_every_wallet_is_judged_as_its_kind_suggests() -> None:
    async with demo_venue(SystemClock()) as demo:
        new = await demo.scan(*await demo.addresses(20, Kind.TOO_NEW))
        generalists = await demo.scan(*await demo.addresses(20, Kind.GENERALIST))
    reasons = Counter(verdict.reason.split()[-1] for verdict in new.verdicts)
    assert new.not_scored == generalists.not_scored == ()
    assert new.targets == generalists.targets == 0
    assert max(verdict.stage for verdict in new.verdicts) <= 2
    assert sum(reasons.values()) == 20
    assert new.average_ms > 0
    assert [stage.seen for stage in generalists.stages][:2] == [20, 20 - generalists.stages[0].rejected]


@pytest.mark.asyncio
async def test_a_second_scan_of_the_same_store_costs_a_few_calls(tmp_path: Path) -> None:
    clock = SystemClock()
    async with demo_venue(clock) as demo, opened(tmp_path / "demo.sqlite", clock) as store:
        first = await demo.scan(limit=150, store=store)
        second = await demo.scan(limit=150, store=store)
        assert [verdict.wallet for verdict in second.verdicts] == [verdict.wallet for verdict in first.verdicts]
        assert [verdict.score for verdict in second.verdicts] == [verdict.score for verdict in first.verdicts]
        assert second.unchanged == 150
        assert second.calls <= 0.2 * first.calls
        rows = await store.reader().select(WALLET_VERDICTS)
        assert len(rows) == len(first.verdicts)
        assert len(await store.reader().select(PREDICTION_MARKETS, limit=10_000)) > 500
        scans = await store.reader().select(WALLET_SCANS)
        assert [(scan.scored, scan.ended_ms is None) for scan in scans] == [(150, False)] * 2


@pytest.mark.asyncio
async def test_other_thresholds_judge_anew_and_keep_the_history(tmp_path: Path) -> None:
    clock = SystemClock()
    async with demo_venue(clock) as demo, opened(tmp_path / "demo.sqlite", clock) as store:
        words = await demo.addresses(30)
        await demo.scan(*words, store=store)
        strict = msgspec.structs.replace(demo.settings.wallets, minimum_trades=100_000)
        other = DemoVenue(demo.venue, msgspec.structs.replace(demo.settings, wallets=strict), clock)
        report = await other.scan(*words, store=store)
        assert report.unchanged == 0
        assert {verdict.stage for verdict in report.verdicts} == {1}
        assert len(await store.reader().select(WALLET_VERDICTS)) == 60


@pytest.mark.asyncio
async def test_a_cancelled_scan_keeps_what_it_has_and_the_next_one_goes_on(tmp_path: Path) -> None:
    clock = SystemClock()
    async with demo_venue(clock) as demo, opened(tmp_path / "demo.sqlite", clock) as store:
        words = await demo.addresses(80)
        scanners: list[Scanner] = []
        finished = []

        def stop_early(each: Any) -> None:
            finished.append(each)
            if len(finished) == 20:
                scanners[0].cancel("enough")

        broken = await demo.scan(*words, store=store, on_begun=scanners.append, on_finished=stop_early)
        assert (broken.stopped, broken.is_partial) == ("enough", True)
        assert 20 <= broken.wallets < 80
        await store.flush()
        again = await demo.scan(*words, store=store)
        assert again.resumed
        assert again.wallets == 80
        assert again.unchanged == len(broken.verdicts)
        assert not again.is_partial


@pytest.mark.asyncio
async def test_a_killed_scan_loses_nothing_that_was_scored(tmp_path: Path) -> None:
    async with demo_venue(SystemClock()) as demo:
        listed = tmp_path / "wallets.txt"
        listed.write_text("\n".join(await demo.addresses(300)), encoding="utf-8")
        database = tmp_path / "state" / "live.sqlite"
        process = await start_scan(tmp_path, demo, listed)
        await asyncio.to_thread(wait_until, lambda: stored(database) >= 30, "verdicts in the database")
        process.kill()
        await process.wait()
        kept = stored(database)
        process = await start_scan(tmp_path, demo, listed)
        async with asyncio.timeout(PATIENCE_S):
            out, err = await process.communicate()
        report = json.loads(out)
    assert process.returncode == 0, err
    assert 30 <= kept < 300
    assert (report["resumed"], report["wallets"]) == (True, 300)
    assert report["unchanged"] >= kept
    assert stored(database) == 300


async def start_scan(home: Path, demo: DemoVenue, listed: Path) -> asyncio.subprocess.Process:
    polymarket = demo.settings.polymarket
    return await asyncio.create_subprocess_exec(
        *command("scan", "--from", listed, "--json"),
        "--set", f"polymarket.data_url={polymarket.data_url}", "--set", f"polymarket.gamma_url={polymarket.gamma_url}",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=environment(home),
    )  # fmt: skip


def stored(database: Path) -> int:
    # It is not there yet, or not made yet.
    with contextlib.suppress(sqlite3.Error):
        return rows_of(database, "wallet_verdicts")
    return 0


@contextlib.asynccontextmanager
async def answering(handler: Any) -> AsyncIterator[Settings]:
    """A venue that answers everything with one handler."""
    application = aiohttp.web.Application()
    application.router.add_get("/{tail:.*}", handler)
    runner = aiohttp.web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = aiohttp.web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    settings = Settings()
    try:
        yield msgspec.structs.replace(
            settings, polymarket=msgspec.structs.replace(settings.polymarket, data_url=url, gamma_url=url)
        )
    finally:
        await runner.cleanup()


@pytest.mark.asyncio
async def test_html_from_the_venue_ends_as_unscored_wallets() -> None:
    async def html(_request: aiohttp.web.Request) -> aiohttp.web.Response:
        return aiohttp.web.Response(text="<html>down</html>", content_type="text/html")

    async with answering(html) as settings:
        report = await scan_wallets(settings, [address(1), "0x7", address(2)])
    assert report.is_partial
    assert [verdict.wallet for verdict in report.not_scored] == ["0x7", address(1), address(2)]
    assert all("HTML instead of JSON" in verdict.reason for verdict in report.not_scored[1:])


@pytest.mark.asyncio
async def test_an_answer_that_cannot_be_read_is_not_remembered() -> None:
    async def html(_request: aiohttp.web.Request) -> aiohttp.web.Response:
        return aiohttp.web.Response(text="<html>down</html>", content_type="text/html")

    async with answering(html) as settings:
        report = await scan_wallets(settings, [address(1), address(2)])
    assert (report.calls, report.caches["answers"].entries) == (2, 0)


@pytest.mark.asyncio
async def test_damaged_rows_and_what_cannot_be_used_are_in_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    viral = tmp_path / "viral.json"
    viral.write_text('{"wallets": ["0x12"]}', encoding="utf-8")
    monkeypatch.setattr("app.wallets.api.shipped_list", lambda: viral)
    clock = SystemClock()
    async with demo_venue(clock) as demo, opened(tmp_path / "demo.sqlite", clock) as store:
        (word,) = await demo.addresses(1)
        store.put(StoredMarket(condition_id="c", seen_ms=1, category="x", resolved=True, market=b"\xc1"))
        cursor = WalletCursor(
            wallet=word, scanned_ms=1, board="", board_pnl=None, board_volume=None, last_trade_s=None, trades=b"\xc1"
        )
        store.put(cursor)
        assert await store.flush()
        report = await demo.scan(word, store=store)
    assert (report.wallets, report.damaged, report.is_partial) == (1, 2, True)
    assert [note.split(" (")[0] for note in report.notes] == ["'0x12' is not a wallet's address"]


@pytest.mark.asyncio
async def test_a_source_that_cannot_be_read_is_told() -> None:
    async def refusing(_request: aiohttp.web.Request) -> aiohttp.web.Response:
        return aiohttp.web.json_response({"error": "no", "code": "invalid_request"}, status=400)

    async with answering(refusing) as settings:
        report = await scan_wallets(settings, ["leaderboard"])
    assert report.wallets == 0
    assert len(report.troubles) == len(settings.scanner.windows)
    assert "400" in report.troubles[0].reason


@pytest.mark.asyncio
async def test_what_a_venue_refuses_of_each_wallet_is_an_answer() -> None:
    async def refusing(_request: aiohttp.web.Request) -> aiohttp.web.Response:
        return aiohttp.web.json_response({"error": "no", "code": "invalid_request"}, status=400)

    async with answering(refusing) as settings:
        report = await scan_wallets(settings, list(map(address, range(1, 71))))
    assert (report.stopped, report.wallets, len(report.not_scored)) == ("", 70, 70)


@pytest.mark.asyncio
async def test_a_venue_that_never_answers_well_is_given_up() -> None:
    async def failing(_request: aiohttp.web.Request) -> aiohttp.web.Response:
        return aiohttp.web.json_response({"error": "no", "code": "broken", "retryable": False}, status=500)

    async with answering(failing) as settings:
        report = await scan_wallets(settings, list(map(address, range(1, 500))))
    assert report.stopped.startswith("50 calls in a row failed")
    assert report.wallets < 200


@pytest.mark.asyncio
async def test_a_program_that_grows_too_large_empties_its_caches_and_waits() -> None:
    async with demo_venue(SystemClock(), settings=scanner_settings(batch_size=10, max_concurrent=10)) as demo:
        sizes = iter([100, 900, 900, *[100] * 1_000])
        report = await demo.scan(*await demo.addresses(60), memory=Memory(lambda: next(sizes), 500))
        assert report.wallets == 60
        assert report.caches["answers"].evictions > 0
        stuck = await demo.scan(*await demo.addresses(60), memory=Memory(lambda: 900, 500))
    assert stuck.stopped.startswith("the program stays above scanner.memory_mb")
    assert 0 < stuck.wallets < 60


@pytest.mark.asyncio
async def test_a_program_that_is_too_large_when_no_wallet_is_under_way_is_told_and_does_not_wait_for_ever() -> None:
    clock = SystemClock()
    async with demo_venue(clock) as demo, opened(None, clock) as store:
        await demo.scan(limit=70, store=store)
        async with asyncio.timeout(20):
            # The first page of the leaderboard did nothing since, so that none of it is under way at the second.
            report = await demo.scan(limit=70, store=store, memory=Memory(lambda: 900, 500))
            smaller = iter([900, 100] * 100)
            whole = await demo.scan(limit=70, store=store, memory=Memory(lambda: next(smaller), 500))
    assert report.stopped.startswith("the program stays above scanner.memory_mb")
    assert report.wallets == 50
    assert (whole.wallets, whole.stopped) == (70, "")


@pytest.mark.asyncio
async def test_what_verdicts_rest_on_is_given_back_when_they_are_told() -> None:
    scanners: list[Scanner] = []
    async with demo_venue(SystemClock()) as demo:
        await demo.scan(*await demo.addresses(20, Kind.SKILLED), on_begun=scanners.append)
    kept = [each.evidence for each in scanners[0]._finished]
    assert len(kept) == 20
    assert {(each.stats, each.trades, each.positions, each.pnl, len(each.markets)) for each in kept} == {
        (None, None, None, None, 0)
    }


@pytest.mark.asyncio
async def test_a_word_that_names_nothing_is_an_error() -> None:
    with pytest.raises(UsageError, match="nonsense is no source, address or file"):
        await scan_wallets(Settings(), ["nonsense"])


def test_verdicts_of_other_thresholds_have_another_name() -> None:
    settings = Settings()
    strict = msgspec.structs.replace(settings, wallets=msgspec.structs.replace(settings.wallets, minimum_trades=21))
    names = {judging_of(each.wallets).judging.config_sha256 for each in (settings, settings, strict)}
    assert len(names) == 2


def test_verdicts_of_another_version_of_a_rule_have_another_name() -> None:
    def named(version: str) -> str:
        rule = Rule("mine", lambda _: None, version)
        return Judging(Settings().wallets, rules=(rule,)).config_sha256

    assert named("mine 1.0") == named("mine 1.0") != named("mine 1.1")
