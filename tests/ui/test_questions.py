"""Filter lines: words, names and questions, and what is said of those that are wrong."""

import tomllib
from pathlib import Path

import pytest
from deck_fakes import market
from hypothesis import example, given
from hypothesis import strategies as st

from app.core.errors import UsageError
from app.ui.panels.markets import market_columns, market_row
from app.ui.widgets.columns import Cell, Column, Row
from app.ui.widgets.filtering import next_watchlist, parse_filter
from app.ui.widgets.questions import parse_question

PAGE = Path(__file__).parents[2] / "docs" / "questions.md"
COLUMNS = market_columns("rules")
KNOWN = market_row(
    market("BTC", 67_000.0, 0, change_1h=0.03, funding=0.00002, open_interest_usd=2.1e9, favourite=True, age_ms=1_500)
)
UNKNOWN = market_row(market("kPEPE", 0.01, 3, change_1h=None, funding=None, rules=None))

PIECES = st.sampled_from(
    ["change_1h", "funding", "coin", "and", "or", "not", "(", ")", ">", "<=", "=", "!=", "2", "1.5m", '"a b"', "x", "!"]
)
LINES = st.text(max_size=210) | st.lists(PIECES, max_size=60).map(" ".join)


def holds(question: str, row: Row = KNOWN) -> bool | None:
    return parse_question(question, COLUMNS)(row)


def passes(line: str, row: Row) -> bool:
    found = parse_filter(line, COLUMNS)
    return found is None or found.passes(row)


def mistake(line: str) -> str:
    with pytest.raises(UsageError) as caught:
        parse_filter(line, COLUMNS)
    return str(caught.value)


@given(LINES)
@example("(" * 200)
@example("not " * 50 + "coin = BTC")
@example("funding > " + "9" * 190)
def test_any_text_means_something_or_is_refused_in_a_sentence(line: str) -> None:
    try:
        found = parse_filter(line, COLUMNS)
    except UsageError:
        return
    if found is not None:
        assert {found.passes(KNOWN), found.passes(UNKNOWN)} <= {True, False}


@st.composite
def questions(draw: st.DrawFn) -> str:
    field = draw(st.sampled_from(["change_1h", "funding", "price", "open_interest", "momentum", "coin"]))
    signs = ["=", "!="] if field == "coin" else ["=", "!=", "<", ">=", ">", "<="]
    return f"{field} {draw(st.sampled_from(signs))} {draw(st.integers(-3, 3))}"


NESTED = st.recursive(
    questions(),
    lambda inner: st.one_of(
        inner.map(lambda one: f"not ({one})"),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda parts: f"({' '.join(parts)})"),
    ),
    max_leaves=4,
)


@given(NESTED, st.sampled_from([KNOWN, UNKNOWN]))
def test_not_inverts_what_is_known_and_leaves_the_unknown_unknown(question: str, row: Row) -> None:
    answer = holds(question, row)
    assert holds(f"not ({question})", row) is (None if answer is None else not answer)


