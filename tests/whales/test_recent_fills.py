"""The newest fills of a few traders: each once, the newest first, never more than there is room for."""

from hypothesis import given
from hypothesis import strategies as st

from app.core.events import Side
from app.core.traders import TraderFill
from app.whales.recent_fills import FILLS_KEPT, TRADERS_KEPT, RecentFills


def fill(at_ms: int, trade_id: int = 1, coin: str = "BTC") -> TraderFill:
    return TraderFill(
        trader="0x1", coin=coin, side=Side.BUY, price=1.0, size=1.0, at_ms=at_ms, trade_id=trade_id, start_size=0.0,
        closed_pnl_usd=0.0, fee_usd=0.0, crossed=True, direction="Buy",  # type: ignore[arg-type]
    )  # fmt: skip


@given(st.lists(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 3)), max_size=150), min_size=1, max_size=6))
def test_however_they_come_the_newest_are_kept_once_each(pages: list[list[tuple[int, int]]]) -> None:
    fills = RecentFills()
    for page in pages:
        fills.take("0x1", [fill(*one) for one in page])
    newest = sorted({one for page in pages for one in page}, reverse=True)[:FILLS_KEPT]
    kept = fills.of("0x1")
    assert kept is not None
    assert [(one.at_ms, one.trade_id) for one in kept] == newest


def test_no_fills_at_all_are_told_from_not_knowing() -> None:
    fills = RecentFills()
    assert fills.of("0x1") is None
    fills.take("0x1", [])
    assert fills.of("0x1") == ()
    fills.forget("0x1")
    assert fills.of("0x1") is None


def test_who_was_heard_of_longest_ago_is_forgotten_first() -> None:
    fills = RecentFills()
    for number in range(TRADERS_KEPT + 2):
        fills.take(f"0x{number}", [fill(1)])
        fills.take("0x0", [fill(number)])
    assert fills.of("0x1") is None
    assert fills.of("0x0") is not None
    assert fills.of(f"0x{TRADERS_KEPT + 1}") is not None
