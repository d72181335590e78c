"""Hostile names and texts of traders and alerts in every view of them, and on the screens."""

import math

import msgspec
import pytest
from deck_fakes import market, settle
from hostile_corpus import HOSTILE, ONE_OF_EACH
from test_deck_hostile import connected, forbidden, most_marks, told
from wallet_fakes import ended, seen
from whale_fakes import (
    REGIME,
    TRACKER,
    UNKNOWN_REGIME,
    alert,
    alert_detail,
    fill,
    followed,
    move,
    position,
    signal,
    trader_detail,
    whales,
)

from app.engine.protocol import Snapshot
from app.engine.protocol_whales import DigestView, SilenceRow, WeightPart
from app.ui.panels.alert import alert_moves_view, alert_view, past_view
from app.ui.panels.market import facts_line
from app.ui.panels.markets import markets_view
from app.ui.panels.silences import choices_of, silences_view, subjects_of
from app.ui.panels.trader import (
    trader_equity,
    trader_equity_table,
    trader_moves_view,
    trader_positions_view,
    trader_view,
)
from app.ui.panels.trader_fills import trader_fills_view
from app.ui.panels.whale_note import regime_words, whales_note
from app.ui.panels.whales import whales_view


def hostile(text: str) -> Snapshot:
    """A snapshot with a hostile text wherever traders are told of."""
    row = alert(
        1, alert_id=text, coin=text, text=text, who=text, traders=(text,), aliases=(text,), tier=text, flags=(text,)
    )
    moved = msgspec.structs.replace(move(1), trader=text, who=text, coin=text)
    told_of = whales(
        alerts=(row,),
        signals=(signal(text),),
        tracker=msgspec.structs.replace(TRACKER, message=text),
        silences=(SilenceRow("trader", text, None, 1), SilenceRow("kind", text, 1, 1)),
        digest=DigestView(from_ms=0, to_ms=1_700_000_000_000, held=1, alerts=(row,)),
        regime=msgspec.structs.replace(REGIME, coin=text, name=text),
        unsaved=text,
        waiting_for=text,
    )
    opened = alert_detail(alert=row, moves=(moved,), traders=(text,))
    parts = (WeightPart(text, 0.5, 0.5, text), WeightPart(text, None, 0.5, text))
    detail = trader_detail(
        trader=text, name=text, flags=(text,), tier=text, parts=parts, positions=(position(text),), moves=(moved,),
        waiting_for=text, alias=text, note=text, fills_waiting=text,
        fills=(fill(coin=text, did=text, liquidated=True), fill(coin=text, did=text, fee_usd=math.nan)),
    )  # fmt: skip
    return followed(told_of, alert=opened, trader=detail, markets=(market(text, 1.0),))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_harmless_in_every_view(text: str) -> None:
    shown = hostile(text)
    assert shown.whales is not None
    choices = choices_of(subjects_of(shown.whales.alerts[0]), shown.whales.silences)
    for view in (seen(shown), ended(shown)):
        tables = (
            whales_view(view), alert_view(view, text, 58), alert_moves_view(view, text), past_view(view, text),
            trader_view(view, text, 58), trader_positions_view(view, text), trader_moves_view(view, text),
            trader_fills_view(view, text),
            trader_equity_table(view, text), markets_view(view), silences_view(choices),
        )  # fmt: skip
        shown_cells = (cell for table in tables for row in table.rows for cell in row.cells)
        cells = (text for cell in shown_cells for text in (cell.text, cell.full) if text)
        heads = (text for table in tables for text in (table.title, table.empty))
        names = (row.name for table in tables for row in table.rows)
        curve = trader_equity(view, text)
        unknown = msgspec.structs.replace(UNKNOWN_REGIME, coin=text, why=text)
        words = (whales_note(view)[0], regime_words(unknown, 0), facts_line(view, text))
        whole = "|".join((*heads, *cells, *names, *words, curve.title, curve.words, curve.empty))
        assert forbidden(whole) == []
        assert most_marks(whole) <= 2


@pytest.mark.asyncio
@pytest.mark.parametrize("size", [(40, 10), (60, 20), (120, 40)], ids=["40x10", "60x20", "120x40"])
async def test_hostile_traders_through_every_screen(size: tuple[int, int]) -> None:
    async with connected(size, hostile(ONE_OF_EACH[0])) as (deck, pilot, _):
        for keys in (
            ("4",),
            ("H",),
            ("escape", "enter"),
            ("2",),
            ("3",),
            ("2", "enter"),
            ("2",),
            ("3",),
            ("4",),
            ("5",),
        ):
            for key in keys:
                await pilot.press(key)
                await settle(pilot)
            for text in ONE_OF_EACH:
                told(deck, hostile(text))
            told(deck, hostile(ONE_OF_EACH[0]))
            await deck.action_copy_row()
            assert forbidden(deck.clipboard) == []
        assert deck._deck_screen.NAME == "trader"
