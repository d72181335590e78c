"""The line above the footer in which something is written about what is open."""

from textual.message import Message

from app.core.text import clean
from app.ui.widgets.prompt import Prompt


class TextPrompt(Prompt):
    """Asks for a text, beginning with the one there is.

    `subject` and `field` say what the text is about; they come back with it.
    """

    class Ended(Message):
        """What was written, empty to take it away; None when everything stays as it was."""

        def __init__(self, subject: str, field: str, text: str | None) -> None:
            super().__init__()
            self.subject = subject
            self.field = field
            self.text = text

    def __init__(self, subject: str, field: str, question: str, text: str, *, longest: int) -> None:
        super().__init__(clean(question, 60), clean(text, longest), longest=longest)
        self._subject = subject
        self._field = field

    @property
    def said(self) -> str:
        return "enter saves · esc leaves" if self.typed else "enter takes it away · esc leaves"

    def kept(self) -> Message:
        return self.Ended(self._subject, self._field, self.typed)

    def left(self) -> Message:
        return self.Ended(self._subject, self._field, None)
