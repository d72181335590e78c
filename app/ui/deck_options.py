"""What a user has chosen of the deck: a value that whoever starts it passes in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.ui.bell import BellLevel
from app.ui.widgets.candle_canvas import Marks
from app.ui.widgets.digit_flash import FlashLevel


@dataclass(frozen=True)
class DeckOptions:
    """Themes and keymaps are looked for in their folders, the earlier folder winning a name.

    `expected` is the word for the source that was asked for (LIVE, DEMO, TAPE), shown with a `?` until the engine
    answers; `watchlists` are saved filters of the markets (docs/questions.md); `layouts` is the file of saved layouts,
    None where they cannot be saved; `notices` are said when the deck starts.
    """

    theme: str = "tape"
    theme_folders: Sequence[Path] = ()
    keymap: str = "default"
    keymap_folders: Sequence[Path] = ()
    watchlists: Mapping[str, str] = field(default_factory=dict)
    flash: FlashLevel = "calm"
    bell: BellLevel = "off"
    marks: Marks = "blocks"
    layouts: Path | None = None
    expected: str = ""
    notices: Sequence[str] = ()
