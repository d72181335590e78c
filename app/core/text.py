"""Outside text made safe for a terminal.

A coin's name, a venue's error text or a file name may hold escape sequences, bidirectional overrides or invisible
characters. `clean` is the one place where such text becomes `SafeText`; everything shown or logged goes through it.
"""

import unicodedata
from typing import NewType

SafeText = NewType("SafeText", str)

_DROPPED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_MARK_CATEGORIES = frozenset({"Mn", "Me"})
_MAXIMUM_MARKS = 2


def clean(text: str, limit: int = 64) -> SafeText:
    """`text` without control, format, private or unassigned characters, in NFC, at most `limit` cells wide.

    Runs of more than two marks over one character are cut; a text that had to be shortened ends in an ellipsis.
    """
    if len(text) <= limit and text.isascii() and text.isprintable():
        return SafeText(text)
    # Normalising is linear only in bounded text: a longer one is cut before it is looked at.
    source = unicodedata.normalize("NFC", text[: limit * 8])
    kept: list[str] = []
    cells = marks = 0
    for character in source:
        category = unicodedata.category(character)
        if category in _DROPPED_CATEGORIES:
            continue
        # Not every mark has a combining class: enclosing ones and variation selectors pile up without.
        marks = marks + 1 if category in _MARK_CATEGORIES else 0
        if marks > _MAXIMUM_MARKS:
            continue
        cells += _cells(character)
        if cells > limit:
            return SafeText(_shorten(kept, limit))
        kept.append(character)
    return SafeText("".join(kept))


def _cells(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def _shorten(characters: list[str], limit: int) -> str:
    while characters and sum(map(_cells, characters)) > limit - 1:
        characters.pop()
    return "".join(characters) + "…"
