"""Paper positions in tokens as rows of the paper screen, and what is said of them. Pure."""

from collections.abc import Callable, Iterator

from app.core.text import clean
from app.engine.protocol_paper import PaperTokenView, TokenTradingView
from app.ui import format as shown
from app.ui.panels.paper_ages import OLD_LOOK_S, by_now, is_old, price_age_cell
from app.ui.panels.row_keys import told_apart
from app.ui.panels.whales import number
from app.ui.state import DeckView
from app.ui.widgets.columns import Cell, Row

Results = Callable[[float, float], tuple[Cell, Cell]]
"""Cells of a result in paper dollars and in basis points."""
FILLS = "tokens fill at the next look at their pool, by a constant product"
"""How paper positions in tokens are filled; said wherever their results are."""


def token_rows(trading: TokenTradingView | None, results: Results, view: DeckView) -> Iterator[Row]:
    """Open positions, dimmed where their pool was not looked at for long, and those that wait for a look at it."""
    if trading is None:
        return
    for position in trading.positions:
        yield _position_row(position, results(position.result_usd, position.result_bps), view)
    for name, key in zip(trading.opening, told_apart(trading.opening), strict=True):
        yield _opening_row(str(clean(name, 40)), f"{clean(key, 48)} token opening", outdated=view.outdated)


def token_sums(trading: TokenTradingView | None) -> Iterator[str]:
    """Limits, how positions are filled, and what was not bought for which reason."""
    if trading is None:
        return
    count = len(trading.positions) + len(trading.opening)
    state = "on" if trading.is_on else "off: none is opened"
    money = f"{trading.committed_usd:,.0f} of {trading.exposure_usd:,.0f} paper $"
    yield f"{count} of {trading.most} tokens, {state}, {money}"
    yield f"{FILLS}, {trading.fee_pct:g} % fee a side in each result"
    yield from refusals(trading)


def refusals(trading: TokenTradingView) -> Iterator[str]:
    """Approved tokens that were not bought, by the check that was against it; nothing without one."""
    if trading.refused:
        each = ", ".join(f"{clean(rule, 24)} {count:,}" for rule, count in trading.refused.items())
        yield f"{sum(trading.refused.values()):,} approved tokens not bought: {each}"


def trading_line(trading: TokenTradingView | None, result: str) -> Iterator[str]:
    """One part of the model's panel: what approvals have come to; `result` is what closing all now would bring."""
    if trading is None:
        return
    count = len(trading.positions)
    yield f"paper: {count} position{'' if count == 1 else 's'} {result}, see the paper screen"
    yield from refusals(trading)


def _position_row(position: PaperTokenView, results: tuple[Cell, Cell], view: DeckView) -> Row:
    name, by = str(clean(position.name, 40)), str(clean(position.by, 12))
    age_s, held_s = by_now(position.age_s, view), by_now(position.held_s, view)
    pool = f"pool {shown.compact(position.liquidity_usd)} $"
    said = f"{clean(position.waits_for, 40)} · {pool}" if position.waits_for else pool
    cells = (
        Cell(name, "accent"),
        Cell(f"{shown.direction_arrow(1)} long", "up", "long"),
        Cell(shown.compact(position.tokens)),
        Cell(number(position.entry_price)),
        Cell(number(position.close_price)),
        *results,
        Cell(shown.DASH, "muted"),
        Cell(shown.duration(held_s)),
        Cell(by, "muted"),
        price_age_cell(age_s, OLD_LOOK_S),
        Cell(said, "warning" if position.waits_for else "text"),
    )
    values = (
        name, "long", position.tokens, position.entry_price, position.close_price, position.result_usd,
        position.result_bps, None, held_s, by, age_s, said,
    )  # fmt: skip
    dimmed = view.outdated or is_old(age_s, OLD_LOOK_S)
    return Row(f"{position.mint} token", cells, dimmed, values=values, name=f"{name} paper position in a token")


def _opening_row(name: str, key: str, *, outdated: bool) -> Row:
    unknown = Cell(shown.DASH, "muted")
    cells = (Cell(name, "accent"), Cell("buying", "accent"), *(unknown,) * 9, Cell("a look at its pool", "accent"))
    return Row(key, cells, outdated, name=f"{name} paper order")
