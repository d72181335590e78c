"""The Scalper's read, its note, the status line and the AI's line of a market, without a screen."""

from collections.abc import Mapping
from typing import get_args

import msgspec
import pytest
from deck_fakes import AI_READS, SOURCE, WALL_MS, ai_read, market, model, scalped, snapshot
from hostile_corpus import HOSTILE
from hypothesis import given
from hypothesis import strategies as st
from test_deck_hostile import forbidden, most_marks

from app.core.events import Action, Freshness
from app.engine.protocol import AiRead, ModelState, ModelView, ScalperView, Snapshot
from app.scalper.interpreter_view import InterpreterState
from app.ui.panels.detail import row_text
from app.ui.panels.markets import market_columns, market_row
from app.ui.panels.metrics import OLD_MS, USABLE_MS, YOUNG_MS, age_role, metrics_of, read_age
from app.ui.panels.scalper import ai_line, model_note, scalper_coin, scalper_view, status_line
from app.ui.state import DeckView
from app.ui.widgets.columns import Cell, Row, place_columns

STATES: tuple[ModelState, ...] = (*get_args(InterpreterState), "tape")


def seen(shown: Snapshot, **changes: object) -> DeckView:
    view: dict[str, object] = {"source": shown.source, "newest": shown, "shown": shown, **changes}
    return DeckView("connected", **view)  # type: ignore[arg-type]


def read(scalper: ScalperView | None, **changes: object) -> tuple[Row, Row]:
    """The AI's row and the rules' of a coin with this state of the scalper."""
    rows = scalper_view(seen(scalped(scalper, **changes))).rows
    return rows[0], rows[1]


def cells(row: Row) -> Mapping[str, Cell]:
    columns = scalper_view(seen(scalped(AI_READS[0]))).columns
    return dict(zip((column.name for column in columns), row.cells, strict=True))


def titles(width: int) -> list[str]:
    columns = scalper_view(seen(scalped(AI_READS[0]))).columns
    return [columns[at.column].name for at in place_columns(columns, width)]


def test_each_coin_has_a_row_by_the_ai_and_one_by_the_rules() -> None:
    rows = scalper_view(seen(scalped(*AI_READS))).rows
    assert [row.title for row in rows] == ["BTC AI", "BTC rules", "ETH AI", "ETH rules", "SOL AI", "SOL rules"]
    assert [scalper_coin(row) for row in rows] == ["BTC", "BTC", "ETH", "ETH", "SOL", "SOL"]
    assert len({row.key for row in rows}) == 6


def test_a_read_says_all_it_holds() -> None:
    ai = cells(read(AI_READS[0])[0])
    assert [ai[name].text for name in ("momentum", "pressure", "continuation", "freshness")] == [
        "72▲", "68", "61%", "DEVELOPING",
    ]  # fmt: skip
    assert (ai["action"].text, ai["confidence"].text) == ("LONG", "6/10")
    assert ai["setup"].text == "▲ do not chase, buyers step up"
    assert ai["sentence"].text.startswith("Buyers lift the offers")
    assert ai["metrics by"].value == "AI 8s"


NO_OLLAMA = "Ollama does not run at http://127.0.0.1:11434: start it with `ollama serve`"


def test_no_cell_of_one_source_can_be_taken_for_the_others() -> None:
    ai, rules = map(cells, read(AI_READS[0]))
    assert "RULES" in rules["metrics by"].text
    assert "AI" in ai["metrics by"].text
    for bar in ("momentum bar", "pressure bar"):
        assert not set(ai[bar].text) & set(rules[bar].text)
    assert rules["action"].text == rules["confidence"].text == "–"


def test_the_bars_are_not_copied_as_numbers_of_their_own() -> None:
    view = seen(scalped(AI_READS[0]))
    table = scalper_view(view)
    text = row_text(view, table.columns, table.rows[0])
    assert "momentum=72▲" in text
    assert "bar" not in text
    assert "BTC AI" in text


