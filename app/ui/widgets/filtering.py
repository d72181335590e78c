"""What a filter line means: words to find, names to pick, or a question; and the filters a person has saved. Pure."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from app.core.errors import UsageError
from app.core.text import clean
from app.ui.widgets.columns import Column, Row
from app.ui.widgets.questions import LONGEST, parse_question

_QUOTED = re.compile(r'"[^"]*"?')
_WORD = re.compile(r'"([^"]*)"?|([^\s"]+)')
_CELLS = 2
_TITLE_CELLS = 40


@dataclass(frozen=True)
class Filter:
    """A filter line that means something: its text, which rows pass, and its name when it is a saved one."""

    text: str
    passes: Callable[[Row], bool]
    name: str = ""

    @property
    def title(self) -> str:
        """What the filter is called where there is little room."""
        return self.name or f"filter {clean(self.text, _TITLE_CELLS)}"


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
        return Filter(line, lambda row: question(row) is True, name)
    return Filter(line, _named(line) if "," in bare else _holding(line), name)


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
