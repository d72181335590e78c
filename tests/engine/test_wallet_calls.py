"""What a run asks about wallets: which answers are remembered, and that no question is forgotten."""

import asyncio
from pathlib import Path

import msgspec
import numpy as np
import pytest
from polymarket_samples import WALLET, page
from polymarket_server import ScriptedVenue, says, serving
from scan_samples import address, condition
from virtual_loop import VirtualClock, VirtualLoop, run_virtual
from wallet_driver import WalletDriver

from app.config.settings import Settings, StoreSettings
from app.core.clock import ManualClock
from app.core.record import Answer, Kind, Request
from app.engine.shelf_venue import STORE_VENUE
from app.engine.wallet_calls import RememberingCarrier, WalletCalls
from app.engine.wallet_shelf import WalletShelf
from app.feeds.inbox import Inbox
from app.feeds.polymarket import questions
from app.feeds.polymarket.carrier import CarrierSettings
from app.feeds.polymarket.questions import Question
from app.store.store import Store
from app.wallets.caches import BodyCache


@pytest.mark.parametrize(
    ("question", "calls"),
    [
        (questions.stats(WALLET), 1),
        (questions.markets([condition(1)], closed=True), 1),
        (questions.payouts([condition(1)]), 2),
        (questions.activity(WALLET), 2),
    ],
)
def test_what_a_market_has_paid_by_now_is_asked_anew(question: Question, calls: int) -> None:
    async def main(loop: VirtualLoop) -> int:
        venue = ScriptedVenue([says(page([]))], {})
        async with serving(venue) as url:
            carrier = RememberingCarrier(
                CarrierSettings(url, url, 20.0, 4), VirtualClock(loop), np.random.default_rng(1),
                BodyCache(ttl_s=3_600, limit_bytes=1_000_000),
            )  # fmt: skip
            for _ in range(2):
                assert (await carrier.carry(question)).status == 200
            await carrier.close()
        return len(venue.calls)

    assert run_virtual(main) == calls


@pytest.mark.parametrize(("failures", "status"), [(0, 200), (1, 200), (2, 0)])
@pytest.mark.asyncio
async def test_a_shelf_that_is_begun_again_answers_what_had_no_answer(
    tmp_path: Path, failures: int, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = ManualClock()
    store = Store(tmp_path / "live.sqlite", StoreSettings(), clock)
    await store.open()
    inbox = Inbox(clock)
    shelf = WalletShelf(store, Settings().scanner, inbox, clock)
    shelf.request(Request(1, STORE_VENUE, "history", b"", address(1)))

    def broken() -> None:
        raise OSError("the disk is gone")

    with monkeypatch.context() as patched:
        patched.setattr(store, "current_reader", broken)
        for _ in range(failures):
            with pytest.raises(OSError, match="the disk is gone"):
                await shelf.run()
    running = asyncio.create_task(shelf.run())
    told: list[Answer] = []
    async with asyncio.timeout(20):
        while not told:
            arrived = [each.payload for each in await inbox.fetch() if each.kind == Kind.ANSWER]
            told += [msgspec.msgpack.decode(payload, type=Answer) for payload in arrived]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await store.close()
    assert [answer.status for answer in told] == [status]


@pytest.mark.parametrize(("status", "state"), [(404, "done"), (400, "done"), (429, "failed"), (503, "failed")])
def test_a_scan_is_given_up_where_the_venue_does_not_answer_and_not_where_it_refuses(status: int, state: str) -> None:
    driver = WalletDriver()
    driver.restore()
    driver.scan(*map(address, range(1, 71)))
    for _ in range(1_000):
        if not driver.waiting:
            break
        request = driver.waiting[0]
        if request.venue == STORE_VENUE:
            driver.tell(request)
            continue
        driver.waiting.remove(request)
        driver.put(Kind.ANSWER, Answer(request.request_id, status, b"", f"the venue answered {status}"))
        driver.carry()
        while driver.core.wallets.runs and driver.scanning.has_work:
            driver.tick()
            driver.carry()
    assert (driver.core.wallets.state, driver.scanning.progress().finished) == (
        (state, 70) if state == "done" else (state, 49)
    )


@pytest.mark.asyncio
async def test_answers_that_will_not_be_given_again_are_not_held() -> None:
    clock, settings = ManualClock(), Settings()
    store = Store(None, StoreSettings(), clock)
    urls = ("http://127.0.0.1:1", "http://127.0.0.1:1")
    calls = WalletCalls(urls, settings, store, Inbox(clock), clock, np.random.default_rng(1))
    calls._answers.put(questions.pnl(address(1)), b"x" * 100, 100, clock.wall_ns() / 1e9)
    held = []
    for _ in range(2):
        clock.advance(settings.scanner.cache_s * 0.6)
        held.append([(cache.entries, cache.bytes) for cache in calls.caches() if cache.name == "answers"])
    assert held == [[(1, 100)], [(0, 0)]]