@pytest.mark.parametrize("freshness", get_args(Freshness))
@pytest.mark.parametrize("action", get_args(Action))
def test_an_entry_into_a_late_move_is_shown_as_said_and_marked(action: Action, freshness: Freshness) -> None:
    conflict = action in ("LONG", "SHORT") and freshness in ("EXTENDED", "EXHAUSTED")
    told = ai_read(action=action, freshness=freshness, conflict=conflict)
    cell = cells(read(ScalperView(told))[0])["action"]
    assert cell.text == (f"{action} CONFLICT" if conflict else action)
    assert (cell.role == "alert") is conflict


def test_in_a_position_nothing_to_do_is_to_hold() -> None:
    assert cells(read(ScalperView(ai_read(action="NONE", in_position=True)))[0])["action"].text == "HOLD"


@pytest.mark.parametrize(
    ("age_ms", "words", "role"),
    [
        (0, "AI 0s", "text"),
        (9_999, "AI 9s", "text"),
        (YOUNG_MS, "AI 20s", "text"),
        (YOUNG_MS + 1, "AI 20s", "warning"),
        (OLD_MS, "AI 30s", "warning"),
        (OLD_MS + 1, "AI 30s", "alert"),
        (61_000, "AI 1m", "alert"),
    ],
)
def test_the_age_of_a_read_is_a_text_first_and_a_colour_second(age_ms: int, words: str, role: str) -> None:
    cell = cells(read(ScalperView(ai_read(age_ms=age_ms)))[0])["metrics by"]
    assert (cell.value, cell.role) == (words, role)


@given(st.integers(0, 10**12))
def test_an_age_never_says_less_than_whole_seconds_and_never_grows_younger(age_ms: int) -> None:
    assert "." not in read_age(age_ms)
    roles = ("text", "warning", "alert")
    assert roles.index(age_role(age_ms)) <= roles.index(age_role(age_ms + 1))


@pytest.mark.parametrize(
    ("source", "scalper", "chosen"),
    [
        ("rules", AI_READS[0], "rules"),
        ("ai", AI_READS[0], "ai"),
        ("ai", ScalperView(ai_read(age_ms=USABLE_MS + 1)), "rules"),
        ("ai", ScalperView(), "rules"),
    ],
)
def test_the_mark_is_on_the_row_whose_metrics_the_markets_show(source: str, scalper: ScalperView, chosen: str) -> None:
    full = scalped(scalper, metric_source=source)
    rows = dict(zip(("ai", "rules"), scalper_view(seen(full)).rows, strict=False))
    assert {by for by, row in rows.items() if "▸" in cells(row)["metrics by"].text} == {chosen}
    shown = metrics_of(full.markets[0], full.metric_source)
    assert shown is not None
    assert shown.by == chosen
    markets = dict(zip((c.title for c in market_columns("ai")), market_row(full.markets[0], "ai").cells, strict=True))
    if source == "ai":
        assert markets["by"].value.split()[0].lower() == chosen


def test_stale_data_is_no_read_of_the_present() -> None:
    full = scalped(AI_READS[0], metric_source="ai")
    stale = msgspec.structs.replace(full.markets[0], stale=True, rules=None)
    view = seen(msgspec.structs.replace(full, markets=(stale, *full.markets[1:])))
    ai, rules = scalper_view(view).rows
    assert ai.dimmed
    assert rules.dimmed
    assert cells(rules)["momentum"].text == "off"
    assert metrics_of(stale, "ai") is None


def test_on_stale_data_even_a_young_read_says_that_none_follows() -> None:
    waits = msgspec.structs.replace(AI_READS[0], waits_for="its data is stale")
    stale = market("BTC", 1.0, stale=True, rules=None, scalper=waits)
    view = seen(snapshot(markets=(stale,), model=model()))
    sees = cells(scalper_view(view).rows[0])["sentence"].text
    assert sees.startswith("no new read: its data is stale · last: Buyers lift")
    line, role = ai_line(view, "BTC")
    assert "(no new read: its data is stale)" in line
    assert role == "stale"


