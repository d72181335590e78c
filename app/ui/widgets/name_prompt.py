"""The line above the footer in which a name is typed for what is to be saved."""

from collections.abc import Callable, Collection

from textual.events import Blur, Key, Paste
from textual.message import Message
from textual.strip import Strip

from app.ui.widgets.line_editor import LineEditor
from app.ui.widgets.lines import LineWidget
from app.ui.widgets.typed_line import draw_typed


class NamePrompt(LineWidget, can_focus=True):
    """Asks for a name with a proposal in it, which typing replaces; ends with `Ended`, once.

    `tidy` makes a name of what is typed, `taken` are those that would be replaced, `longest` is in characters. With
    no room for a `new` name only those that are taken can be chosen.
    """

    DEFAULT_CSS = "NamePrompt { dock: bottom; height: 1; margin-bottom: 1; }"

    class Ended(Message):
        """A name was chosen; an empty one means that nothing is to be saved."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(
        self,
        question: str,
        proposed: str,
        *,
        taken: Collection[str],
        new: bool,
        longest: int,
        tidy: Callable[[str], str],
    ) -> None:
        super().__init__()
        self._question = f" {question}: "
        self._editor = LineEditor(proposed, longest=longest, selected=True)
        self._taken = taken
        self._new = new
        self._tidy = tidy
        self._ended = False

    @property
    def said(self) -> str:
        """What enter would do."""
        name = self._tidy(self._editor.text)
        if not name:
            return "enter saves nothing"
        if name in self._taken:
            return "enter replaces it · esc leaves"
        return (
            "enter saves · esc leaves"
            if self._new
            else f"full; delete one in the palette or use {', '.join(self._taken)}"
        )

    def check_consume_key(self, key: str, character: str | None) -> bool:
        return character is not None and character.isprintable()

    def on_key(self, event: Key) -> None:
        outcome = self._editor.press(event.key, event.character if event.is_printable else None)
        if outcome == "ignored":
            return
        event.stop()
        event.prevent_default()
        name = self._tidy(self._editor.text) if outcome == "kept" else ""
        if outcome == "left" or (outcome == "kept" and (self._new or not name or name in self._taken)):
            self._end(name)
        self.refresh()

    def on_paste(self, event: Paste) -> None:
        event.stop()
        self._editor.insert(event.text)
        self.refresh()

    def on_blur(self, event: Blur) -> None:
        # The whole terminal may have lost the focus: it comes back to where it was.
        if self.app.app_focus:
            self._end("")

    def render_line(self, y: int) -> Strip:
        return draw_typed(self._question, self._editor, self.said, "muted", self.size.width, self.palette)

    def _end(self, name: str) -> None:
        if not self._ended:
            self._ended = True
            self.post_message(self.Ended(name))
