"""What the lines above the footer share in which something is typed: keys, paste, and that they end once."""

from textual.events import Blur, Key, Paste
from textual.message import Message
from textual.strip import Strip

from app.core.text import clean
from app.ui.widgets.line_editor import LineEditor
from app.ui.widgets.lines import LineWidget
from app.ui.widgets.typed_line import draw_typed


class Prompt(LineWidget, can_focus=True):
    """Asks a question with a proposed answer in it, which typing replaces; the answer has at most `longest` characters.

    It posts one message when it ends: `kept` on enter, unless that is None and it stays open; `left` on escape, and
    when the focus goes elsewhere.
    """

    DEFAULT_CSS = "Prompt { dock: bottom; height: 1; margin-bottom: 1; }"

    def __init__(self, question: str, proposed: str, *, longest: int) -> None:
        super().__init__()
        self._question = f" {question}: "
        self._editor = LineEditor(proposed, longest=longest, selected=True)
        self._longest = longest
        self._ended = False

    @property
    def typed(self) -> str:
        """What stands there now, cleaned, without blanks around it."""
        return str(clean(self._editor.text, self._longest)).strip()

    @property
    def said(self) -> str:
        """What enter would do."""
        raise NotImplementedError

    def kept(self) -> Message | None:
        """What enter ends with; None where what is typed will not do."""
        raise NotImplementedError

    def left(self) -> Message:
        """What it ends with when everything is to stay as it was."""
        raise NotImplementedError

    def check_consume_key(self, key: str, character: str | None) -> bool:
        return character is not None and character.isprintable()

    def on_key(self, event: Key) -> None:
        outcome = self._editor.press(event.key, event.character if event.is_printable else None)
        if outcome == "ignored":
            return
        event.stop()
        event.prevent_default()
        if outcome in ("kept", "left"):
            self._end(self.kept() if outcome == "kept" else self.left())
        self.refresh()

    def on_paste(self, event: Paste) -> None:
        event.stop()
        self._editor.insert(event.text)
        self.refresh()

    def on_blur(self, event: Blur) -> None:
        # The whole terminal may have lost the focus: it comes back to where it was.
        if self.app.app_focus:
            self._end(self.left())

    def render_line(self, y: int) -> Strip:
        return draw_typed(self._question, self._editor, self.said, "muted", self.size.width, self.palette)

    def _end(self, message: Message | None) -> None:
        if message is not None and not self._ended:
            self._ended = True
            self.post_message(message)
