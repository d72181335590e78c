"""One token opened up, without a screen: what its parts say, and that what is missing never looks like a number."""

import msgspec
import pytest
from deck_fakes import TAPE, snapshot
from hypothesis import given, settings
from hypothesis import strategies as st
from token_fakes import APART, AT_MS, MINT, judging, token, token_candles, token_detail
from wallet_fakes import ended, seen, texts

from app.core.text import clean
from app.engine.protocol_token_detail import TokenDetail, TokenEffect, TokenFeature, TokenWorking
from app.ui.panels.ml_health import NO_TOKENS
from app.ui.panels.token_detail import chart_view, effects_view, features_view, verdict_view
from app.ui.state import DeckView


def opened(detail: TokenDetail | None = None) -> DeckView:
    return seen(judging(token=detail or token_detail()))


def lines_of(view: DeckView) -> dict[str, str]:
    told: dict[str, str] = {}
    for row in verdict_view(view, MINT, 400).rows:
        name, text = map(str, row.values)
        told[name] = f"{told[name]} | {text}" if name in told else text
    return told


def test_the_lines_say_the_verdict_and_every_step_to_it() -> None:
    told = lines_of(opened())
    assert told["verdict"] == "-REJECTED · 42s ago, at 22:12:38 UTC"
    assert told["model"] == "P(rise) 0.712 · P(rug) 0.44 · expected gain +8.9 % · bundle simulated-1"
    assert told["combined"] == "0.6 × 0.712 + 0.4 × 0.5 = 0.6272 | 0.6272 < 0.65 ✗ FAILS"
    assert told["p(rise)"] == "0.712 ≥ 0.7 ✓ passes"
    assert told["P(rise) by"] == "older candles +22.0, prices +5.0, volumes +1.1 (points)"
    assert told["P(rug) by"] == "liquidity_usd +12.0, older candles +7.0, prices -4.0 (points)"
    assert told["window"] == "18 of 100 slots traded, 82 % empty"
    assert told["mint"] == MINT


def test_before_the_engine_has_told_all_the_row_says_what_it_knows() -> None:
    view = seen(judging())
    assert lines_of(view)["combined"] == "0.6 × 0.712 + 0.4 × 0.500 = 0.627"
    for table in (effects_view(view, MINT), features_view(view, MINT)):
        assert (table.rows, table.empty) == ((), "Waiting for what the engine knows of it.")
    assert chart_view(view, MINT).empty == "Waiting for what the engine knows of it."


def test_what_does_not_count_is_shown_and_says_so() -> None:
    row = token(mode="DO NOT TRUST", mode_reason="simulated", p_rise=None, p_rug=None)
    assert lines_of(opened(token_detail(row=row)))["model"].endswith("which does not count · bundle simulated-1")
    assert lines_of(opened(token_detail(said=None)))["model"] == "it has said nothing"


def test_the_sum_stands_first_and_can_be_added_up() -> None:
    table = effects_view(opened(), MINT)
    first = [row.cells[0].text for row in table.rows[:6]]
    assert first == ["nothing told", "+ chart", "+ context", "+ indicators", "+ together", "= answer"]
    rises = [float(str(row.values[1])) for row in table.rows[:6]]
    assert sum(rises[:5]) == pytest.approx(rises[5])
    assert all(row.pinned for row in table.rows[:6])


def test_parts_come_by_how_much_they_moved_and_missing_ones_last() -> None:
    table = effects_view(opened(), MINT)
    parts = [row.cells[0].text for row in table.rows[6:]]
    assert parts[:2] == ["older candles", "liquidity_usd"]
    assert parts[-6:] == ["market_cap_usd", "macd_line", "macd_signal", "macd_histogram", "ema_26", "bollinger_width"]
    assert {cell.text for cell in table.rows[-1].cells[1:4]} == {"missing"}
    assert table.rows[-1].values[1] is None


