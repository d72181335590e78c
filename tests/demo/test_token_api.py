"""The simulated token APIs: what they say is what the real ones would, with their quirks and throttles."""

from itertools import pairwise

import msgspec
import pytest
from token_client import HOLDERS, NOW_S, KnownLaunches, known, running

from app.demo.token_launches import KINDS
from app.demo.tokens.made import MadeLaunches
from app.feeds.birdeye import parse as birdeye
from app.feeds.dexscreener.parse import parse_pairs
from app.feeds.geckoterminal import parse as gecko

HOUR_S = 3_600
OLD, YOUNG, CURVE, DEAD = (
    known(1, 5 * HOUR_S + 30), known(2, 600), known(3, 900, "pump-fun"), known(4, 7_200, dead=True),
)  # fmt: skip
FOUR = KnownLaunches([OLD, DEAD, CURVE, YOUNG])
MANY = KnownLaunches([known(number, 40_000 - 100 * number) for number in range(230)])


@pytest.mark.asyncio
async def test_new_pools_are_newest_first_twenty_a_page_and_the_eleventh_page_is_refused() -> None:
    async with running(MANY) as client:
        pages = [gecko.parse_new_pools(await client.raw("/new_pools", page=page)).rows for page in range(1, 11)]
        status, body, _ = await client.gecko("/new_pools", page=11)
    told = [pool.created_s or 0 for page in pages for pool in page]
    assert [len(page) for page in pages] == [20] * 10
    assert told == sorted(told, reverse=True)
    assert told[0] == NOW_S - (40_000 - 100 * 229)
    assert (status, body["errors"][0]["status"]) == (401, "401")
    assert "page (10)" in body["errors"][0]["title"]


@pytest.mark.asyncio
async def test_a_pool_becomes_known_when_it_is_made_and_its_figures_move_with_the_clock() -> None:
    later = known(9, -120)
    async with running(KnownLaunches([YOUNG, later])) as client:
        [before] = gecko.parse_new_pools(await client.raw("/new_pools")).rows
        client.clock.advance(300)
        newer, after = gecko.parse_new_pools(await client.raw("/new_pools")).rows
    assert (newer.mint, after.mint, before.mint) == (later.mint, YOUNG.mint, YOUNG.mint)
    assert (after.price_usd or 0) > (before.price_usd or 1)
    assert (before.liquidity_usd, after.liquidity_usd) == (5_010, 5_015)


@pytest.mark.asyncio
async def test_candles_are_newest_first_and_hold_nothing_of_the_future() -> None:
    async with running(FOUR) as client:
        _, body, _ = await client.gecko(f"/pools/{OLD.pool}/ohlcv/minute", aggregate=5, limit=1_000)
        read = gecko.parse_candles(await client.raw(f"/pools/{OLD.pool}/ohlcv/minute", aggregate=5, limit=1_000))
        _, one, _ = await client.gecko(f"/pools/{OLD.pool}/ohlcv/minute", limit=1, before_timestamp=NOW_S - HOUR_S)
    times = [row[0] for row in body["data"]["attributes"]["ohlcv_list"]]
    assert all(newer >= older for newer, older in pairwise(times))
    assert [candle.time_s for candle in read.rows] == sorted(set(times))
    assert times[0] <= NOW_S
    assert len(set(times)) == 5 * 12 + 1
    assert all(candle.time_s % 300 == 0 for candle in read.rows)
    assert all(one.close == two.open for one, two in pairwise(read.rows))
    assert sum(candle.volume_usd or 0 for candle in read.rows) == pytest.approx(20 * (301 * 6 / 7), rel=0.02)
    assert one["data"]["attributes"]["ohlcv_list"][0][0] < NOW_S - HOUR_S


@pytest.mark.asyncio
async def test_an_open_candle_comes_twice_of_some_tokens_and_the_whole_one_stays() -> None:
    async with running(MANY) as client:
        doubled = 0
        for number in range(180, 220):
            launch = known(number, 40_000 - 100 * number)
            answer = await client.gecko(f"/pools/{launch.pool}/ohlcv/minute", aggregate=5)
            times = [row[0] for row in answer[1]["data"]["attributes"]["ohlcv_list"]]
            doubled += len(times) > len(set(times))
            assert sorted(times, reverse=True) == times
    assert 5 <= doubled <= 25


@pytest.mark.asyncio
async def test_a_pool_without_trades_has_an_empty_list_and_an_unknown_one_is_not_found() -> None:
    async with running(FOUR) as client:
        assert gecko.parse_candles(await client.raw(f"/pools/{DEAD.pool}/ohlcv/minute", aggregate=5)).rows == ()
        missing, body, _ = await client.gecko("/pools/none/ohlcv/minute")
        wrong, told, _ = await client.gecko(f"/pools/{OLD.pool}/ohlcv/minute", aggregate=7)
        old, _, _ = await client.gecko(f"/pools/{OLD.pool}/ohlcv/day", before_timestamp=NOW_S - 200 * 86_400)
    assert (missing, wrong, old) == (404, 400, 401)
    assert gecko.parse_error(msgspec.json.encode(body)) == "Not Found"
    assert told["errors"][0]["title"] == "Invalid aggregate. Allowed values: 1, 5, 15"


@pytest.mark.asyncio
async def test_holders_are_told_of_most_tokens_and_birdeye_knows_the_rest() -> None:
    async with running(MANY) as client:
        counts = []
        for number in range(40):
            launch = known(number, 40_000 - 100 * number)
            counts.append(gecko.parse_holders(await client.raw(f"/tokens/{launch.mint}/info")).count)
        _, body, _ = await client.birdeye("/defi/token_overview", address=launch.mint)
    assert set(counts) == {HOLDERS, None}
    assert 0 < counts.count(None) < 12
    assert body["data"]["holder"] == HOLDERS


