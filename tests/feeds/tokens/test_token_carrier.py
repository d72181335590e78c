"""The carrier against a scripted venue and against the simulated ones, on virtual time."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import quote

import numpy as np
import pytest
from aiohttp import web
from polymarket_server import Call, Reply, ScriptedVenue, breaks_mid_body, says, sends_too_much, serving
from token_client import KnownLaunches, known
from token_samples import MINT
from virtual_loop import VirtualClock, VirtualLoop, run_virtual

from app.config.secrets import Secret
from app.demo.sockets import listen
from app.demo.tokens.server import TokenVenue, serve
from app.feeds import token_questions as ask
from app.feeds.request_client import Carried
from app.feeds.token_carrier import TokenCarrier, TokenCarrierSettings
from app.feeds.token_questions import BIRDEYE, DEXSCREENER, GECKOTERMINAL

GOOD = says(b'{"data":[]}')
TOO_MANY = says(b'{"status":{"error_code":429,"error_message":"slow down"}}', 429, retry_after="0")


def carried(
    script: Sequence[Reply], times: int = 1, venue: str = GECKOTERMINAL, per_minute: int = 500
) -> tuple[list[Carried], list[Call]]:
    """What comes of asking a venue that follows the script, one question after the other."""

    async def main(loop: VirtualLoop) -> tuple[list[Carried], list[Call]]:
        scripted = ScriptedVenue(script, {})
        async with serving(scripted) as url:
            settings = TokenCarrierSettings(url, per_minute, 10.0)
            carrier = TokenCarrier(venue, settings, VirtualClock(loop), np.random.default_rng(1))
            try:
                return [await carrier.carry(ask.new_pools()) for _ in range(times)], scripted.calls
            finally:
                await carrier.close()

    return run_virtual(main)


def test_a_venue_that_says_zero_seconds_is_left_alone_longer_each_time() -> None:
    [answer], calls = carried([TOO_MANY] * 3 + [GOOD])
    assert (answer.status, answer.tries) == (200, 4)
    waits = np.diff([call.at_s for call in calls])
    assert (waits >= 0.5).all()
    assert waits.sum() > 4


def test_a_refusal_holds_back_other_questions_too() -> None:
    async def main(loop: VirtualLoop) -> list[Call]:
        scripted = ScriptedVenue([TOO_MANY, GOOD], {})
        async with serving(scripted) as url:
            settings = TokenCarrierSettings(url, 500, 10.0)
            carrier = TokenCarrier(GECKOTERMINAL, settings, VirtualClock(loop), np.random.default_rng(1))
            try:
                await asyncio.gather(*(carrier.carry(ask.new_pools(page)) for page in (1, 2)))
                return scripted.calls
            finally:
                await carrier.close()

    first, second, third = run_virtual(main)
    assert second.at_s - first.at_s >= 0.5
    assert third.at_s > second.at_s


@pytest.mark.parametrize("status", [429, 503])
def test_a_venue_that_names_a_time_is_left_alone_until_then(status: int) -> None:
    _, calls = carried([says(b"{}", status, retry_after="50"), GOOD])
    assert calls[1].at_s - calls[0].at_s >= 50


def test_the_longest_time_that_a_venue_names_counts_whichever_refusal_comes_last() -> None:
    def after(seconds: float, reply: Reply) -> Reply:
        async def late(request: web.Request) -> web.StreamResponse:
            await asyncio.sleep(seconds)
            return await reply(request)

        return late

    async def main(loop: VirtualLoop) -> tuple[list[Carried], list[Call]]:
        scripted = ScriptedVenue([after(1, says(b"{}", 429, retry_after="300")), after(2, TOO_MANY), GOOD], {})
        async with serving(scripted) as url:
            settings = TokenCarrierSettings(url, 500, 10.0)
            carrier = TokenCarrier(GECKOTERMINAL, settings, VirtualClock(loop), np.random.default_rng(1))
            try:
                answers = await asyncio.gather(*(carrier.carry(ask.new_pools(page)) for page in (1, 2)))
                return list(answers), scripted.calls
            finally:
                await carrier.close()

    answers, calls = run_virtual(main)
    assert [answer.status for answer in answers] == [429, 429]
    assert len(calls) == 2, "it was asked again before its time"


def test_a_venue_that_is_closed_for_long_fails_a_question_at_once() -> None:
    answers, calls = carried([says(b"{}", 429, retry_after="900"), GOOD], times=2)
    assert [answer.status for answer in answers] == [429, 429]
    assert len(calls) == 1
    assert answers[1].error.startswith("the venue takes no calls for 89")


@pytest.mark.parametrize(
    ("reply", "tries", "words"),
    [
        (says(b'{"errors":[{"title":"Not Found"}]}', 404), 1, "the venue answered 404: Not Found"),
        (says(b"<html>", 200, "text/html"), 1, "HTML instead of JSON"),
        (sends_too_much, 1, "sent more than"),
        (says(b"oops", 502), 4, "the venue answered 502"),
        (breaks_mid_body, 4, "cannot be used"),
    ],
)
def test_what_fails_is_tried_again_only_where_that_may_help(reply: Reply, tries: int, words: str) -> None:
    [answer], calls = carried([reply])
    assert (answer.tries, len(calls), answer.body) == (tries, tries, b"")
    assert words in answer.error


def test_calls_are_evenly_spaced() -> None:
    _, calls = carried([GOOD], times=5, per_minute=31)
    assert np.diff([call.at_s for call in calls]) == pytest.approx([2.0] * 4, abs=0.05)


CANARY = "0123canary+4567/89=="
LAUNCHES = [known(number, 9_000 - 100 * number) for number in range(30)]


def simulated(
    venue: str, per_minute: int, use: Callable[[TokenCarrier], Awaitable[list[Carried]]], key: str = CANARY
) -> tuple[list[Carried], int]:
    """What comes of using the simulated venue, throttled as the real one is, and how often it refused."""

    async def main(loop: VirtualLoop) -> tuple[list[Carried], int]:
        clock, sockets = VirtualClock(loop), listen()
        shifted = [launch._replace(created_s=clock.wall_ns() // 10**9 - 9_000) for launch in LAUNCHES]
        world = TokenVenue(KnownLaunches(shifted), seed=7, clock=clock)
        urls = {GECKOTERMINAL: sockets.gecko_url, DEXSCREENER: sockets.screener_url, BIRDEYE: sockets.birdeye_url}
        settings = TokenCarrierSettings(urls[venue], per_minute, 10.0, Secret(key) if venue == BIRDEYE else None)
        carrier = TokenCarrier(venue, settings, clock, np.random.default_rng(1))
        try:
            async with serve(world, sockets.gecko, sockets.screener, sockets.birdeye):
                try:
                    return await use(carrier), carrier.refusals
                finally:
                    await carrier.close()
        finally:
            sockets.close()

    return run_virtual(main)


async def candles_of_all(carrier: TokenCarrier) -> list[Carried]:
    return await asyncio.gather(*(carrier.carry(ask.pool_candles(launch.pool, 100)) for launch in LAUNCHES))


async def overviews_of_some(carrier: TokenCarrier) -> list[Carried]:
    return [await carrier.carry(ask.overview(launch.mint)) for launch in LAUNCHES[:6]]


def test_the_usual_pace_is_never_refused() -> None:
    answers, refusals = simulated(GECKOTERMINAL, 24, candles_of_all)
    assert ({answer.status for answer in answers}, refusals) == ({200}, 0)


def test_too_fast_a_pace_is_refused_and_gets_its_answers_nevertheless() -> None:
    answers, refusals = simulated(BIRDEYE, 120, overviews_of_some)
    assert {answer.status for answer in answers} == {200}
    assert refusals > 0


def test_a_wrong_key_is_told_in_the_venues_words_and_not_repeated() -> None:
    [answer], _ = simulated(BIRDEYE, 50, _one_overview, key="")
    assert (answer.status, answer.error, answer.tries) == (401, "the venue answered 401: Unauthorized", 1)


async def _one_overview(carrier: TokenCarrier) -> list[Carried]:
    return [await carrier.carry(ask.overview(MINT))]


def test_the_key_is_told_to_nobody() -> None:
    assert CANARY not in repr(TokenCarrierSettings("http://127.0.0.1:1", 1, 1.0, Secret(CANARY)))


@pytest.mark.parametrize("status", [200, 400, 429, 503])
@pytest.mark.parametrize(
    "shown",
    [
        CANARY,
        CANARY.upper(),
        json.dumps({CANARY: CANARY}),
        CANARY.replace("+", "\\u002B"),
        CANARY.replace("/", "\\/"),
        quote(CANARY, safe=""),
    ],
)
def test_hazard_23_a_venue_that_repeats_the_key_gives_it_away_in_no_answer(status: int, shown: str) -> None:
    """Also where what is shown of its words is cut in the middle of the key."""

    async def main(loop: VirtualLoop) -> list[Carried]:
        words = [f"{'x' * room} {shown} is not for you" for room in (0, 140, 150)]
        bodies = [f'{{"success":false,"message":{json.dumps(each)}}}'.encode() for each in words]
        scripted = ScriptedVenue(
            [says(each.encode(), status) for each in words] + [says(each, status) for each in bodies], {}
        )
        async with serving(scripted) as url:
            carrier = TokenCarrier(
                BIRDEYE,
                TokenCarrierSettings(url, 500, 10.0, Secret(CANARY)),
                VirtualClock(loop),
                np.random.default_rng(1),
            )
            try:
                return [await carrier.carry(ask.overview(MINT)) for _ in range(6)]
            finally:
                await carrier.close()

    for answer in run_virtual(main):
        assert "***" in answer.error or b"***" in answer.body or "x" * 140 in answer.error
        assert "canary" not in f"{answer.error} {answer.body!r}".lower()
