"""Filter lines: words, names and questions, and what is said of those that are wrong."""

import tomllib
from pathlib import Path

import pytest
from deck_fakes import market
from hypothesis import example, given
from hypothesis import strategies as st

from app.core.errors import UsageError
from app.engine.protocol import RulesView
from app.ui.panels.markets import market_columns, market_row
from app.ui.widgets.columns import Cell, Column, Row
from app.ui.widgets.filtering import Filter, Unfinished, next_watchlist, parse_filter, read_typed
from app.ui.widgets.questions import UnfinishedQuestionError, parse_question

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
        ("rules_momentum < -10", True),
        ("momentum = -15", True),
        ("momentum > 10", False),
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
    ("momentum", "direction", "questions"),
    [
        (57.0, 1, {"momentum > 50": True, "momentum < -50": False, "momentum = 57": True}),
        (57.0, -1, {"momentum > 50": False, "momentum < -50": True, "momentum = -57": True}),
        (57.0, 0, {"momentum > 0": False, "momentum < 0": False, "momentum = 0": True}),
        (None, 0, {"momentum > 50": None, "momentum = 0": None}),
    ],
)
def test_momentum_has_the_sign_of_its_arrow(
    momentum: float | None, direction: int, questions: dict[str, bool | None]
) -> None:
    row = market_row(market("BTC", 1.0, rules=RulesView(momentum, direction, 50.0, None, None)))
    assert {question: holds(question, row) for question in questions} == questions


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
        ("change_1h >", "change_1h > needs a value, such as 2"),
        ("coin =", "coin = needs a value, such as a word"),
        ("coin = <", "coin = needs a value, such as a word; not <"),
        ("change_1h and funding > 2", "change_1h needs an operator, such as > 2, before and"),
        ('change_1h "x" > 2', 'change_1h needs an operator, such as > 2, before "x"'),
        ("change_1h > 2 funding", "funding is one too many; join comparisons with and or or"),
        ("change_1h > 2 and", "and needs a field, such as coin"),
        ("and change_1h > 2", "and stands where a field belongs, such as "),
        ("(change_1h > 2", "( is not closed; add )"),
        ("(change_1h > 2 x", "x is one too many; join comparisons with and or or"),
        ("change_1h > 2)", ") is one too many; join comparisons with and or or"),
        ("change_1h > 2 !", "! means nothing in a question; text in quotation marks may hold it"),
        ("(" * 20 + "price > 1", "The question is nested deeper than 16; write it with fewer ( and not"),
        ("a" * 201, "A filter may have 200 characters; this one has 201"),
    ],
)
def test_a_mistake_is_named(line: str, sentence: str) -> None:
    assert mistake(line).startswith(sentence)


@pytest.mark.parametrize(
    ("line", "missing"),
    [
        ("change_1h", "change_1h needs an operator, such as > 2."),
        ("change_1h ", "change_1h needs an operator, such as > 2."),
        ("change_1h 2", "change_1h needs an operator, such as > 2, before 2."),
        ("change_1h !", "! is half of !=; add =."),
        ("not coin", "coin needs an operator, such as = or !=."),
        ("ch", "ch begins change_1m, change_1h, change_24h; go on."),
        ("C", "C begins coin, change_1m, change_1h …; go on."),
        ("no", "no begins not; go on."),
        ("(", "( needs a field, such as coin."),
        ("not (", "( needs a field, such as coin."),
        ("not", "not needs a field, such as coin."),
        ("(price", "price needs an operator, such as > 2."),
        ("rules_", "rules_ begins rules_momentum, rules_pressure, rules_continuation …; go on."),
        ("price >", "price > needs a value, such as 2."),
        ("price > -", "- needs digits, such as -2."),
        ("price > 2 a", "a begins and; go on."),
        ("(price > 2 o", "o begins or; go on."),
        ("(price > 2", "( is not closed; add )."),
        ("price > 2 and fu", "fu begins funding; go on."),
        ("price > 2 and funding", "funding needs an operator, such as > 2."),
        ('freshness = "a', 'The quotation mark is not closed; add ".'),
    ],
)
def test_what_is_missing_is_named_while_a_question_is_typed(line: str, missing: str) -> None:
    rows = (UNKNOWN._replace(cells=tuple(Cell("–") for _ in COLUMNS)),)
    assert read_typed(line, COLUMNS, rows) == Unfinished(missing)


