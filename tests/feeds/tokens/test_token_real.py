"""Every real payload of the token venues that there is parses to its values, or is refused with a reason."""

import csv
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from test_token_parse import PARSERS
from token_samples import body, gecko_candles

from app.core.errors import FrameError
from app.feeds.birdeye import parse as bird
from app.feeds.dexscreener.parse import parse_pairs
from app.feeds.geckoterminal import parse as gecko

SHARED = Path(__file__).parents[3].parent / "shared" / "wire" / "solana-tokens"
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not SHARED.is_dir(), reason="needs the shared folder with real payloads"),
]
READ_HERE = {
    "birdeye_ohlcv_docs_example.json",
    "birdeye_token_overview_SOL_docs_example.json",
    "birdeye_v3_ohlcv_docs_example.json",
    "csv_geckoterminal_new_pools_2025-10-05_first60pct.csv",
    "csv_geckoterminal_ohlcv_2025-10-05.csv",
    "dexscreener_tokens_v1_2026-10.json",
    "geckoterminal_observed_shapes_2026-08.json",
    "geckoterminal_ohlcv_hour_by_mint_first60pct.json",
}
OF_NO_VENUE = {"pumpfun_coins_latest.json"}
NOT_ASKED = {"birdeye_v2_new_listing_docs_example.json", "birdeye_v3_token_holder_docs_example.json"}


def payload(name: str) -> bytes:
    return (SHARED / name).read_bytes()


def observed() -> dict[str, Any]:
    shapes: dict[str, Any] = json.loads(payload("geckoterminal_observed_shapes_2026-08.json"))
    return shapes


def test_every_payload_is_looked_at() -> None:
    assert {path.name for path in SHARED.iterdir()} == READ_HERE | NOT_ASKED | OF_NO_VENUE


def test_what_is_no_answer_of_these_routes_is_refused_by_each() -> None:
    for parser in PARSERS:
        with pytest.raises(FrameError, match=r"^(geckoterminal|dexscreener|birdeye) .*: \w"):
            parser(payload("pumpfun_coins_latest.json"))


def test_the_pool_as_it_was_seen_names_no_base_token_until_it_is_included() -> None:
    pool = observed()["new_pools_item"]
    with pytest.raises(FrameError, match="the pool names no base token"):
        gecko.parse_new_pools(body({"data": [pool]}))
    pool["relationships"]["base_token"] = {"data": {"id": "solana_598ebE67JZU6tozRXvuaZeR7J6sp4zXmcDFDGhCKZX5S"}}
    [state] = gecko.parse_new_pools(body({"data": [pool]})).rows
    assert (state.name, state.dex, state.created_s) == ("DRIP / SOL", "pump-fun", 1787840942)
    assert (state.liquidity_usd, state.diluted_value_usd, state.market_cap_usd) == (5450.493, 8180.651118, None)
    # Trimmed by its recorder: an hour's trades and a day's volume are not in it.
    assert (state.trades_1h, state.volume_24h_usd) == (None, None)


def test_candles_and_errors_as_they_were_seen() -> None:
    shapes = observed()
    candles = gecko.parse_candles(gecko_candles(shapes["ohlcv_list_newest_first"])).rows
    assert [(candle.time_s, candle.close) for candle in candles] == [(1787786640, 5.7939e-06), (1787841120, 8.1573e-05)]
    errors = [gecko.parse_error(body(shapes[name])) for name in sorted(shapes) if name.startswith("error_")]
    assert [error[:26] for error in errors] == [
        "You've exceeded the Rate L",
        "Invalid aggregate. Allowed",
        "Your request exceeds the a",
    ]


def test_pairs() -> None:
    rows = parse_pairs(payload("dexscreener_tokens_v1_2026-10.json"))
    assert (rows.refused, rows.passed_over) == (0, 0)
    curve, pool = rows.rows
    assert (curve.dex, curve.liquidity_usd, curve.market_cap_usd, curve.trades_1h) == ("meteoradbc", None, 69740.21, 0)
    assert (pool.dex, pool.liquidity_usd, pool.trades_1h, pool.created_s) == ("raydium", 692664.25, 114, 1790005501)


