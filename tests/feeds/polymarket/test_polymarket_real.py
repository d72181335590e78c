"""Every real payload of Polymarket that there is parses to its values, or is refused with a reason."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from polymarket_samples import page

from app.core.errors import FrameError
from app.core.prediction_market import PredictionMarket
from app.feeds.polymarket import gamma, parse
from app.feeds.polymarket.batches import trade_pages
from app.feeds.polymarket.byte_kernel import FOREIGN
from app.feeds.polymarket.categories import category
from app.feeds.polymarket.columns import joined, trade_columns
from app.feeds.polymarket.pages import Page
from app.feeds.polymarket.trades_scanner import scanner

SHARED = Path(__file__).parents[3].parent / "shared" / "wire" / "polymarket"
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not SHARED.is_dir(), reason="needs the shared folder with real payloads"),
]


def markets_of_events(body: bytes) -> Page[PredictionMarket]:
    """The markets in the events of an answer (one event, a list or a page of them), in the form of `/markets`."""
    answer = json.loads(body)
    events = answer if isinstance(answer, list) else answer.get("events", [answer])
    names = [{name: event.get(name) for name in ("slug", "tags")} for event in events]
    rows = [row | {"events": [of]} for event, of in zip(events, names, strict=True) for row in event["markets"]]
    return gamma.parse_markets(json.dumps(rows).encode())


PAGES: dict[str, tuple[Callable[[bytes], Any], int, int]] = {
    "v1_activity_all_types_edulabrador.json": (parse.parse_activity, 50, 0),
    "v1_activity_pscanner.json": (parse.parse_activity, 10, 0),
    "v1_activity_wallet_0x8151_2026-02.json": (parse.parse_activity, 200, 0),
    "v1_closed_positions_pscanner.json": (parse.parse_positions, 5, 0),
    "v1_leaderboard_edulabrador.json": (parse.parse_leaderboard, 50, 0),
    "v1_positions_pscanner.json": (parse.parse_positions, 5, 0),
    "v1_trades_edulabrador.json": (parse.parse_activity, 5, 0),
    "v2_leaderboard_page_envelope.json": (parse.parse_leaderboard, 2, 0),
    "v2_trades_page_2026-09.json": (parse.parse_activity, 2, 0),
    "gamma_event_pscanner.json": (markets_of_events, 4, 0),
    "gamma_market_pscanner.json": (gamma.parse_markets, 1, 0),
    "gamma_markets_with_tags_first400.json": (gamma.parse_markets, 399, 1),  # one has no condition
    "nautilus_gamma_event.json": (markets_of_events, 2, 0),
    "nautilus_gamma_market_closed_binary_accepting_true.json": (gamma.parse_markets, 1, 0),
    "nautilus_gamma_market_sports_market_money_line.json": (gamma.parse_markets, 1, 0),
    "nautilus_py_http_event.json": (markets_of_events, 3, 0),
    "nautilus_py_http_markets_list.json": (gamma.parse_markets, 3, 0),
    "nautilus_search_response.json": (markets_of_events, 1, 0),
}
BUNDLES = {"v2_samples_pysdk.json", "gamma_markets_btc5m_2026-07-24_first40.jsonl"}
PARSERS = (
    parse.parse_activity,
    parse.parse_positions,
    parse.parse_leaderboard,
    parse.parse_holders,
    parse.parse_stats,
    parse.parse_pnl,
    gamma.parse_markets,
    trade_columns,
)


def body(name: str) -> bytes:
    return (SHARED / name).read_bytes()


def of_the_bundle(name: str) -> bytes:
    """A payload of the bundle of the venue's own library, in the envelope it came in."""
    return page(json.loads(body("v2_samples_pysdk.json"))[f"GET /v2/{name}"])


@pytest.mark.parametrize("name", PAGES)
def test_a_page_parses(name: str) -> None:
    parser, rows, refused = PAGES[name]
    answer = parser(body(name))
    assert (len(answer.rows), answer.refused, answer.passed_over) == (rows, refused, 0)
    assert len(answer.keys) == len(set(answer.keys)) or "v1_activity" in name


def test_what_is_no_answer_of_these_routes_is_refused_by_each() -> None:
    others = [path for path in SHARED.iterdir() if path.name not in PAGES and path.name not in BUNDLES]
    assert len(others) >= 15
    for path in others:
        for parser in PARSERS:
            with pytest.raises(FrameError, match=r"^polymarket.*\w"):
                parser(path.read_bytes())


def test_a_page_of_trades_of_the_second_version() -> None:
    trades = parse.parse_activity(body("v2_trades_page_2026-09.json"))
    assert [(trade.wallet[:6], trade.size, trade.price, trade.at_s) for trade in trades.rows] == [
        ("0xc69b", 5.0, 0.002, 1789381477),
        ("0x379a", 22.84, 0.52, 1789381477),
    ]
    assert [(trade.outcome_index, trade.event_slug, trade.usdc) for trade in trades.rows] == [
        (None, "", 5.0 * 0.002),
        (None, "", 22.84 * 0.52),
    ]
    assert trades.next_cursor.startswith("eyJkYXRhIjp7InR5cGUiOiJ0cmFkZXMi")


