"""The line above the footer in which something is written about what is open."""

from textual.events import Blur, Key, Paste
from textual.message import Message
from textual.strip import Strip

from app.core.text import clean
from app.ui.widgets.line_editor import LineEditor
from app.ui.widgets.lines import LineWidget
from app.ui.widgets.typed_line import draw_typed


class TextPrompt(LineWidget, can_focus=True):
    """Asks for a text of at most `longest` characters, beginning with the one there is; ends with `Ended`, once.

    `subject` and `field` say what the text is about; they come back with it.
    """

    DEFAULT_CSS = "TextPrompt { dock: bottom; height: 1; margin-bottom: 1; }"

    class Ended(Message):
        """What was written, empty to take it away; None when everything stays as it was."""

        def __init__(self, subject: str, field: str, text: str | None) -> None:
            super().__init__()
            self.subject = subject
            self.field = field
            self.text = text

    def __init__(self, subject: str, field: str, question: str, text: str, *, longest: int) -> None:
        super().__init__()
        self._subject = subject
        self._field = field
        self._question = f" {clean(question, 60)}: "
        self._longest = longest
        self._editor = LineEditor(str(clean(text, longest)), longest=longest, selected=True)
        self._ended = False

    @property
    def said(self) -> str:
        """What enter would do."""
        return "enter saves · esc leaves" if self._text else "enter takes it away · esc leaves"

    def check_consume_key(self, key: str, character: str | None) -> bool:
        return character is not None and character.isprintable()

    def on_key(self, event: Key) -> None:
        outcome = self._editor.press(event.key, event.character if event.is_printable else None)
        if outcome == "ignored":
            return
        event.stop()
        event.prevent_default()
        if outcome in ("left", "kept"):
            self._end(self._text if outcome == "kept" else None)
        self.refresh()

    def on_paste(self, event: Paste) -> None:
        event.stop()
        self._editor.insert(event.text)
        self.refresh()

    def on_blur(self, event: Blur) -> None:
        # The whole terminal may have lost the focus: it comes back to where it was.
        if self.app.app_focus:
            self._end(None)

    def render_line(self, y: int) -> Strip:
        return draw_typed(self._question, self._editor, self.said, "muted", self.size.width, self.palette)

    @property
    def _text(self) -> str:
        return str(clean(self._editor.text, self._longest)).strip()

    def _end(self, text: str | None) -> None:
        if not self._ended:
            self._ended = True
            self.post_message(self.Ended(self._subject, self._field, text))
