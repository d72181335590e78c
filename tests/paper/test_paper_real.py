"""A scripted series of orders over nine minutes of real quotes and books of BTC, read in place."""

import heapq
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import msgspec
import pytest
from paper_samples import QUIET, booked_usd, of_kind

from app.config.settings import CostsSettings, MarketsSettings, PaperSettings
from app.core.events import Listing
from app.core.record import Kind, Record, StreamOpened
from app.feeds.hyperliquid import parse
from app.feeds.tape.importers import open_recording
from app.markets.market import Market
from app.paper.events import Direction, Fill, PaperEvent, PositionClosed
from app.paper.ledger import PaperLedger
from app.paper.state import decode_state, encode_state
from app.paper.view import CoinView, view_of

TICKS = Path(__file__).parents[2] / "../shared/data/ticks"
FILES = ("hyperliquid_prices_BTC_2025-09-03.csv.gz", "hyperliquid_orderbooks_BTC_2025-09-03.csv.gz")
EVERY_MS = 15_000
STALE_AFTER_MS = 15_000

pytestmark = [pytest.mark.real, pytest.mark.skipif(not TICKS.exists(), reason="needs ../shared")]


def frames(name: str) -> Iterator[tuple[int, str, bytes]]:
    """Time, channel and bytes of each frame of a file."""
    channels: dict[int, str] = {}
    for record in open_recording(TICKS / name).records():
        _note_stream(record, channels)
        if record.kind == Kind.FRAME:
            yield record.wall_ns // 1_000_000, channels[record.stream], record.payload


def _note_stream(record: Record, channels: dict[int, str]) -> None:
    if record.kind == Kind.STREAM:
        opened = msgspec.msgpack.decode(record.payload, type=StreamOpened)
        channels[opened.stream] = opened.channel


def views() -> Iterator[CoinView]:
    """What the ledger is shown after each frame, in the order they came."""
    market = Market("BTC", MarketsSettings(), parse.parse_book, parse.parse_quote, parse.parse_context)
    market.on_listing(Listing("BTC", 5, 40))
    for now_ms, channel, frame in heapq.merge(*map(frames, FILES)):
        take = market.on_quote_frame if channel == "bbo" else market.on_book_frame
        take(frame, now_ms)
        yield view_of(market, now_ms, stale_after_ms=STALE_AFTER_MS, cut_off=False)


def traded(settings: PaperSettings) -> tuple[PaperLedger, list[PaperEvent], list[CoinView]]:
    """Every fifteen seconds something is decided: long, flip, close, short, flip, close."""
    seen = list(views())
    ledger, events, due_ms = PaperLedger(settings, CostsSettings(), seen[0].now_ms), [], seen[0].now_ms
    script = cycle(("long", "flip", "close", "short", "flip", "close"))
    for view in seen:
        events += ledger.look(view)
        if view.now_ms >= due_ms and view.mid is not None:
            due_ms = view.now_ms + EVERY_MS
            events += decide(ledger, view, next(script))
    return ledger, events, seen


def decide(ledger: PaperLedger, view: CoinView, what: str) -> list[PaperEvent]:
    if what == "flip":
        return list(ledger.flip(view, "hand").events)
    if what == "close":
        return list(ledger.close(view, "hand").events)
    direction: Direction = 1 if what == "long" else -1
    return list(ledger.open(view, direction, "hand").events)


@pytest.mark.parametrize(
    ("settings", "least_fills"),
    [
        (QUIET, 20),
        (PaperSettings(), 15),
        (msgspec.structs.replace(QUIET, order_usd=1e6, starting_balance=1e6), 20),
        (PaperSettings(trailing_bps=2, take_profit_bps=5, stop_bps=5, latency_ms=1_000), 15),
    ],
    ids=["by hand", "with exits", "through the book", "tight exits"],
)
def test_fills_lie_inside_the_days_range_and_the_books_balance(settings: PaperSettings, least_fills: int) -> None:
    ledger, events, seen = traded(settings)
    bids = [touch.bid.price for view in seen if (touch := view.touch) and touch.bid]
    asks = [touch.ask.price for view in seen if (touch := view.touch) and touch.ask]
    fills = of_kind(events, Fill)
    assert len(fills) >= least_fills
    # A large order goes through levels that lie outside the best prices of the day.
    slack = 1 + (settings.beyond_book_bps + 5) / 1e4
    for fill in fills:
        assert min(bids) <= fill.touch_price <= max(asks)
        assert min(bids) / slack <= fill.average_price <= max(asks) * slack
        assert fill.order.direction * (fill.average_price - fill.touch_price) >= 0
        assert fill.priced_ms >= fill.order.decided_ms + settings.latency_ms
        assert fill.slippage_bps is not None
        assert abs(fill.slippage_bps) < 30
    if settings.order_usd == 1_000:
        assert all(min(bids) <= fill.average_price <= max(asks) for fill in fills if not fill.beyond_size)
    else:
        assert max(fill.levels for fill in fills) > 5
    closed = of_kind(events, PositionClosed)
    assert closed
    assert ledger.account.trades == len(closed)
    assert ledger.account.cash_usd == pytest.approx(settings.starting_balance + booked_usd(events))
    assert decode_state(encode_state(ledger.state())) == ledger.state()


def test_crossing_the_spread_and_fees_cost_what_they_cost() -> None:
    ledger, events, _ = traded(QUIET)
    mids = [fill.slippage_bps for fill in of_kind(events, Fill)]
    assert sum(mids) / len(mids) > 0
    assert ledger.account.fees_usd == pytest.approx(len(mids) * 0.45, rel=0.05)
