"""Arrangements of the deck that a user saves and brings back: what is open, alone, sorted, filtered, in which theme."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from app.config.files import read_small
from app.config.whole_files import write_whole
from app.core.errors import ConfigError, DataError, UsageError
from app.core.text import clean
from app.markets.candles import Interval

MOST = 9
LONGEST_NAME = 24
_MAXIMUM_BYTES = 256 * 1024
_Text = Annotated[str, Meta(max_length=256)]


class TableLayout(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a table is arranged; an empty `column` or `filter` means none."""

    column: _Text = ""
    descending: bool = True
    filter: _Text = ""


class Layout(msgspec.Struct, frozen=True, omit_defaults=True):
    """The deck at one moment. `alone` is the number of the panel that has the screen to itself, 0 for all of them.

    `coin` is the market that is opened, empty for the dashboard; `name` is what the user calls it.
    """

    name: _Text = ""
    theme: _Text = ""
    alone: Annotated[int, Meta(ge=0, le=9)] = 0
    coin: _Text = ""
    interval: Interval = "1m"
    tables: dict[_Text, TableLayout] = {}


_Layouts = Annotated[list[Layout], Meta(max_length=MOST)]


class Shelf:
    """The saved layouts, each under a name of its own, and which of them was saved or brought back last."""

    def __init__(self, layouts: Iterable[Layout] = ()) -> None:
        self.layouts: list[Layout] = []
        self._place = -1
        for layout in layouts:
            name = tidy_name(layout.name)
            self.layouts.append(replace(layout, name=name if name and name not in self.names else self.free_name()))

    @property
    def names(self) -> list[str]:
        """The names, in the order in which the layouts come back."""
        return [layout.name for layout in self.layouts]

    def free_name(self) -> str:
        """A name that no layout has."""
        numbers = range(1, len(self.layouts) + 2)
        return next(name for name in (f"layout {number}" for number in numbers) if name not in self.names)

    def next(self) -> tuple[int, Layout] | None:
        """The layout after the last one, with its number from 1; None when there is none."""
        if not self.layouts:
            return None
        self._place = (self._place + 1) % len(self.layouts)
        return self._place + 1, self.layouts[self._place]

    def take(self, name: str) -> Layout | None:
        """The layout of that name, from which `next` goes on; None when there is none."""
        if name not in self.names:
            return None
        self._place = self.names.index(name)
        return self.layouts[self._place]

    def keep(self, layout: Layout) -> int:
        """Save a layout in place of the one of its name, or after the others; its number.

        Raises `UsageError` for a new name when there are nine layouts.
        """
        if layout.name in self.names:
            self._place = self.names.index(layout.name)
            self.layouts[self._place] = layout
            return self._place + 1
        if len(self.layouts) >= MOST:
            raise UsageError(f"{MOST} layouts are saved, the most there can be; use one of their names or delete one")
        self.layouts.append(layout)
        self._place = len(self.layouts) - 1
        return self._place + 1

    def drop(self, name: str) -> bool:
        """Delete the layout of that name; whether there was one."""
        if name not in self.names:
            return False
        place = self.names.index(name)
        del self.layouts[place]
        self._place -= place <= self._place
        return True


def tidy_name(text: str) -> str:
    """A layout's name as it is kept: clean, without blanks at its ends, at most 24 cells."""
    return str(clean(text.strip(), LONGEST_NAME)).strip()


def load_layouts(path: Path) -> list[Layout]:
    """The layouts in a file; none where there is no file. Raises `DataError` for one that cannot be used."""
    try:
        return msgspec.json.decode(read_small(path, _MAXIMUM_BYTES), type=_Layouts)
    except FileNotFoundError:
        return []
    except (ConfigError, msgspec.MsgspecError, RecursionError) as error:
        reason = f"the saved layouts in {path.name} cannot be used ({error})"
        raise DataError(f"{reason}; correct the file or remove it") from error


def save_layouts(path: Path, layouts: Sequence[Layout]) -> None:
    """Write the layouts, for the user alone; the old file stays whole until the new one is. Raises `DataError`."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(path, msgspec.json.format(msgspec.json.encode(list(layouts))) + b"\n", 0o600)
    except OSError as error:
        raise DataError(f"the layouts could not be saved to {path.name}: {error.strerror}") from error