@pytest.mark.asyncio
async def test_pairs_lack_liquidity_on_a_bonding_curve_and_come_bare_or_wrapped() -> None:
    async with running(FOUR) as client:
        _, bare, _ = await client.screener(f"/tokens/v1/solana/{OLD.mint},{CURVE.mint},{'Z' * 40}")
        _, wrapped, _ = await client.screener(f"/latest/dex/tokens/{OLD.mint}")
        _, nothing, _ = await client.screener(f"/latest/dex/tokens/{'Z' * 40}")
        status, _, _ = await client.screener("/tokens/v1/solana/" + ",".join(["Z" * 40] * 31))
    states = parse_pairs(msgspec.json.encode(bare)).rows
    assert [(state.mint, state.dex) for state in states] == [(OLD.mint, "raydium"), (CURVE.mint, "pumpfun")]
    assert [state.liquidity_usd is None for state in states] == [False, True]
    assert states[0].created_s == OLD.created_s
    assert parse_pairs(msgspec.json.encode(wrapped)).rows == states[:1]
    assert (nothing["pairs"], status) == (None, 400)


@pytest.mark.asyncio
async def test_birdeye_wants_a_key_and_its_candles_are_those_of_the_pool() -> None:
    async with running(FOUR) as client:
        refused, body, _ = await client.birdeye("/defi/token_overview", key="", address=OLD.mint)
        _, candles, _ = await client.birdeye(
            "/defi/v3/ohlcv", address=OLD.mint, type="5m", time_from=NOW_S - HOUR_S, time_to=NOW_S
        )
        _, listed, _ = await client.birdeye("/defi/v2/tokens/new_listing", limit=5)
        _, held, _ = await client.birdeye("/defi/v3/token/holder", address=OLD.mint, limit=3)
        theirs = gecko.parse_candles(await client.raw(f"/pools/{OLD.pool}/ohlcv/minute", aggregate=5))
    assert (refused, body["success"]) == (401, False)
    mine = birdeye.parse_candles(msgspec.json.encode(candles)).rows
    assert len(mine) == 12
    assert [candle.close for candle in mine] == [candle.close for candle in theirs.rows[-12:]]
    assert [pool["address"] for pool in listed["data"]["items"]] == [YOUNG.mint, DEAD.mint, OLD.mint]
    amounts = [holder["ui_amount"] for holder in held["data"]["items"]]
    assert amounts == sorted(amounts, reverse=True)
    assert len(amounts) == 3


@pytest.mark.asyncio
async def test_gecko_refuses_after_a_burst_and_says_zero_seconds_but_a_cached_address_is_free() -> None:
    async with running(FOUR, limited=True) as client:
        good = 0
        while (answer := await client.gecko("/new_pools", page=1 + good))[0] == 200:
            good += 1
        assert 4 <= good <= 6
        assert answer[2]["retry-after"] == "0"
        assert answer[1]["status"]["error_code"] == 429
        assert (await client.gecko("/new_pools", page=1))[0] == 200
        client.clock.advance(2.0)
        assert (await client.gecko("/new_pools", page=9))[0] == 200
        assert (await client.gecko("/new_pools", page=10))[0] == 429


@pytest.mark.asyncio
async def test_the_others_refuse_what_exceeds_their_limits_without_telling_when_to_return() -> None:
    async with running(FOUR, limited=True) as client:
        statuses = [(await client.screener(f"/tokens/v1/solana/{OLD.mint}"))[0] for _ in range(301)]
        paid = [(await client.screener("/token-profiles/latest/v1"))[0] for _ in range(61)]
        one, two = [await client.birdeye("/defi/token_overview", address=OLD.mint) for _ in range(2)]
        client.clock.advance(1.0)
        three = await client.birdeye("/defi/token_overview", address=OLD.mint)
    assert (statuses.count(200), statuses[-1], paid.count(200), paid[-1]) == (300, 429, 60, 429)
    assert (one[0], two[0], three[0]) == (200, 429, 200)
    assert "retry-after" not in two[2]


def test_a_day_has_three_hundred_launches_the_same_each_time_and_no_two_share_an_address() -> None:
    day_s = NOW_S // 86_400 * 86_400
    whole = MadeLaunches(3).launches(day_s, day_s + 86_400)
    starts = (day_s, day_s + 43_200)
    halves = [launch for start_s in starts for launch in MadeLaunches(3).launches(start_s, start_s + 43_200)]
    assert len(whole) >= 300
    assert [launch.mint for launch in halves] == [launch.mint for launch in whole]
    addresses = {address for launch in whole for address in (launch.mint, launch.pool)}
    assert len(addresses) == 2 * len(whole)
    other = MadeLaunches(4).launches(day_s, day_s + 86_400)
    assert not {launch.mint for launch in whole} & {launch.mint for launch in other}


@pytest.mark.asyncio
async def test_made_launches_are_told_without_their_kind() -> None:
    async with running(MadeLaunches(7)) as client:
        raw = await client.raw("/new_pools")
        read = gecko.parse_new_pools(raw)
        pool = read.rows[-1]
        bodies = [
            raw,
            await client.raw(f"/pools/{pool.pool}/ohlcv/minute", aggregate=5),
            await client.raw(f"/tokens/{pool.mint}/info"),
        ]
        _, pairs, _ = await client.screener(f"/tokens/v1/solana/{pool.mint}")
    assert (len(read.rows), read.refused, pairs[0]["pairAddress"]) == (20, 0, pool.pool)
    words = [kind.encode() for kind in KINDS] + [b"kind", b"rug", b"pull", b"organic"]
    assert not [word for body in bodies for word in words if word in body.lower()]
