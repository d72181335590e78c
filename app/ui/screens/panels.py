"""A screen of several panels: one in focus, all of them in view or that one alone."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.events import DescendantFocus, Resize
from textual.widget import Widget

from app.ui.actions import bindings
from app.ui.screens.base import DeckScreen
from app.ui.theme import Palette

_ALONE_BELOW_WIDTH = 80
_ALONE_BELOW_HEIGHT = 20


class PanelScreen(DeckScreen):
    """Its panels can be gone through, and each can have the screen to itself; on a small screen one always has it."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("panels")

    def __init__(self, palette: Palette) -> None:
        super().__init__(palette)
        self.maximised = False
        self._current: Widget | None = None

    def named_panels(self) -> Mapping[str, Widget]:
        """The panels by what they are called, in the order of their numbers."""
        raise NotImplementedError

    def panels(self) -> Sequence[Widget]:
        """The panels in the order of their numbers."""
        return tuple(self.named_panels().values())

    @property
    def panel_names(self) -> tuple[str, ...]:
        """What the panels are called, in the order of their numbers."""
        return tuple(self.named_panels())

    @property
    def alone(self) -> bool:
        """Whether one panel has the screen to itself."""
        small = self.size.width < _ALONE_BELOW_WIDTH or self.size.height < _ALONE_BELOW_HEIGHT
        return self.maximised or small

    @property
    def number_alone(self) -> int:
        """The number of the panel that was given the screen; 0 when none was."""
        return self._place() + 1 if self.maximised else 0

    @property
    def next_panel_name(self) -> str:
        """The panel after the one in focus, where that has the screen to itself."""
        names = self.panel_names
        return names[(self._place() + 1) % len(names)] if self.alone else ""

    def go_to(self, number: int) -> None:
        """Put the focus on a panel by its number."""
        self._go_to(self.panels()[number - 1])

    def focus_first(self) -> None:
        self._go_to(self.panels()[0])

    def on_resize(self, event: Resize) -> None:
        self._arrange()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        if event.widget in self.panels():
            self._current = event.widget
            self._arrange()

    def action_next_panel(self, steps: int) -> None:
        """Put the focus on the panel that many further."""
        panels = self.panels()
        self._go_to(panels[(self._place() + steps) % len(panels)])

    def action_panel(self, number: int) -> None:
        """Give the screen to one panel; 0 brings all of them back."""
        panels = self.panels()
        if number > len(panels):
            self.flash.say(f"There are {len(panels)} panels here.", "warning")
            return
        self.maximised = number > 0
        self._go_to(panels[number - 1] if number else panels[self._place()])

    def action_maximise(self) -> None:
        """Give the screen to the panel in focus, or bring the others back."""
        self.maximised = not self.maximised
        self._arrange()

    def lay_out(self, *, alone: bool) -> None:
        """Lay the panels out anew; `alone` when only one of them is shown."""

    def _place(self) -> int:
        panels = self.panels()
        return panels.index(self._current) if self._current in panels else 0

    def _go_to(self, panel: Widget) -> None:
        self._current = panel
        self._arrange()
        self.set_focus(panel)

    def _arrange(self) -> None:
        alone, panels = self.alone, self.panels()
        hidden = [panel for panel in panels if not panel.display]
        for panel in panels:
            panel.display = not alone or panel is self._current
        self.lay_out(alone=alone)
        if any(panel.display for panel in hidden):
            # What was not in view was not drawn.
            self.redraw()
