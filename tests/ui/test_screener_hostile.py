"""Hostile names and texts in every view of the Screener, and on its screens."""

import msgspec
import pytest
from deck_fakes import market, settle
from hostile_corpus import HOSTILE, ONE_OF_EACH
from screener_fakes import (
    BACKTEST,
    DONE_SWEEP,
    POSITIONS,
    STOPPED_SWEEP,
    bar_detail,
    candidate,
    coin_row,
    screened,
    screener,
)
from test_deck_hostile import connected, forbidden, most_marks, told

from app.engine.protocol import Snapshot
from app.engine.protocol_screen import CheckView, ResearchView
from app.ui.panels.research import proposed_sweep, research_view, sweep_news
from app.ui.panels.screener import candidates_note, candidates_view, coins_view, strategy_note, strategy_view
from app.ui.panels.screener_bar import bar_chart, conditions_view, numbers_view
from app.ui.state import DeckView

replace = msgspec.structs.replace


def hostile(text: str) -> Snapshot:
    """A snapshot with a hostile text wherever the screener tells of something."""
    checks = (CheckView(text, text, text, True), CheckView(text, text, text, None))
    position = replace(POSITIONS[2], coin=text, reason=text)
    bar = bar_detail(
        coin=text, reason=text, features=((text, 1.0), (text, None)), domains=((text, 0.5, text),), screen=checks,
        entry_checks=checks, position=position,
    )  # fmt: skip
    lines = (text, text)
    record = replace(
        BACKTEST, title=text, compared=((text, text, text),), lines=lines, assumptions=lines, settings=text
    )
    assert DONE_SWEEP.result is not None
    trial = replace(DONE_SWEEP.result.trials[0], values={text: text})
    result = replace(DONE_SWEEP.result, markets=(text,), doubts=(text,), trials=(trial,))
    view = screener(
        rules=(f"Screen: {text}", text), candidates=(candidate(0, coin=text, reason=text, why_not=text),),
        positions=(position,), coins=(coin_row(text, trouble=text),), waiting_for=text, bar=bar,
        research=ResearchView(backtest=record, source_words=text),
    )  # fmt: skip
    return screened(
        view, sweep=replace(DONE_SWEEP, arguments=text, message=text, result=result), markets=(market(text, 1.0),)
    )


@pytest.mark.parametrize("text", HOSTILE[::3])
def test_hostile_texts_are_harmless_in_every_view(text: str) -> None:
    shown = hostile(text)
    for view in (DeckView("connected", newest=shown, shown=shown), DeckView("ended", newest=shown, shown=shown)):
        tables = (
            candidates_view(view), strategy_view(view), coins_view(view), research_view(view, 58, "X"),
            conditions_view(view, text, 0, 58), conditions_view(view, text, 0, 118), numbers_view(view, text, 0, 58),
        )  # fmt: skip
        shown_cells = (cell for table in tables for row in table.rows for cell in row.cells)
        cells = (said for cell in shown_cells for said in (cell.text, cell.full) if said)
        heads = (said for table in tables for said in (table.title, table.empty))
        names = (row.name for table in tables for row in table.rows)
        chart = bar_chart(view, text, 0)
        news = sweep_news(None, replace(STOPPED_SWEEP, message=text)) or ("", "info")
        words = (candidates_note(view)[0], strategy_note(view)[0], proposed_sweep(view, text), news[0])
        whole = "|".join((*heads, *cells, *names, *words, chart.title, chart.empty))
        assert forbidden(whole) == []
        assert most_marks(whole) <= 2


@pytest.mark.asyncio
@pytest.mark.parametrize("size", [(40, 10), (120, 40)], ids=["40x10", "120x40"])
async def test_hostile_texts_through_the_screens(size: tuple[int, int]) -> None:
    async with connected(size, hostile(ONE_OF_EACH[0])) as (deck, pilot, _):
        for keys in (("n",), ("2",), ("3",), ("4",), ("1", "enter"), ("1",), ("3",)):
            for key in keys:
                await pilot.press(key)
                await settle(pilot)
            for text in ONE_OF_EACH[:6]:
                told(deck, hostile(text))
            told(deck, hostile(ONE_OF_EACH[0]))
            await deck.action_copy_row()
            assert forbidden(deck.clipboard) == []
        assert deck._deck_screen.NAME == "bar"
