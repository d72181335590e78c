"""The line at the bottom: the keys that matter here. A click on one does what the key does."""

from collections.abc import Sequence

from rich.cells import cell_len
from rich.segment import Segment
from textual.strip import Strip

from app.ui.actions import Action
from app.ui.widgets.lines import LineWidget, click_style


class Footer(LineWidget):
    """As many keys as fit, in the order given."""

    DEFAULT_CSS = "Footer { dock: bottom; height: 1; }"

    def __init__(self) -> None:
        super().__init__()
        self._actions: tuple[Action, ...] = ()

    def show(self, actions: Sequence[Action]) -> None:
        """Offer these actions."""
        if tuple(actions) != self._actions:
            self._actions = tuple(actions)
            self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        segments: list[Segment] = []
        left = width
        for action in self._actions:
            key, label = f" {action.shown_keys[0]} ", f"{action.label} "
            if cell_len(key + label) > left:
                break
            left -= cell_len(key + label)
            click = click_style(action.target)
            segments += [
                Segment(key, self.palette.style("accent") + click),
                Segment(label, self.palette.style("muted") + click),
            ]
        return self.strip(segments, width)
