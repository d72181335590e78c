"""A line of text being typed: what each key does to it. Pure."""

import re
from typing import Literal

from app.core.text import clean

Outcome = Literal["edited", "moved", "kept", "left", "ignored"]

_LAST_WORD = re.compile(r"\S*\s*\Z")
_ERASES = frozenset({"backspace", "delete", "ctrl+u", "ctrl+w"})
_OUTCOMES: dict[str, Outcome] = {"enter": "kept", "escape": "left"}


class LineEditor:
    """The text, at most `longest` characters, and the cursor's place in it.

    A text that is `selected` is a proposal: what is typed takes its place, and what moves the cursor takes it up.
    """

    def __init__(self, text: str = "", *, longest: int, selected: bool = False) -> None:
        self.selected = selected and bool(text)
        self._before = text
        self._after = ""
        self._longest = longest

    @property
    def text(self) -> str:
        """What has been typed."""
        return self._before + self._after

    @property
    def parts(self) -> tuple[str, str]:
        """The text before the cursor, and the text from it on."""
        return self._before, self._after

    def press(self, key: str, character: str | None) -> Outcome:
        """What becomes of a key; `character` is what it types, if it does. Keys that mean nothing here are ignored."""
        if character is not None:
            return self.insert(character)
        if key in _OUTCOMES:
            return _OUTCOMES[key]
        if self.selected and key in _ERASES:
            return self._replace()
        outcome = self._erase(key) or self._move(key) or "ignored"
        self.selected = self.selected and outcome == "ignored"
        return outcome

    def insert(self, text: str) -> Outcome:
        """Type a text, on one line and without what a terminal would not print."""
        if self.selected:
            self._replace()
        room = self._longest - len(self.text)
        self._before = str(clean(self._before + " ".join(text.splitlines())[: max(0, room)], 4 * self._longest))
        return "edited"

    def _replace(self) -> Outcome:
        self._before = self._after = ""
        self.selected = False
        return "edited"

    def _erase(self, key: str) -> Outcome | None:
        if key == "backspace":
            self._before = self._before[:-1]
        elif key == "delete":
            self._after = self._after[1:]
        elif key == "ctrl+u":
            self._before = ""
        elif key == "ctrl+w":
            self._before = _LAST_WORD.sub("", self._before, count=1)
        else:
            return None
        return "edited"

    def _move(self, key: str) -> Outcome | None:
        places = {
            "left": len(self._before) - 1,
            "right": len(self._before) + 1,
            "home": 0,
            "end": len(self.text),
        }
        if key not in places:
            return None
        text, place = self.text, max(0, places[key])
        self._before, self._after = text[:place], text[place:]
        return "moved"