def test_words_that_a_row_holds_filter_at_once_though_a_field_begins_like_them() -> None:
    rows = (KNOWN, UNKNOWN)
    for line in ("b", "BT", "f", "fresh", "pepe", "fresh btc"):
        found = read_typed(line, COLUMNS, rows)
        assert isinstance(found, Filter)
        assert any(map(found.passes, rows))


@pytest.mark.parametrize(
    "line", ["zz", "btc zz", '"change_1h"', '"chan', "not listed", "(zz", "zz, change_1h", "change_x"]
)
def test_words_that_begin_no_question_filter_at_once_whatever_passes(line: str) -> None:
    found = read_typed(line, COLUMNS, (UNKNOWN,))
    assert isinstance(found, Filter)
    assert not found.passes(UNKNOWN)


def test_a_question_that_no_row_passes_waits_for_enter() -> None:
    found = read_typed("price < 0", COLUMNS, (KNOWN, UNKNOWN))
    assert isinstance(found, Unfinished)
    assert (found.reason, found.whole and found.whole.text) == ("No row passes so far; enter keeps it.", "price < 0")
    assert isinstance(read_typed("price < 0", COLUMNS, ()), Filter)


WORDS = st.text("abz09_-.:", min_size=1, max_size=4).filter(lambda word: word not in ("and", "or", "not"))
NUMBERS = st.from_regex(r"[+-]?([0-9]{1,3}(\.[0-9]{0,2})?|\.[0-9])[kmbt]?%?", fullmatch=True)
FIELDS = st.sampled_from([name for column in COLUMNS for name in column.fields] + ["Change_1H", "OI"])
BLANKS = st.sampled_from(["", " ", "  "])


@st.composite
def typed_questions(draw: st.DrawFn) -> str:
    """A question with every way to write a comparison in it."""
    blank = draw(BLANKS)
    if draw(st.booleans()):
        return f"{draw(FIELDS)}{blank}{draw(st.sampled_from(['<', '<=', '>', '>=']))}{blank}{draw(NUMBERS)}"
    quoted = st.text("ab <>=!(),", max_size=5).map(lambda text: f'"{text}"')
    value = draw(st.one_of(WORDS, NUMBERS, quoted))
    return f"{draw(FIELDS)}{blank}{draw(st.sampled_from(['=', '==', '!=']))}{blank}{value}"


TYPED = st.recursive(
    typed_questions(),
    lambda inner: st.one_of(
        inner.map(lambda one: f"not {one}"),
        inner.map(lambda one: f"({one})"),
        st.tuples(inner, st.sampled_from(["and", "or", "AND"]), inner).map(" ".join),
    ),
    max_leaves=4,
)


@given(TYPED)
@example('not (change_1h > -.5% or coin != "a b") and oi >= 1.5m')
def test_every_beginning_of_a_question_is_a_question_or_unfinished_but_never_wrong(question: str) -> None:
    parse_question(question, COLUMNS)
    for end in range(len(question)):
        try:
            parse_question(question[:end], COLUMNS)
        except UnfinishedQuestionError:
            continue


@given(TYPED, st.sampled_from([(KNOWN,), (UNKNOWN,), (KNOWN, UNKNOWN)]))
def test_no_beginning_of_a_question_empties_the_table(question: str, rows: tuple[Row, ...]) -> None:
    for end in range(len(question) + 1):
        found = read_typed(question[:end], COLUMNS, rows)
        assert found is None or isinstance(found, Unfinished) or any(map(found.passes, rows))


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