@given(NESTED, NESTED, st.sampled_from([KNOWN, UNKNOWN]))
def test_and_is_not_either_not(one: str, other: str, row: Row) -> None:
    assert holds(f"({one}) and ({other})", row) is holds(f"not (not ({one}) or not ({other}))", row)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("change_1h > 2", True),
        ("change_1h>2", True),
        ("CHANGE_1H >= 3%", True),
        ("change_1h < 2 or funding > 0", True),
        ("change_1h < 2 or funding > 0 and coin = eth", False),
        ("(change_1h > 2 or funding > 0) and coin = eth", False),
        ("not change_1h < 2 and coin == btc", True),
        ("open_interest > 2b and open_interest <= 2100m", True),
        ("oi > 2.1B", False),
        ("1h > 2", True),
        ("rules_momentum >= 0", True),
        ("momentum >= 0", True),
        ("funding = 0.002", True),
        ("age = 1.5", True),
        ('freshness = "FRESH"', True),
        ("freshness != fresh", False),
        ("coin = 4", False),
        ("coin > 4", None),
        ("price > -.5", True),
    ],
)
def test_a_question_is_answered(question: str, answer: bool | None) -> None:
    assert holds(question) is answer


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("change_1h > 2", None),
        ("not change_1h > 2", None),
        ("change_1h != 2", None),
        ("change_1h > 2 or coin = kpepe", True),
        ("change_1h > 2 or coin = btc", None),
        ("change_1h > 2 and coin = btc", False),
        ("momentum = off", None),
    ],
)
def test_what_is_not_known_answers_nothing_and_does_not_pass(question: str, answer: bool | None) -> None:
    assert holds(question, UNKNOWN) is answer
    assert passes(question, UNKNOWN) is (answer is True)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("chnge_1h > 2", "chnge_1h is not a field; the nearest is change_1h"),
        ("founding > 0", "founding is not a field; the nearest is funding"),
        ("change_1h > x", "x is not a number; change_1h > needs one, such as 2, 0.5 or 3m"),
        ("change_1h >", "change_1h > needs a value after it, such as change_1h > 2"),
        ("change_1h and funding > 2", "change_1h needs a comparison after it, such as change_1h > 2"),
        ("change_1h > 2 funding", "funding is one too many; join comparisons with and or or"),
        ("change_1h > 2 and", "The question ends where a field belongs, such as "),
        ("and change_1h > 2", "and stands where a field belongs, such as "),
        ("(change_1h > 2", "( is not closed; add )"),
        ("change_1h > 2)", ") is one too many; join comparisons with and or or"),
        ("change_1h > 2 !", "! means nothing in a question; text in quotation marks may hold it"),
        ("(" * 20 + "price > 1", "The question is nested deeper than 16; write it with fewer ( and not"),
        ("a" * 201, "A filter may have 200 characters; this one has 201"),
    ],
)
def test_a_mistake_is_named(line: str, sentence: str) -> None:
    assert mistake(line).startswith(sentence)


def test_words_are_looked_for_in_every_cell_and_in_full() -> None:
    assert passes("btc", KNOWN)
    assert passes("bt fresh", KNOWN)
    assert not passes("btc exhausted", KNOWN)
    assert not passes("★", KNOWN)
    long = Row("k", (Cell("a"), Cell("short…", full="the whole sentence (5 s) a=b")))
    columns = (Column("time", 3), Column("event", 3))
    for line in ("sentence", '"whole sentence"', '"a=b"', "(5", '"(5 s)'):
        found = parse_filter(line, columns)
        assert found is not None
        assert found.passes(long)


def test_names_with_commas_are_whole_names() -> None:
    assert passes("eth, btc", KNOWN)
    assert passes("BTC,", KNOWN)
    assert not passes("BT, C", KNOWN)
    assert passes("kPEPE,ETH", UNKNOWN)


def test_a_blank_line_lets_everything_pass_and_outside_text_is_cleaned() -> None:
    assert parse_filter(" \t", COLUMNS) is None
    found = parse_filter("b\x1b[31m\u202etc", COLUMNS)
    assert found is not None
    assert found.text == "b[31mtc"
    assert found.title == "filter b[31mtc"


def test_of_two_columns_with_one_field_the_first_has_it() -> None:
    columns = (Column("a", 3, group="one"), Column("a", 3, group="two"))
    row = Row("k", (Cell("1"), Cell("2")), values=(1, 2))
    assert parse_question("a = 1 and two_a = 2", columns)(row)


def test_watchlists_come_in_turn_and_wrong_ones_are_skipped() -> None:
    saved = {"movers": "change_1h > 2", "broken": "chnge > 2", "majors": "BTC, ETH"}
    found, mistakes = next_watchlist(saved, "", COLUMNS)
    assert found is not None
    assert (found.name, found.title, mistakes) == ("movers", "movers", [])
    found, mistakes = next_watchlist(saved, "movers", COLUMNS)
    assert found is not None
    assert found.name == "majors"
    (said,) = mistakes
    assert said.startswith("Watchlist broken is skipped: chnge is not a field; the nearest is change_1")
    assert next_watchlist(saved, "majors", COLUMNS) == (None, [])
    assert next_watchlist({}, "", COLUMNS) == (None, [])


def test_the_page_names_every_field_of_the_markets_and_its_watchlists_are_right() -> None:
    page = PAGE.read_text()
    assert [column.fields[0] for column in COLUMNS if f"`{column.fields[0]}`" not in page] == []
    block = page.partition("```toml")[2].partition("```")[0]
    for question in tomllib.loads(block)["deck"]["watchlists"].values():
        assert parse_filter(question, COLUMNS) is not None