def test_all_kinds_of_activity() -> None:
    rows = parse.parse_activity(body("v1_activity_all_types_edulabrador.json")).rows
    kinds = Counter(row.kind for row in rows)
    assert set(kinds) == {"BUY", "REBATE", "REDEEM"} | ({"SELL"} & set(kinds))
    redeemed = next(row for row in rows if row.kind == "REDEEM")
    assert (redeemed.token_id, redeemed.outcome_index, redeemed.size == redeemed.usdc) == ("", None, True)
    assert all(row.size == 0 and row.usdc > 0 for row in rows if row.kind == "REBATE")
    assert [row.at_s for row in rows] == sorted(row.at_s for row in rows)


def test_the_samples_of_the_venues_own_library() -> None:
    stats = parse.parse_stats(of_the_bundle("user-stats?user="))
    assert stats is not None
    assert (stats.markets_traded, stats.trade_count, stats.joined_s) == (8610, 248765, 1707440911)
    assert (stats.volume_usdc, stats.maker_rebate_usdc) == (111439641.610182, 2423.7697)
    [position] = parse.parse_positions(of_the_bundle("positions?user=")).rows
    # 10.4 million shares were bought and 400 000 are left, which cost 200 000: of the rest nothing is said.
    assert (position.status, position.current_size, position.cost_usdc) == ("OPEN", 400_000, None)
    [activity] = parse.parse_activity(of_the_bundle("activity?user=")).rows
    assert (activity.usdc, activity.price, activity.outcome_index) == (13.285715, 0.9300000035, 0)
    [holder] = parse.parse_holders(of_the_bundle("holders?condition=")).rows
    assert (holder.size, holder.outcome_index) == (1878.77239, 0)
    leader = parse.parse_leaderboard(of_the_bundle("leaderboard")).rows[0]
    assert (leader.rank, leader.name, leader.volume_shares) == (1, "Noprajsk", 1491184.383039)
    for name in ("leaderboard?user=", "value?user=", "user-volume?user="):
        for parser in PARSERS:
            with pytest.raises(FrameError):
                parser(of_the_bundle(name))


def test_positions_of_the_first_version() -> None:
    positions = parse.parse_positions(body("v1_positions_pscanner.json")).rows
    # Lost ones lie among the open ones until somebody redeems them.
    assert [position.status for position in positions] == [
        "OPEN", "OPEN", "REDEEMABLE", "REDEEMABLE_LOST", "REDEEMABLE_LOST",
    ]  # fmt: skip
    assert (positions[0].cost_usdc, positions[0].unrealized_pnl_usdc) == (234044.7062, 14507.3401)
    closed = parse.parse_positions(body("v1_closed_positions_pscanner.json")).rows
    assert {position.status for position in closed} == {"CLOSED"}
    assert (closed[0].realized_pnl_usdc, closed[0].last_event_s, closed[0].cost_usdc) == (1095000, 1768957706, None)


def test_markets_with_their_payouts_and_categories() -> None:
    lines = body("gamma_markets_btc5m_2026-07-24_first40.jsonl").splitlines()
    raws = [json.loads(line)["raw"] for line in lines if line.strip()]
    markets = gamma.parse_markets(json.dumps(raws).encode())
    assert (len(markets.rows), markets.refused) == (40, 0)
    assert all(market.payouts in ((1.0, 0.0), (0.0, 1.0)) and len(market.token_ids) == 2 for market in markets.rows)
    tagged = gamma.parse_markets(body("gamma_markets_with_tags_first400.json")).rows
    assert Counter(category(market.tags) for market in tagged) == {"politics": 399}
    event = markets_of_events(body("gamma_event_pscanner.json")).rows
    assert [category(market.tags) for market in event] == ["crypto"] * 4
    assert [market.payouts for market in event] == [(0.0, 1.0), None, (0.0, 1.0), None]
    [match] = gamma.parse_markets(body("nautilus_gamma_market_sports_market_money_line.json")).rows
    assert (match.payouts, match.closed_s, match.event_slug) == ((1.0, 0.0), 1775417853, "cs2-faze-ill-2026-04-05")


@pytest.mark.parametrize(
    "name", ["v2_trades_page_2026-09.json", "v1_trades_edulabrador.json", "v1_activity_wallet_0x8151_2026-02.json"]
)
def test_a_scanned_page_is_what_is_decoded(name: str) -> None:
    left: list[bool] = []

    def scan(*given: object) -> tuple[int, int, int, int]:
        with np.errstate(over="ignore"):
            found: tuple[int, int, int, int] = scanner(lambda function: function)(*given)
        left.append(found[0] == FOREIGN)
        return found

    pages = trade_pages([body(name)], scan)
    for ours, theirs in zip(pages, joined([trade_columns(body(name))]), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    # What the venue writes today is scanned; its first version, and what was printed with spaces, is decoded.
    assert left == ([False] if name == "v2_trades_page_2026-09.json" else [])