def test_birdeyes_examples() -> None:
    overview = bird.parse_overview(payload("birdeye_token_overview_SOL_docs_example.json"))
    assert (overview.name, overview.holders.count, overview.price_usd) == ("SOL", 3472782, 185.82977629057913)
    assert (overview.volume_24h_usd, overview.last_trade_s) == (9537454514.524822, 1754885472)
    older = bird.parse_candles(payload("birdeye_ohlcv_docs_example.json")).rows
    newer = bird.parse_candles(payload("birdeye_v3_ohlcv_docs_example.json")).rows
    assert [(candle.time_s, candle.volume_usd) for candle in older] == [(1726670700, None), (1726671600, None)]
    assert [(candle.time_s, candle.volume_usd) for candle in newer] == [(1726670700, 7506048), (1726671600, 7506048)]


def as_the_venue_sends(row: dict[str, str]) -> dict[str, Any]:
    """A collector's row of a new pool, put back into the form it came in."""
    created = datetime.strptime(row["pool_created_at"], "%m/%d/%Y %H:%M")  # noqa: DTZ007 - only its form matters
    attributes = {name: row[name] or None for name in ("name", "base_token_price_usd", "quote_token_price_usd")}
    attributes |= {name: row[name] or None for name in ("reserve_in_usd", "fdv_usd", "market_cap_usd", "address")}
    trades = {"buys": int(row["transactions_h1_buys"]), "sells": int(row["transactions_h1_sells"])}
    targets = {name: {"data": {"id": f"solana_{row[name + '_id']}"}} for name in ("base_token", "quote_token")}
    return {
        "id": row["pool_id"],
        "attributes": {
            **attributes,
            "pool_created_at": created.isoformat() + "Z",
            "transactions": {"h1": trades},
            "volume_usd": {"h24": row["volume_usd_h24"] or None},
        },
        "relationships": {**targets, "dex": {"data": {"id": row["dex_id"]}}},
    }


def test_thousands_of_new_pools() -> None:
    with (SHARED / "csv_geckoterminal_new_pools_2025-10-05_first60pct.csv").open(encoding="utf-8", newline="") as file:
        told = [as_the_venue_sends(row) for row in csv.DictReader(file)]
    rows = gecko.parse_new_pools(body({"data": told}))
    assert (len(rows.rows), rows.refused) == (2_832, 0)
    # A market cap is never told, a diluted value not always; the rest is, and none of it is zero.
    assert {pool.market_cap_usd for pool in rows.rows} == {None}
    assert sum(pool.diluted_value_usd is None for pool in rows.rows) == 76
    assert all(pool.liquidity_usd and pool.price_usd and pool.created_s for pool in rows.rows)


def test_hourly_candles_of_many_mints() -> None:
    mints = json.loads(payload("geckoterminal_ohlcv_hour_by_mint_first60pct.json"))
    candles = 0
    for mint in mints.values():
        if not mint.get("ohlcv"):
            continue
        rows = gecko.parse_candles(gecko_candles(mint["ohlcv"][::-1]))
        assert rows.refused == 0
        assert [candle.time_s for candle in rows.rows] == sorted({row[0] for row in mint["ohlcv"]})
        candles += len(rows.rows)
    assert len(mints) == 173
    assert candles > 10_000


def test_candles_of_a_collector() -> None:
    with (SHARED / "csv_geckoterminal_ohlcv_2025-10-05.csv").open(encoding="utf-8", newline="") as file:
        told = list(csv.DictReader(file))
    names = ("timestamp", "open_price", "high_price", "low_price", "close_price", "volume_usd")
    series = {(row["pool_id"], row["timeframe"]) for row in told}
    total = 0
    for pool, timeframe in sorted(series):
        own = [row for row in told if (row["pool_id"], row["timeframe"]) == (pool, timeframe)]
        rows = gecko.parse_candles(gecko_candles([[row[name] for name in names] for row in own]))
        assert rows.refused == 0
        total += len(rows.rows)
    assert total == len({(row["pool_id"], row["timeframe"], row["timestamp"]) for row in told})
