"""What a filter line means: words, names or a question, whole or unfinished; and the filters that are saved. Pure."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from app.core.errors import UsageError
from app.core.text import clean
from app.ui.widgets.columns import Column, Row
from app.ui.widgets.questions import LONGEST, UnfinishedQuestionError, begins_with_field, parse_question

Kind = Literal["words", "names", "question"]

_QUOTED = re.compile(r'"[^"]*"?')
_WORD = re.compile(r'"([^"]*)"?|([^\s"]+)')
_CELLS = 2
_TITLE_CELLS = 40


@dataclass(frozen=True)
class Filter:
    """A filter line that means something: its text, which rows pass, what it is, and its name if it is a saved one."""

    text: str
    passes: Callable[[Row], bool]
    kind: Kind = "words"
    name: str = ""

    @property
    def title(self) -> str:
        """What the filter is called where there is little room."""
        return self.name or f"filter {clean(self.text, _TITLE_CELLS)}"


@dataclass(frozen=True)
class Unfinished:
    """A filter line that is still on its way, and what is missing.

    `whole` is the filter it is if nothing more is typed; None where it is none.
    """

    reason: str
    whole: Filter | None = None


def parse_filter(text: str, columns: Sequence[Column], name: str = "") -> Filter | None:
    """What `text` means for rows of these columns; None for a blank one, which lets everything pass.

    With a comparison in it, it is a question (`app/ui/widgets/questions.py`). With a comma, it is a list of names: rows
    pass whose first cell is one of them. Otherwise rows pass that hold every word, or text in quotation marks, in some
    cell; capitals make no difference.

    Raises `UsageError` for a question that is wrong, and for more than 200 characters.
    """
    if len(text) > LONGEST:
        raise UsageError(f"A filter may have {LONGEST} characters; this one has {len(text)}")
    line = str(clean(text, _CELLS * LONGEST)).strip()
    bare = _QUOTED.sub("", line)
    if not line:
        return None
    if any(sign in bare for sign in "<>="):
        question = parse_question(line, columns)
        return Filter(line, lambda row: question(row) is True, "question", name)
    if "," in bare:
        return Filter(line, _named(line), "names", name)
    return Filter(line, _holding(line), "words", name)


def read_typed(text: str, columns: Sequence[Column], rows: Sequence[Row]) -> Filter | Unfinished | None:
    """What a line means that is still being typed; None for a blank one. Raises `UsageError` for one that is wrong.

    Words filter at once. Where no row of `rows` holds them and they begin like a question, they are taken for one that
    is unfinished; so is a question that no row passes, for its last value may still grow.
    """
    try:
        found = parse_filter(text, columns)
    except UnfinishedQuestionError as error:
        return Unfinished(f"{error}.")
    if found is None or any(map(found.passes, rows)):
        return found
    if found.kind == "question" and rows:
        return Unfinished("No row passes so far; enter keeps it.", found)
    return (_beginning(found.text, columns) if found.kind == "words" else None) or found


def _beginning(line: str, columns: Sequence[Column]) -> Unfinished | None:
    """The question that a line without a comparison begins; None where it begins none."""
    try:
        parse_question(line, columns)
    except UsageError as error:
        begins = isinstance(error, UnfinishedQuestionError) or begins_with_field(line, columns)
        return Unfinished(f"{error}.") if begins else None
    return None


def next_watchlist(
    watchlists: Mapping[str, str], current: str, columns: Sequence[Column]
) -> tuple[Filter | None, list[str]]:
    """The saved filter after `current`, and a sentence for each one that was skipped because it is wrong.

    After the last one comes None: everything. A `current` that is not saved counts as before the first.
    """
    names = list(watchlists)
    mistakes: list[str] = []
    for name in names[names.index(current) + 1 if current in names else 0 :]:
        try:
            found = parse_filter(watchlists[name], columns, str(clean(name, 32)))
        except UsageError as error:
            mistakes.append(f"Watchlist {name} is skipped: {error}.")
        else:
            return found, mistakes
    return None, mistakes


def _named(line: str) -> Callable[[Row], bool]:
    names = {name.strip().strip('"').casefold() for name in line.split(",")} - {""}
    return lambda row: row.cells[0].value.casefold() in names


def _holding(line: str) -> Callable[[Row], bool]:
    words = [(quoted or word).casefold() for quoted, word in _WORD.findall(line)]

    def passes(row: Row) -> bool:
        texts = [cell.value.casefold() for cell in row.cells]
        return all(any(word in text for text in texts) for word in words)

    return passes
