"""The line above the footer in which the arguments of a sweep are written."""

from textual.message import Message

from app.engine.protocol_screen import LONGEST_SWEEP
from app.ui.widgets.prompt import Prompt


class SweepPrompt(Prompt):
    """Asks for arguments of `tapedeck sweep`, beginning with ones that work here."""

    class Ended(Message):
        """The arguments that were written; None when nothing is to be swept."""

        def __init__(self, text: str | None) -> None:
            super().__init__()
            self.text = text

    def __init__(self, proposed: str) -> None:
        super().__init__("tapedeck sweep", proposed, longest=LONGEST_SWEEP)

    @property
    def said(self) -> str:
        return "enter begins · esc leaves" if self.typed else "esc leaves · `tapedeck sweep --help` tells what to write"

    def kept(self) -> Message | None:
        return self.Ended(self.typed) if self.typed else None

    def left(self) -> Message:
        return self.Ended(None)
