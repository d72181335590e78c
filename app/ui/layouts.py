"""Arrangements of the deck that a user saves and brings back: what is open, alone, sorted, filtered, in which theme."""

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from app.config.files import read_small
from app.core.errors import ConfigError, DataError

MOST = 9
_MAXIMUM_BYTES = 256 * 1024
_Text = Annotated[str, Meta(max_length=256)]
Interval = Literal["1s", "1m", "5m", "15m", "1h"]
"""The lengths of candles there are, shortest first."""


class TableLayout(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a table is arranged; an empty `column` or `filter` means none."""

    column: _Text = ""
    descending: bool = True
    filter: _Text = ""


class Layout(msgspec.Struct, frozen=True, omit_defaults=True):
    """The deck at one moment. `alone` is the number of the panel that has the screen to itself, 0 for all of them.

    `coin` is the market that is opened, empty for the dashboard.
    """

    theme: _Text = ""
    alone: Annotated[int, Meta(ge=0, le=9)] = 0
    coin: _Text = ""
    interval: Interval = "1m"
    tables: dict[_Text, TableLayout] = {}


_Layouts = Annotated[list[Layout], Meta(max_length=MOST)]


class Shelf:
    """The saved layouts, and which of them was brought back last."""

    def __init__(self, layouts: Sequence[Layout] = ()) -> None:
        self.layouts = list(layouts)
        self._place = -1

    def next(self) -> tuple[int, Layout] | None:
        """The layout after the last one, with its number from 1; None when there is none."""
        if not self.layouts:
            return None
        self._place = (self._place + 1) % len(self.layouts)
        return self._place + 1, self.layouts[self._place]

    def keep(self, layout: Layout) -> int:
        """Save a layout; its number. A full shelf gives it the place of the one brought back last."""
        if layout in self.layouts:
            self._place = self.layouts.index(layout)
        elif len(self.layouts) < MOST:
            self.layouts.append(layout)
            self._place = len(self.layouts) - 1
        else:
            self._place = max(self._place, 0)
            self.layouts[self._place] = layout
        return self._place + 1


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
    new = path.with_suffix(".new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            new.unlink()
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(list(layouts))) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        raise DataError(f"the layouts could not be saved to {path.name}: {error.strerror}") from error