@pytest.mark.parametrize(
    ("scalper", "told", "words"),
    [
        (ScalperView(waits_for="its data is stale"), model(), "no read: its data is stale"),
        (ScalperView(trouble="the answer came after 4 s"), model(), "no read: the answer came after 4 s"),
        (ScalperView(), model(), "no read: not asked yet"),
        (ScalperView(), model(state="absent"), "no read: no model server"),
        (ScalperView(trouble=NO_OLLAMA), model(state="absent"), "no read: no model server"),
        (ScalperView(waits_for=NO_OLLAMA), model(state="absent", message=NO_OLLAMA), "no read: no model server"),
        (ScalperView(waits_for="its data is stale"), model(state="absent"), "no read: its data is stale"),
        (ScalperView(trouble=NO_OLLAMA), model(state="tape"), f"no read: {NO_OLLAMA}"),
        (ScalperView(), model(state="off"), "no read: model off"),
        (ScalperView(), model(state="loading"), "no read: model loading"),
        (ScalperView(), model(state="tape"), "no read: none on this tape up to here"),
        (ScalperView(ai_read(), trouble="timed out"), model(), "Buyers lift"),
        (
            ScalperView(ai_read(age_ms=25_000), trouble="timed out"),
            model(),
            "no new read: timed out · last: Buyers lift",
        ),
        (ScalperView(ai_read(age_ms=25_000)), model(state="absent"), "no new read: no model server · last: Buyers"),
        (ScalperView(ai_read(age_ms=25_000)), model(state="tape"), "Buyers lift"),
    ],
)
def test_a_read_that_is_missing_says_why_and_hides_neither_the_last_one_nor_the_rules(
    scalper: ScalperView, told: ModelView, words: str
) -> None:
    ai, rules = read(scalper, model=told)
    assert cells(ai)["sentence"].text.startswith(words)
    assert told.state != "absent" or NO_OLLAMA not in cells(ai)["sentence"].value
    assert cells(rules)["momentum"].text == "15▼"
    assert (cells(ai)["momentum"].text == "–") is (scalper.ai is None)


@pytest.mark.parametrize("state", STATES)
def test_the_note_names_every_state_of_the_model_and_always_the_costs(state: ModelState) -> None:
    text, role = model_note(seen(scalped(model=model(state=state, message="start it with [ollama serve]"))))
    assert "round trip 9 bp" in text
    assert "start it with [ollama serve]" in text
    assert role == "warning"
    calm = model_note(seen(scalped(model=model(state=state))))
    assert (calm[1] == "warning") is (state in ("refused", "absent", "no model", "failing"))
    states = {model_note(seen(scalped(model=model(state=other))))[0] for other in STATES}
    assert len(states) == len(STATES)


def test_the_note_of_a_model_that_answers() -> None:
    assert model_note(seen(scalped())) == (
        "mistral 1.2s · 281 reads in 1h, 2 failed · round trip 9 bp · reading ETH",
        "muted",
    )
    assert model_note(DeckView()) == ("", "muted")
    assert model_note(DeckView("ended", newest=scalped(), shown=scalped()))[1] == "stale"


def test_the_title_names_the_newest_read_and_the_source() -> None:
    assert scalper_view(seen(scalped(*AI_READS))).title == "Scalper's read (8s ago) · metrics RULES"
    assert scalper_view(seen(scalped(ScalperView(), metric_source="ai"))).title == "Scalper's read · metrics AI"


def test_an_empty_panel_says_what_it_waits_for() -> None:
    waiting = scalped(markets=(), waiting_for="Waiting for the venue's list of markets")
    assert scalper_view(seen(waiting)).empty == "Waiting for the venue's list of markets"
    assert scalper_view(seen(scalped())).empty == "Waiting for the markets that are to be read."
    assert scalper_view(seen(snapshot())).empty == "This engine has no scalper."
    assert scalper_view(DeckView()).empty.startswith("connecting")