def test_features_are_told_in_their_own_units_and_as_the_model_sees_them() -> None:
    table = features_view(opened(), MINT)
    by_name = {row.cells[0].text: texts(table, row) for row in table.rows}
    assert table.title == "Features · 8 of 14 known · 18 of 100 slots traded, 82 % empty"
    figures = {name: told["figure"] for name, told in by_name.items()}
    assert (figures["liquidity_usd"], figures["age_s"], figures["holders"]) == ("21.1K $", "1h", "12")
    assert (figures["rsi_14"], figures["ema_12"], figures["candles"]) == ("56.0", "-3.05 %", "18 of 100")
    missing = by_name["market_cap_usd"]
    assert (missing["figure"], missing["model sees"]) == ("missing", "0, flag 0")


@pytest.mark.parametrize(
    ("detail", "says"),
    [
        (token_detail(attributions=None), "A worker is taking the answer apart."),
        (token_detail(attributions=None, attributions_trouble="no worker."), "Not known: no worker."),
    ],
)
def test_why_nobody_knows_what_moved_the_model(detail: TokenDetail, says: str) -> None:
    assert effects_view(opened(detail), MINT).empty == says
    assert lines_of(opened(detail))["moved by"] == says


def test_a_tape_says_that_nobody_had_it_open() -> None:
    on_tape = msgspec.structs.replace(judging(token=token_detail(attributions=None)), source=TAPE)
    assert effects_view(seen(on_tape), MINT).empty == "Not on the tape: nobody had this token open then."


def test_the_chart_is_of_what_was_known_when_it_was_judged() -> None:
    chart = chart_view(opened(), MINT)
    assert chart.title == "DRIP / SOL · 5m · $ × 10^-6 · UTC"
    assert len(chart.candles) == 18
    assert chart.newest_ms == (AT_MS - 42_000) // 300_000 * 300_000 - 300_000
    assert chart.candles[-1].open_ms == chart.newest_ms
    assert chart.candles[-1].close == pytest.approx(1e6 * token_candles()[-1].close)
    assert "2 candles is not told" in chart_view(opened(token_detail(volumes_missing=2)), MINT).notice


def test_an_engine_without_tokens_a_token_that_is_gone_and_one_that_is_old_say_so() -> None:
    assert verdict_view(seen(snapshot()), MINT, 80).empty == NO_TOKENS
    assert "no verdict" in verdict_view(opened(), "another", 80).empty
    assert verdict_view(DeckView(), MINT, 80).rows == ()
    old = ended(judging(token=token_detail()))
    tables = (verdict_view(old, MINT, 80), effects_view(old, MINT), features_view(old, MINT))
    assert all(row.dimmed for table in tables for row in table.rows)
    assert chart_view(old, MINT).dimmed


NUMBERS = st.floats()


@given(st.text(max_size=30), NUMBERS, NUMBERS, NUMBERS)
@settings(max_examples=25)
def test_nothing_from_outside_reaches_the_terminal_unclean(text: str, a: float, b: float, c: float) -> None:
    detail = token_detail(
        row=token(name=text, exchange=text, reasons=(text,), mode_reason=text, version=text, price=a),
        pool=text,
        said=(a, b, c),
        features=(
            TokenFeature(text, "context", True, a, b, text),
            *(TokenFeature(name, "window", True, a, c) for name in ("candles", "highest", "deviation")),
        ),
        workings=(TokenWorking(text, text, False),),
        candles=(msgspec.structs.replace(token_candles()[-1], close=a),),
        attributions=msgspec.structs.replace(APART, whole=(a, b, c), effects=(TokenEffect(text, "chart", (a, b, c)),)),
    )
    view = opened(detail)
    tables = (verdict_view(view, MINT, 60), effects_view(view, MINT), features_view(view, MINT))
    for cell in (cell for table in tables for row in table.rows for cell in row.cells):
        assert clean(cell.text, 1_000) == cell.text
    for words in (*(table.title for table in tables), chart_view(view, MINT).title):
        assert clean(words, 1_000) == words
