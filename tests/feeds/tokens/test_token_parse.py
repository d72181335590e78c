"""What token venues tell becomes values, missing apart from zero, or is refused with a reason; nothing else escapes."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from token_samples import (
    AT_S,
    MINT,
    POOL,
    SOL,
    birdeye,
    birdeye_candle,
    birdeye_overview,
    body,
    gecko_candles,
    gecko_info,
    gecko_pool,
    screener_pair,
    sound_answers,
)

from app.core.errors import FrameError
from app.feeds.birdeye import parse as bird
from app.feeds.dexscreener.parse import parse_pairs
from app.feeds.geckoterminal import parse as gecko

PARSERS: list[Callable[[bytes], object]] = [
    gecko.parse_new_pools,
    gecko.parse_candles,
    gecko.parse_holders,
    parse_pairs,
    bird.parse_overview,
    bird.parse_candles,
]


def test_a_new_pool() -> None:
    [pool] = gecko.parse_new_pools(body({"data": [gecko_pool()]})).rows
    assert (pool.mint, pool.pool, pool.quote_mint, pool.dex, pool.name) == (MINT, POOL, SOL, "pump-fun", "DRIP / SOL")
    assert (pool.price_usd, pool.liquidity_usd, pool.diluted_value_usd) == (0.0000081, 5450.493, 8180.65)
    assert (pool.market_cap_usd, pool.volume_24h_usd, pool.trades_1h) == (None, 43849.36, 307)
    assert pool.created_s == 1787840942


@pytest.mark.parametrize(
    ("told", "expected"), [("0", 0.0), ("0.0", 0.0), (None, None), ("NaN", None), ("", None), (12.5, 12.5), (0, 0.0)]
)
def test_what_is_missing_is_not_zero(told: Any, expected: float | None) -> None:
    [pool] = gecko.parse_new_pools(body({"data": [gecko_pool(reserve_in_usd=told)]})).rows
    assert pool.liquidity_usd == expected


def test_a_pool_that_says_almost_nothing_still_stands() -> None:
    pool = gecko_pool()
    pool["attributes"] = {}
    [state] = gecko.parse_new_pools(body({"data": [pool]})).rows
    figures = (state.price_usd, state.liquidity_usd, state.volume_24h_usd, state.trades_1h, state.created_s)
    assert (state.mint, figures) == (MINT, (None,) * 5)


@pytest.mark.parametrize(
    "wrong", ["-1", "inf", "1e400", "1_000", "１２", "0x10", "1e16", " 1 2", "abc", "1" * 41], ids=range(10)
)
def test_a_figure_out_of_range_is_refused_by_its_name(wrong: str) -> None:
    rows = gecko.parse_new_pools(body({"data": [gecko_pool(reserve_in_usd=wrong), gecko_pool()]}))
    assert (len(rows.rows), rows.refused) == (1, 1)
    assert rows.refusal.startswith("the liquidity is")


@pytest.mark.parametrize(
    ("place", "value", "reason"),
    [
        ("base_token", None, "names no base token"),
        ("dex", {"data": None}, "names no exchange"),
        ("base_token", {"data": {"id": "eth_0x12"}}, "base token is not on solana"),
        ("quote_token", {"data": {"id": "solana_O0Il"}}, "quote token is no address"),
    ],
)
def test_a_pool_that_cannot_be_named_is_refused(place: str, value: Any, reason: str) -> None:
    pool = gecko_pool()
    pool["relationships"][place] = value
    with pytest.raises(FrameError, match=f"none of 1 rows.*{reason}"):
        gecko.parse_new_pools(body({"data": [pool]}))


def test_candles_come_oldest_first() -> None:
    rows = [[AT_S + 300 * at, 1, 2, 0.5, 1.5, at] for at in (3, 1, 0)]
    candles = gecko.parse_candles(gecko_candles(rows)).rows
    assert [(candle.time_s - AT_S, candle.volume_usd) for candle in candles] == [(0, 0.0), (300, 1.0), (900, 3.0)]


@pytest.mark.parametrize("turned", [False, True])
def test_of_an_open_candle_that_comes_twice_the_fuller_one_stays(turned: bool) -> None:
    early, late = [AT_S, 1, 2, 1, 2, 5.0], [AT_S, 1, 3, 1, 3, 8.0]
    rows = [early, late] if turned else [late, early]
    [candle] = gecko.parse_candles(gecko_candles(rows)).rows
    assert (candle.close, candle.volume_usd) == (3.0, 8.0)


@pytest.mark.parametrize("listed", [[], None])
def test_a_dead_pool_has_no_candles_and_that_is_no_error(listed: Any) -> None:
    assert gecko.parse_candles(gecko_candles(listed)) == ((), 0, "", 0)
    assert bird.parse_candles(birdeye({"items": listed})) == ((), 0, "", 0)
    assert parse_pairs(body({"schemaVersion": "1.0.0", "pairs": listed})) == ((), 0, "", 0)


@pytest.mark.parametrize("wrong", ["NaN", None, -1.0, 0, "1e400"])
def test_a_candle_without_a_price_is_counted_and_the_rest_stay(wrong: Any) -> None:
    rows = gecko.parse_candles(gecko_candles([[AT_S, 1, 2, 0.5, wrong, 1], [AT_S + 60, 1, 2, 0.5, 1, 1]]))
    assert ([candle.time_s for candle in rows.rows], rows.refused) == ([AT_S + 60], 1)


def test_holders() -> None:
    holders = gecko.parse_holders(gecko_info())
    assert (holders.mint, holders.count, holders.top_10_share, holders.as_of_s) == (MINT, 321, 0.255, 1787840942)


@pytest.mark.parametrize("told", [None, {}, {"count": None, "distribution_percentage": {"top_10": "NaN"}}])
def test_holders_that_are_not_told_are_missing(told: Any) -> None:
    holders = gecko.parse_holders(gecko_info(holders=told))
    assert (holders.count, holders.top_10_share, holders.as_of_s) == (None, None, None)


def test_no_holders_are_no_missing_ones() -> None:
    told = {"count": 0, "distribution_percentage": {"top_10": 0}}
    holders = gecko.parse_holders(gecko_info(holders=told))
    assert (holders.count, holders.top_10_share) == (0, 0.0)


@pytest.mark.parametrize(
    ("holders", "reason"),
    [
        ({"count": -1}, "number of holders is no count"),
        ({"distribution_percentage": {"top_10": "101"}}, "ten largest holders is 101 percent"),
        ({"last_updated": "yesterday"}, "time of the holders is no time"),
    ],
)
def test_impossible_holders_are_refused(holders: Any, reason: str) -> None:
    with pytest.raises(FrameError, match=reason):
        gecko.parse_holders(gecko_info(holders=holders))


def test_the_state_of_a_pair() -> None:
    [pair] = parse_pairs(body([screener_pair()])).rows
    assert (pair.mint, pair.name, pair.dex, pair.pool) == (MINT, "BORDR", "raydium", POOL)
    assert (pair.price_usd, pair.liquidity_usd, pair.trades_1h, pair.created_s) == (6.974e-05, 692664.25, 7, 1791422260)


def test_a_pair_on_a_bonding_curve_has_no_liquidity() -> None:
    pair = screener_pair()
    del pair["liquidity"]
    assert parse_pairs(body([pair])).rows[0].liquidity_usd is None


def test_pairs_of_other_chains_are_passed_over() -> None:
    rows = parse_pairs(body({"pairs": [screener_pair(chainId="bsc", pairAddress="0x5"), screener_pair()]}))
    assert (len(rows.rows), rows.refused, rows.passed_over) == (1, 0, 1)


def test_birdeyes_overview() -> None:
    overview = bird.parse_overview(birdeye_overview())
    assert (overview.holders.count, overview.price_usd, overview.volume_24h_usd) == (12, 0.5, 0.0)
    assert (overview.market_cap_usd, overview.last_trade_s) == (None, None)


def test_birdeyes_candles_of_both_versions() -> None:
    rows = bird.parse_candles(
        birdeye({"items": [birdeye_candle(AT_S + 60), birdeye_candle(c="NaN"), birdeye_candle()]})
    )
    assert ([candle.time_s for candle in rows.rows], rows.refused) == ([AT_S, AT_S + 60], 1)
    older = {"unixTime": AT_S, "o": 1, "h": 1, "l": 1, "c": 1, "v": 7}
    # That version counts tokens, which are no dollars.
    assert bird.parse_candles(birdeye({"items": [older]})).rows[0].volume_usd is None


def test_a_refusal_is_told_in_the_venues_own_words() -> None:
    with pytest.raises(FrameError, match="birdeye overview: the venue refuses: Unauthorized"):
        bird.parse_overview(body({"success": False, "message": "Unauthorized\x1b[31m"}))
    assert bird.parse_error(body({"success": False, "message": "Too many"})) == "Too many"
    assert gecko.parse_error(body({"status": {"error_code": 429, "error_message": "Rate Limit"}})) == "Rate Limit"
    assert gecko.parse_error(body({"errors": [{"status": "401", "title": "page (10)"}]})) == "page (10)"
    assert gecko.parse_error(b"<html>\x1b[2J") == "<html>[2J"


def test_html_is_told_apart_from_broken_json() -> None:
    for parser in PARSERS:
        with pytest.raises(FrameError, match="HTML instead of JSON"):
            parser(b"<!doctype html>")
        with pytest.raises(FrameError, match=r"^(geckoterminal|dexscreener|birdeye) .*: "):
            parser(b"[" * 100_000)


def test_names_are_made_harmless() -> None:
    pool = gecko_pool(name="\x1b]0;x\x07" + "\u202e" + "W" * 900)
    [state] = gecko.parse_new_pools(body({"data": [pool]})).rows
    assert state.name == "]0;x" + "W" * 35 + "…"


VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def altered(value: Any, draw: Callable[[st.SearchStrategy[Any]], Any]) -> Any:
    """`value` with something else in one place."""
    if isinstance(value, dict) and value and draw(st.integers(0, 4)):
        key = draw(st.sampled_from(sorted(value)))
        return {**value, key: altered(value[key], draw)}
    if isinstance(value, list) and value and draw(st.integers(0, 4)):
        return [altered(value[0], draw), *value[1:]]
    return draw(VALUES)


@given(st.data())
def test_only_our_own_errors_escape(data: st.DataObject) -> None:
    sound = json.loads(data.draw(st.sampled_from(sound_answers())))
    answer = json.dumps(altered(sound, data.draw)).encode("utf-8", "surrogatepass")
    for parser in PARSERS:
        with suppress(FrameError):
            parser(answer)
    assert gecko.parse_error(answer).isprintable()
    assert bird.parse_error(answer).isprintable()
