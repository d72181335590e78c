"""The line above the footer in which a name is typed for what is to be saved."""

from collections.abc import Callable, Collection

from textual.message import Message

from app.ui.widgets.prompt import Prompt


class NamePrompt(Prompt):
    """Asks for a name.

    `tidy` makes a name of what is typed, `taken` are those that would be replaced. With no room for a `new` name only
    those that are taken can be chosen.
    """

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
        super().__init__(question, proposed, longest=longest)
        self._taken = taken
        self._new = new
        self._tidy = tidy

    @property
    def said(self) -> str:
        name = self._typed
        if not name:
            return "enter saves nothing"
        if name in self._taken:
            return "enter replaces it · esc leaves"
        return (
            "enter saves · esc leaves"
            if self._new
            else f"full; delete one in the palette or use {', '.join(self._taken)}"
        )

    def kept(self) -> Message | None:
        name = self._typed
        return self.Ended(name) if self._new or not name or name in self._taken else None

    def left(self) -> Message:
        return self.Ended("")

    @property
    def _typed(self) -> str:
        return self._tidy(self._editor.text)
