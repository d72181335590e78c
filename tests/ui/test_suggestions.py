"""A filter that lets nothing pass says so, and shows a question that works."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ui.panels.event_log import log_view
from app.ui.panels.markets import market_columns
from app.ui.state import DeckView
from app.ui.widgets.filtering import parse_filter
from app.ui.widgets.questions import parse_question
from app.ui.widgets.suggestions import nothing_passes, suggested_question

COLUMNS = market_columns("rules")


@pytest.mark.parametrize(
    ("words", "question"),
    [
        ("volume above 10m", "volume_24h > 10m"),
        ("positive funding", "funding > 0"),
        ("negative funding", "funding < 0"),
        ("spread below 2.5", "spread_bp < 2.5"),
        ("Momentum over 60", "momentum > 60"),
        ("open interest", "open_interest > 0"),
        ("what?", "price > 0"),
    ],
)
def test_words_lead_to_the_question_they_may_mean(words: str, question: str) -> None:
    assert suggested_question(words, COLUMNS) == question


@given(st.text(max_size=60))
def test_whatever_is_typed_the_example_is_a_question_of_the_table(words: str) -> None:
    parse_question(suggested_question(words, COLUMNS), COLUMNS)


def test_the_sentence_says_what_was_looked_for_and_how_to_be_rid_of_it() -> None:
    words, names = parse_filter("volume above 10m", COLUMNS), parse_filter("XYZ, ABC", COLUMNS)
    question = parse_filter("price > 1t", COLUMNS)
    assert words is not None
    assert names is not None
    assert question is not None
    assert nothing_passes(words, COLUMNS, "f9") == (
        "No row holds these words: volume above 10m. To ask about numbers, compare: volume_24h > 10m. f9 clears it."
    )
    assert nothing_passes(names, COLUMNS, "f9").startswith("No cell says one of these names: XYZ, ABC. To ask")
    assert nothing_passes(question, COLUMNS, "f9") == "No row passes: filter price > 1t. f9 clears it."


def test_a_table_without_numbers_gives_no_example() -> None:
    columns = log_view(DeckView()).columns
    found = parse_filter("nothing like it", columns)
    assert found is not None
    assert nothing_passes(found, columns, "f9") == "No row holds these words: nothing like it. f9 clears it."
