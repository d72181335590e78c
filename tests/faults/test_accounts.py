"""Whatever comes over whichever socket, in whatever order, is accounted for: with the real client, inbox and core."""

import asyncio

import numpy as np
import pytest
from accounts import FrameCounts, FrameTally, feed_of
from checker import check_account
from day import usual_settings
from hypothesis import example, given
from hypothesis import strategies as st
from quiet_venue import frame

from app.core.clock import ManualClock
from app.core.record import BOOKS_CONNECTION, COINS_CONNECTION, DATA_CONNECTION, TRADERS_CONNECTION
from app.engine.venue_run import VenueRun, live_source
from app.feeds.hyperliquid.wire import WireSubscription

SOCKETS = (DATA_CONNECTION, BOOKS_CONNECTION, TRADERS_CONNECTION, COINS_CONNECTION)
TRADER = f"0x{1:040x}"
WANTED = {
    DATA_CONNECTION: [WireSubscription(type=kind, coin="BTC") for kind in ("trades", "bbo", "l2Book")],
    BOOKS_CONNECTION: [WireSubscription(type="l2Book", coin="BTC", fast=True)],
    TRADERS_CONNECTION: [WireSubscription(type=kind, user=TRADER) for kind in ("userFills", "clearinghouseState")],
    COINS_CONNECTION: [WireSubscription(type="trades", coin="DOGE")],
}
_TRADE = {"side": "B", "px": "1.5", "sz": "2", "time": 1_700_000_000_000, "tid": 7}


def acknowledged(subscription: WireSubscription, method: str = "subscribe") -> bytes:
    return frame("subscriptionResponse", {"method": method, "subscription": subscription})


FRAMES = (
    *[acknowledged(one) for wanted in WANTED.values() for one in wanted],
    acknowledged(WireSubscription(type="trades", coin="NOBODY")),
    acknowledged(WANTED[DATA_CONNECTION][0], "unsubscribe"),
    *[frame("trades", [{"coin": coin, **_TRADE}]) for coin in ("BTC", "DOGE", "NOBODY")],
    frame("trades", [{"coin": "BTC", **_TRADE, "px": "nan"}]),
    frame("trades", [{"coin": "DOGE", **_TRADE, "px": "-1"}]),
    frame("bbo", {"coin": "BTC", "time": 1_700_000_000_000, "bbo": [None, None]}),
    frame("l2Book", {"coin": "BTC", "time": 1_700_000_000_000, "levels": [[], []]}),
    frame("userFills", {"user": TRADER, "fills": [], "isSnapshot": True}),
    frame("userFills", {"user": TRADER, "fills": "none"}),
    frame("clearinghouseState", {"dex": "", "user": TRADER, "clearinghouseState": {}}),
    frame("error", "Cannot track more than 3 total users."),
    frame("error", {"no": "text"}),
    b'{"channel":"pong"}', b"Websocket connection established.", b"{", b"", b"\xff\xfe",
)  # fmt: skip

STEPS = st.one_of(st.tuples(st.sampled_from(SOCKETS), st.sampled_from(FRAMES)), st.none())
"""A frame over a socket, or None: all that waits is dispatched."""
EVERYTHING = [*((name, each) for name in SOCKETS for each in FRAMES for _ in range(2)), None]
"""Twice, so that pictures give way and trades come together."""


def a_run() -> VenueRun:
    settings = usual_settings()
    run = VenueRun(live_source(settings), settings, ManualClock(), generator=np.random.default_rng(1))
    run._client = run._connect(run._urls)
    for socket in run._client.sockets:
        socket.subscribe(WANTED[socket.connection])
    return run


async def dispatch(run: VenueRun) -> None:
    run._arrivals.extend(await run._inbox.fetch())
    while run._arrivals:
        run._sequencer.put(run._arrivals.popleft())


@example(is_acknowledged=True, steps=EVERYTHING)
@example(is_acknowledged=False, steps=EVERYTHING)
@given(st.booleans(), st.lists(STEPS, max_size=60))
def test_hazard_9_every_frame_of_every_socket_is_accounted_for_at_every_moment(
    is_acknowledged: bool, steps: list[tuple[str, bytes] | None]
) -> None:
    async def live() -> list[str]:
        run = a_run()
        counts = FrameCounts(run)
        tally = run._sequencer.recorder = FrameTally(run.core)
        assert run._client is not None
        sockets = {socket.connection: socket for socket in run._client.sockets}
        for socket in run._client.sockets if is_acknowledged else ():
            for wanted in WANTED[socket.connection]:
                socket.received(acknowledged(wanted))
        await dispatch(run)
        found: list[str] = []
        for step in steps:
            if step is not None:
                sockets[step[0]].received(step[1])
            elif run._inbox.waiting:
                await dispatch(run)
            found += counts.violations()
        tally.settle()
        return [*found, *tally.violations]

    assert asyncio.run(live()) == []


def test_a_frame_of_any_socket_that_goes_astray_is_found() -> None:
    async def live() -> list[str]:
        run = a_run()
        counts = FrameCounts(run)
        assert run._client is not None
        for socket in run._client.sockets:
            socket.received(acknowledged(WANTED[socket.connection][0]))
            socket.control_frames -= 1
        return [account.connection for account in counts.accounts() if list(check_account(account))]

    assert asyncio.run(live()) == list(SOCKETS)


@pytest.mark.parametrize("name", SOCKETS)
def test_what_a_socket_brings_that_nobody_can_use_is_counted_as_refused_of_that_socket(name: str) -> None:
    async def live() -> list[int]:
        run = a_run()
        assert run._client is not None
        (socket,) = [socket for socket in run._client.sockets if socket.connection == name]
        for useless in (b"{", b"\xff\xfe", frame("error", {"no": "text"})):
            socket.received(useless)
        await dispatch(run)
        return [run.core.parse_errors_of(feed_of(run.core, each)) for each in SOCKETS]

    assert asyncio.run(live()) == [3 * (each == name) for each in SOCKETS]
