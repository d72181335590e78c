"""The client against a scripted venue on loopback, on virtual time: waits are seen and take none."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TypeVar

import numpy as np
import pytest
from polymarket_samples import CONDITION, WALLET, page, position_row, trade_row
from polymarket_server import (
    Call,
    Reply,
    ScriptedVenue,
    breaks_mid_body,
    hangs_mid_body,
    refuses,
    says,
    sends_too_much,
    serving,
)
from virtual_loop import VirtualClock, VirtualLoop, run_virtual

from app.core.errors import FrameError, VenueError
from app.core.prediction_market import WalletActivity
from app.feeds.polymarket import questions
from app.feeds.polymarket.carrier import CarrierSettings
from app.feeds.polymarket.client import PolymarketClient
from app.feeds.polymarket.limits import CALLS
from app.feeds.polymarket.parse import parse_activity, parse_positions, parse_stats
from app.feeds.polymarket.walk import Walked

T = TypeVar("T")


def asked(
    script: Sequence[Reply],
    ask: Callable[[PolymarketClient], Awaitable[T]],
    limits: Mapping[str, int] = CALLS,
    by_path: Mapping[str, Sequence[Reply]] = MappingProxyType({}),
) -> tuple[T, list[Call]]:
    """What `ask` gets from a venue that follows the script, and the calls it took."""

    async def main(loop: VirtualLoop) -> tuple[T, list[Call]]:
        venue = ScriptedVenue(script, by_path)
        async with serving(venue) as url:
            settings = CarrierSettings(url, url, request_timeout_s=20.0, connections=8)
            client = PolymarketClient(settings, VirtualClock(loop), np.random.default_rng(1), limits)
            try:
                return await ask(client), venue.calls
            finally:
                await client.close()

    return run_virtual(main)


async def walked_trades(client: PolymarketClient) -> Walked[WalletActivity]:
    return await client.walk(questions.trades(WALLET), parse_activity, 1)


async def trades(client: PolymarketClient) -> int:
    return len((await walked_trades(client)).rows)


TRADES = says(page([trade_row()]))


def test_pages_are_walked_by_cursor_with_the_same_filters() -> None:
    script = [
        says(page([position_row(token_id="1"), position_row(token_id="2")], "c1&x=/+é")),
        says(page([position_row(token_id="3")], "c2")),
        says(page([])),
    ]
    walked, calls = asked(script, lambda client: client.walk(questions.positions(WALLET, "CLOSED"), parse_positions))
    assert [position.token_id for position in walked.rows] == ["1", "2", "3"]
    assert (walked.is_whole, walked.pages) == (True, 3)
    filters = [("user", WALLET), ("status", "CLOSED"), ("limit", "500"), ("sort_by", "TIMESTAMP")]
    assert [call.query for call in calls] == [
        filters,
        [*filters, ("cursor", "c1&x=/+é")],
        [*filters, ("cursor", "c2")],
    ]
    assert {call.path for call in calls} == {"/v2/positions"}


def test_a_cursor_that_comes_again_ends_the_walk_unfinished() -> None:
    script = [says(page([position_row(token_id=str(number))], "same")) for number in range(5)]
    walked, calls = asked(script, lambda client: client.walk(questions.positions(WALLET, "OPEN"), parse_positions))
    assert (len(calls), len(walked.rows), walked.is_whole) == (2, 2, False)
    assert walked.stopped == "the venue gave a cursor twice"


def test_null_data_is_nothing_known() -> None:
    body, _ = asked([says(b'{"data":null}')], lambda client: client.body(questions.stats(WALLET)))
    assert parse_stats(body) is None
    assert asked([says(b'{"data":null}')], trades)[0] == 0


@pytest.mark.parametrize(("status", "date", "asks"), [
    (429, "", "17"), (503, "", "17"), (429, "Fri, 06 Nov 2026 12:00:00 GMT", "Fri, 06 Nov 2026 12:00:17 GMT")
])  # fmt: skip
def test_a_refusal_is_waited_out_as_the_venue_says(status: int, date: str, asks: str) -> None:
    headers = {"Retry_After": asks} | ({"Date": date} if date else {})
    count, calls = asked([refuses(status, "rate_limited", None, **headers), TRADES], trades)
    assert (count, len(calls)) == (1, 2)
    assert 17 <= calls[1].at_s - calls[0].at_s < 18


@pytest.mark.parametrize("status", [429, 503])
def test_a_refusal_holds_back_the_whole_service_and_not_the_other(status: int) -> None:
    async def ask(client: PolymarketClient) -> None:
        first = asyncio.create_task(walked_trades(client))
        await asyncio.sleep(0.5)
        others = (questions.stats(WALLET), questions.markets([CONDITION], closed=True))
        await asyncio.gather(first, *map(client.body, others))

    trades_script = [refuses(status, Retry_After="30"), TRADES]
    _, calls = asked([says(b'{"data":null}')], ask, by_path={"/v2/trades": trades_script, "/markets": [says(b"[]")]})
    assert [call.path for call in calls[:2]] == ["/v2/trades", "/markets"]
    assert sorted(call.path for call in calls[2:]) == ["/v2/trades", "/v2/user-stats"]
    assert all(call.at_s - calls[0].at_s >= 30 for call in calls[2:])


def test_a_refusal_for_longer_than_patience_is_an_error_at_once() -> None:
    async def twice(client: PolymarketClient) -> list[str]:
        reasons = []
        for _ in range(2):
            with pytest.raises(VenueError) as raised:
                await walked_trades(client)
            reasons.append(str(raised.value))
        return reasons

    reasons, calls = asked([refuses(429, "rate_limited", Retry_After="900")], twice)
    assert len(calls) == 1
    assert f"polymarket trades of {WALLET}: the venue answered 429: rate_limited no" in reasons[0]
    assert "the venue takes no calls for 900 s" in reasons[1]


@pytest.mark.parametrize(
    "reply",
    [refuses(503, "dependency_unavailable", retryable=True), refuses(500), breaks_mid_body, hangs_mid_body],
)
def test_what_may_pass_is_tried_again(reply: Reply) -> None:
    count, calls = asked([reply, reply, TRADES], trades)
    assert (count, len(calls)) == (1, 3)


def test_retry_after_of_a_busy_venue_is_kept() -> None:
    _, calls = asked([refuses(503, "request_timeout", retryable=True, Retry_After="9"), TRADES], trades)
    assert calls[1].at_s - calls[0].at_s >= 9


@pytest.mark.parametrize(
    ("reply", "tries", "reason"),
    [
        (says(b"<html>Just a moment</html>", content_type="text/html"), 1, "HTML instead of JSON"),
        (says(b"\n<!doctype html>"), 1, "HTML instead of JSON"),
        (refuses(400, "invalid_request"), 1, "400: invalid_request no"),
        (refuses(500, "internal", retryable=False), 1, "500: internal no"),
        (says(b"", 302, Location="http://127.0.0.1:9/"), 1, "302: no reason given"),
        (sends_too_much, 1, "more than 16777216 bytes"),
        (refuses(503), 5, "503"),
        (hangs_mid_body, 5, "did not answer within 20 s"),
        (breaks_mid_body, 5, "cannot be used"),
    ],
)
def test_what_does_not_pass_is_one_clear_error(reply: Reply, tries: int, reason: str) -> None:
    async def fails(client: PolymarketClient) -> str:
        with pytest.raises(VenueError) as raised:
            await walked_trades(client)
        return str(raised.value)

    words, calls = asked([reply], fails)
    assert len(calls) == tries
    assert words.startswith(f"polymarket trades of {WALLET}: ")
    assert reason in words
    assert words.endswith(f"({tries} tries)")


@pytest.mark.parametrize(("was_reached", "tries"), [(False, 2), (True, 5)])
def test_a_host_that_was_never_reached_is_not_waited_for_as_one_that_has_gone(was_reached: bool, tries: int) -> None:
    async def main(loop: VirtualLoop) -> str:
        async with serving(ScriptedVenue([TRADES], {})) as url:
            settings = CarrierSettings(url, url, request_timeout_s=20.0, connections=8)
            client = PolymarketClient(settings, VirtualClock(loop), np.random.default_rng(1))
            if was_reached:
                assert await trades(client) == 1
        try:
            with pytest.raises(VenueError, match="cannot be reached") as raised:
                await walked_trades(client)
        finally:
            await client.close()
        return str(raised.value)

    assert run_virtual(main).endswith(f"({tries} tries)")


def test_an_answer_that_is_none_is_a_frame_error_and_a_bad_row_is_not() -> None:
    async def fails(client: PolymarketClient) -> None:
        with pytest.raises(FrameError, match=r"polymarket activity: .*truncated"):
            await walked_trades(client)

    asked([says(page([trade_row()])[:-30])], fails)
    walked, _ = asked(
        [says(page([trade_row(), trade_row(size="nan")]))],
        lambda client: client.walk(questions.activity(WALLET, 1_789_000_000), parse_activity),
    )
    assert (len(walked.rows), walked.refused, walked.is_whole) == (1, 1, True)


def test_no_window_holds_more_calls_than_its_limit() -> None:
    limits = {**CALLS, "data": 12, "data trades": 5}

    async def many(client: PolymarketClient) -> float:
        await asyncio.gather(*(walked_trades(client) for _ in range(23)))
        [usage] = [each for each in client.usage() if each.group == "data trades"]
        return usage.share

    share, calls = asked([TRADES], many, limits)
    times = [call.at_s for call in calls]
    assert len(times) == 23
    assert all(later - earlier >= 10 for earlier, later in zip(times, times[5:], strict=False))
    # Five at once, and five more each time the window is over: nothing is left unused on the way.
    assert times[-1] - times[0] < 40.5
    assert share == pytest.approx(23 / 25)


def test_one_route_that_waits_does_not_hold_up_another() -> None:
    limits = {**CALLS, "data trades": 1}

    async def both(client: PolymarketClient) -> None:
        waiting = [asyncio.create_task(client.body(questions.trades(WALLET))) for _ in range(20)]
        await asyncio.sleep(1)
        await asyncio.gather(*(client.body(questions.pnl(WALLET)) for _ in range(5)))
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    _, calls = asked([says(page({"points": []}))], both, limits, {"/v2/trades": [TRADES]})
    assert [call.path for call in calls] == ["/v2/trades", *["/v2/user-pnl"] * 5]
    assert calls[-1].at_s < 2


def test_cancelled_calls_give_their_places_back() -> None:
    async def cancelled(client: PolymarketClient) -> int:
        tasks = [asyncio.create_task(walked_trades(client)) for _ in range(8)]
        await asyncio.sleep(1)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert client.carrier.windows.used("data") == 8
        await asyncio.sleep(10.1)
        assert client.carrier.windows.used("data") == 0
        return await trades(client)

    count, _ = asked([*[hangs_mid_body] * 8, TRADES], cancelled)
    assert count == 1