def test_what_falls_away_first_is_what_can_be_done_without() -> None:
    assert titles(60) == [
        "coin", "metrics by", "momentum", "momentum bar", "pressure", "continuation", "action", "confidence",
    ]  # fmt: skip
    assert "sentence" in titles(78)
    assert "freshness" in titles(118)
    assert {"momentum bar", "pressure bar"} <= set(titles(118))
    assert titles(138) == titles(198) == [column.name for column in scalper_view(seen(scalped())).columns]
    for width in range(20, 200):
        assert set(titles(width)) >= {"coin", "metrics by"}


def test_ages_grow_while_the_display_is_held() -> None:
    shown = scalped(AI_READS[0])
    newest = msgspec.structs.replace(shown, sequence=2, wall_ms=WALL_MS + 15_000)
    held = DeckView("connected", source=SOURCE, newest=newest, shown=shown, frozen_s=15.0)
    table = scalper_view(held)
    assert table.title.startswith("Scalper's read (23s ago)")
    assert cells(table.rows[0])["metrics by"] == Cell(" AI 23s", "warning", "AI 23s")
    assert status_line(held).startswith("Scalper: 23s ago")


@pytest.mark.parametrize(
    ("told", "doing"),
    [
        (ai_read(action="NONE"), "watching"),
        (ai_read(action="NONE", in_position=True), "holding"),
        (ai_read(action="SHORT"), "SHORT"),
        (ai_read(action="LONG", conflict=True), "LONG CONFLICT"),
        (ai_read(action="EXIT"), "EXIT"),
    ],
)
def test_the_status_is_the_newest_read_of_all_coins(told: AiRead, doing: str) -> None:
    newest = msgspec.structs.replace(told, age_ms=3_000)
    view = seen(scalped(AI_READS[0], ScalperView(newest)))
    assert status_line(view) == f"Scalper: 3s ago | ETH momentum 72▲ pressure 68 | {doing}"
    assert status_line(seen(scalped(ScalperView()))) == ""
    assert status_line(DeckView()) == ""


def test_the_line_of_a_market_says_what_the_ai_said_or_why_it_says_nothing() -> None:
    view = seen(scalped(*AI_READS))
    line, role = ai_line(view, "BTC")
    assert line.startswith("AI 8s ago: momentum 72▲ pressure 68 continuation 61% DEVELOPING, LONG 6/10: Buyers lift")
    assert role == "text"
    assert "SHORT 4/10 CONFLICT" in ai_line(view, "ETH")[0]
    assert "(no new read: not enough data yet" in ai_line(view, "SOL")[0]
    assert ai_line(view, "SOL")[1] == "alert"
    assert ai_line(view, "HYPE")[0] == "AI: this coin is not among those that are read; scalper.coins names them"
    assert ai_line(seen(scalped(ScalperView())), "BTC")[0] == "AI: no read: not asked yet"
    assert ai_line(seen(snapshot()), "BTC")[0] == ai_line(view, "NOPE")[0] == ai_line(DeckView(), "BTC")[0] == ""


@pytest.mark.parametrize("text", HOSTILE[::5])
def test_no_text_of_a_model_reaches_the_screen_as_it_came(text: str) -> None:
    hostile = ScalperView(ai_read(age_ms=25_000, sentence=text, model=text, reason=text), waits_for=text, trouble=text)
    full = scalped(hostile, model=model(name=text, message=text, under_way=text))
    view = seen(full)
    shown = [cell.text + cell.full for row in scalper_view(view).rows for cell in row.cells]
    for said in (*shown, model_note(view)[0], status_line(view), scalper_view(view).title):
        assert forbidden(said) == []
        assert most_marks(said) <= 2


def test_a_coin_with_an_awkward_name_keeps_it_through_the_key() -> None:
    row = msgspec.structs.replace(market("A B ai", 1.0), scalper=ScalperView(ai_read()))
    rows = scalper_view(seen(snapshot(markets=(row,), model=model()))).rows
    assert {scalper_coin(each) for each in rows} == {"A B ai"}
