"""Questions about the rows of a table, such as `change_1h > 2 and not (funding < 0 or age > 10)`. Pure.

    question   = both {"or" both}
    both       = single {"and" single}
    single     = "not" single | "(" question ")" | comparison
    comparison = field (">" | ">=" | "<" | "<=" | "=" | "!=") operand

A field is a column's name in snake case; capitals make no difference. An operand is a number in the unit shown
(`-2`, `1.5%`, `250k`, `3m`, `1b`) or, after `=` and `!=`, a word or a text in quotation marks.

The answer is yes, no or unknown. A comparison with a value that is not known is unknown, and so is its opposite: `not`
inverts only what is known. `or` needs one yes, `and` one no; a row passes on a yes.

Text that more text could make a question is told apart from text that is wrong: every beginning of a question is
unfinished, or a question itself.
"""

import difflib
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.core.errors import UsageError
from app.ui.widgets.columns import Column, Row

Test = Callable[[Row], bool | None]

LONGEST = 200
_DEEPEST = 16
_TOKEN = re.compile(
    r'\s*(?:(?P<sign>[<>!]=|==?|[<>()!])|"(?P<quoted>[^"]*)(?P<end>"?)|(?P<word>[^\s<>=!()"]+))', re.DOTALL
)
_NUMBER = re.compile(r"([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))([kmbt]?)%?", re.IGNORECASE)
_NUMBER_BEGINS = re.compile(r"[+-]?\.?")
_FACTORS = {"": 1.0, "k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12}
_ORDERS: Mapping[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_EQUALITIES = {"=": True, "==": True, "!=": False}
_JOINTS = ("and", "or")
_RESERVED = frozenset({*_JOINTS, "not"})
_MOST_COMPLETIONS = 3


class UnfinishedQuestionError(UsageError):
    """A text is no question yet, but more text could make it one; the message says what comes next."""


@dataclass(frozen=True)
class _Token:
    text: str
    is_word: bool = False
    is_quoted: bool = False
    is_open: bool = False


def parse_question(text: str, columns: Sequence[Column]) -> Test:
    """What says of a row of these columns whether the question holds: True, False, or None for unknown.

    Raises `UsageError` with a sentence that names the word that is wrong, and its kind `UnfinishedQuestionError` where
    the text only has to go on.
    """
    return _Parser(_tokens(text), columns).question()


def is_number(text: str) -> bool:
    """Whether a word is a number as questions write it, such as `-2`, `1.5%` or `10m`."""
    return _NUMBER.fullmatch(text) is not None


def begins_with_field(text: str, columns: Sequence[Column]) -> bool:
    """Whether the first word, after any `(` and `not`, is a field of these columns."""
    for token in _tokens(text):
        if token.is_quoted or token.text.lower() not in ("(", "not"):
            return token.is_word and token.text.lower() in _fields(columns)
    return False


def _tokens(text: str) -> list[_Token]:
    return [
        _Token(
            match["quoted"] or match["word"] or match["sign"] or "",
            match["word"] is not None,
            match["quoted"] is not None,
            match["end"] == "",
        )
        for match in _TOKEN.finditer(text.strip())
    ]


def _fields(columns: Sequence[Column]) -> dict[str, int]:
    """Every way to call a column; where two columns share one, the first column has it."""
    found: dict[str, int] = {}
    for rank in range(3):
        for index, column in enumerate(columns):
            for name in column.fields[rank : rank + 1]:
                found.setdefault(name, index)
    return found


class _Parser:
    """Recursive descent over the tokens of one question."""

    def __init__(self, tokens: list[_Token], columns: Sequence[Column]) -> None:
        self._tokens = tokens
        self._columns = columns
        self._fields = _fields(columns)
        self._at = 0

    def question(self) -> Test:
        test = self._either(0)
        if self._peek() is not None:
            raise self._one_too_many()
        return test

    def _either(self, depth: int) -> Test:
        tests = [self._both(depth)]
        while self._take("or"):
            tests.append(self._both(depth))
        return tests[0] if len(tests) == 1 else _any(tests)

    def _both(self, depth: int) -> Test:
        tests = [self._single(depth)]
        while self._take("and"):
            tests.append(self._single(depth))
        return tests[0] if len(tests) == 1 else _all(tests)

    def _single(self, depth: int) -> Test:
        if depth > _DEEPEST:
            raise UsageError(f"The question is nested deeper than {_DEEPEST}; write it with fewer ( and not")
        if self._take("not"):
            return _opposite(self._single(depth + 1))
        if not self._take("("):
            return self._comparison()
        inner = self._either(depth + 1)
        if self._peek() is None:
            raise UnfinishedQuestionError("( is not closed; add )")
        if not self._take(")"):
            raise self._one_too_many()
        return inner

    def _comparison(self) -> Test:
        name = self._field()
        sign = self._sign(name)
        operand = self._next()
        if operand is None:
            raise UnfinishedQuestionError(f"{name} {sign} needs a value, such as {self._value(name)}")
        if not (operand.is_word or operand.is_quoted):
            raise UsageError(f"{name} {sign} needs a value, such as {self._value(name)}; not {operand.text}")
        return self._compare(name, sign, operand)

    def _compare(self, name: str, sign: str, operand: _Token) -> Test:
        number = None if operand.is_quoted else _number(operand.text)
        if sign in _EQUALITIES:
            if operand.is_open:
                raise UnfinishedQuestionError('The quotation mark is not closed; add "')
            return _equals(self._fields[name], operand.text.casefold(), number, _EQUALITIES[sign])
        if number is not None:
            return _compares(self._fields[name], _ORDERS[sign], number)
        if operand.is_word and self._peek() is None and _NUMBER_BEGINS.fullmatch(operand.text):
            raise UnfinishedQuestionError(f"{operand.text} needs digits, such as {operand.text}2")
        raise UsageError(f"{_named(operand)} is not a number; {name} {sign} needs one, such as 2, 0.5 or 3m")

    def _field(self) -> str:
        token = self._next()
        if token is None:
            before = f"{self._tokens[-1].text} needs" if self._tokens else "A question begins with"
            raise UnfinishedQuestionError(f"{before} a field, such as {next(iter(self._fields), 'none')}")
        name = token.text.lower()
        if token.is_word and name in self._fields:
            return name
        begun = self._completions(name) if token.is_word and self._peek() is None else ""
        if begun:
            raise UnfinishedQuestionError(f"{token.text} begins {begun}; go on")
        if not token.is_word or name in _RESERVED:
            raise UsageError(f"{_named(token)} stands where a field belongs, such as {self._nearest(name)}")
        raise UsageError(f"{_named(token)} is not a field; the nearest is {self._nearest(name)}")

    def _sign(self, name: str) -> str:
        token = self._next()
        if token is None:
            raise UnfinishedQuestionError(f"{name} needs an operator, such as {self._example(name)}")
        if not token.is_quoted and (token.text in _ORDERS or token.text in _EQUALITIES):
            return token.text
        if token.text == "!" and not token.is_quoted and self._peek() is None:
            raise UnfinishedQuestionError("! is half of !=; add =")
        raise UsageError(f"{name} needs an operator, such as {self._example(name)}, before {_named(token)}")

    def _one_too_many(self) -> UsageError:
        """What is wrong with the token that follows a whole comparison."""
        token = self._tokens[self._at]
        if token.text == "!" and not token.is_quoted:
            return UsageError("! means nothing in a question; text in quotation marks may hold it")
        joint = next((joint for joint in _JOINTS if joint.startswith(token.text.lower())), "")
        if joint and token.is_word and self._at == len(self._tokens) - 1:
            return UnfinishedQuestionError(f"{token.text} begins {joint}; go on")
        return UsageError(f"{_named(token)} is one too many; join comparisons with and or or")

    def _completions(self, begun: str) -> str:
        """The first few words that may stand where a field does and begin like this, one for each column."""
        named = (next((name for name in column.fields if name.startswith(begun)), "") for column in self._columns)
        found = [*filter(None, named), *(["not"] if "not".startswith(begun) else [])]
        return ", ".join(found[:_MOST_COMPLETIONS]) + (" …" if len(found) > _MOST_COMPLETIONS else "")

    def _example(self, name: str) -> str:
        return "> 2" if self._columns[self._fields[name]].align == "right" else "= or !="

    def _value(self, name: str) -> str:
        return "2" if self._columns[self._fields[name]].align == "right" else "a word"

    def _nearest(self, word: str) -> str:
        near = difflib.get_close_matches(word, self._fields, n=1, cutoff=0.0)
        return near[0] if near else "none"

    def _peek(self) -> _Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _next(self) -> _Token | None:
        token = self._peek()
        self._at += 1
        return token

    def _take(self, text: str) -> bool:
        token = self._peek()
        taken = token is not None and not token.is_quoted and token.text.lower() == text
        self._at += taken
        return taken


def _named(token: _Token) -> str:
    return f'"{token.text}"' if token.is_quoted else token.text


def _number(text: str) -> float | None:
    match = _NUMBER.fullmatch(text)
    return float(match[1]) * _FACTORS[match[2].lower()] if match else None


def _compares(column: int, order: Callable[[float, float], bool], number: float) -> Test:
    def holds(row: Row) -> bool | None:
        value = row.value(column)
        return None if value is None or isinstance(value, str) else order(value, number)

    return holds


def _equals(column: int, text: str, number: float | None, wanted: bool) -> Test:
    """Numbers are compared with numbers, words with what the cell says in full."""

    def holds(row: Row) -> bool | None:
        value = row.value(column)
        if value is None:
            return None
        if number is not None and not isinstance(value, str):
            return (value == number) is wanted
        return (row.cells[column].value.casefold() == text) is wanted

    return holds


def _opposite(test: Test) -> Test:
    def holds(row: Row) -> bool | None:
        answer = test(row)
        return None if answer is None else not answer

    return holds


def _any(tests: Iterable[Test]) -> Test:
    return _joined(tuple(tests), decides=True)


def _all(tests: Iterable[Test]) -> Test:
    return _joined(tuple(tests), decides=False)


def _joined(tests: tuple[Test, ...], *, decides: bool) -> Test:
    """One answer that `decides` is the answer of all; else one that is unknown leaves it unknown."""

    def holds(row: Row) -> bool | None:
        answers = [test(row) for test in tests]
        if decides in answers:
            return decides
        return None if None in answers else not decides

    return holds
