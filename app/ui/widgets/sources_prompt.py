"""The line above the footer in which it is written whose wallets are to be scanned."""

from textual.message import Message

from app.ui.widgets.prompt import Prompt

_LONGEST = 2_000
"""Enough for some forty addresses; more of them belong in a file."""
_QUESTION = "Scan wallets of"
_SOURCES = "leaderboard:week:politics, market, trades, a file, 0x…"


class SourcesPrompt(Prompt):
    """Asks for sources of wallets, beginning with those that `s` would take."""

    class Ended(Message):
        """The words that were written; None when nothing is to be scanned."""

        def __init__(self, text: str | None) -> None:
            super().__init__()
            self.text = text

    def __init__(self) -> None:
        super().__init__(_QUESTION, "leaderboard", longest=_LONGEST)

    @property
    def said(self) -> str:
        return f"enter scans · esc leaves · {_SOURCES}" if self.typed else f"esc leaves · {_SOURCES}"

    def kept(self) -> Message | None:
        return self.Ended(self.typed) if self.typed else None

    def left(self) -> Message:
        return self.Ended(None)
