"""The event log: one row a line, the newest last. Pure."""

from typing import get_args

from app.core.text import clean
from app.engine.protocol import LogLevel, LogLine, Snapshot
from app.ui import format as shown
from app.ui.panels.markets import waiting_sentence
from app.ui.panels.row_keys import told_apart
from app.ui.state import DeckView
from app.ui.theme import Role
from app.ui.widgets.columns import Cell, Column, Row, TableView

_LEVEL_ROLES: dict[LogLevel, Role] = {"info": "muted", "warning": "warning", "error": "alert"}
_LEVEL_RANKS: dict[LogLevel, int] = {level: rank for rank, level in enumerate(get_args(LogLevel))}
_COLUMNS = (
    Column("time", 8, "left", priority=1),
    Column("level", 7, "left", priority=2, ranked=True),
    Column("topic", 12, "left", priority=3),
    Column("event", 20, "left", flexible=True),
)


def log_view(view: DeckView) -> TableView:
    """The event log of a deck: its notices of the start, then events and what it said since, by time."""
    told = view.shown.log if view.shown is not None else ()
    lines = (*view.notices, *sorted((*told, *view.notes), key=lambda line: line.wall_ms))
    empty = "Nothing has happened yet that is worth a line." if view.shown is not None else waiting_sentence(view)
    return TableView(f"Events {len(lines)} · UTC", _COLUMNS, _rows(lines), empty)


def no_note(_: DeckView) -> tuple[str, Role]:
    """Nothing is said of all events: the lines below them are for one that is cut."""
    return "", "muted"


def newest_line(snapshot: Snapshot) -> str:
    """The newest event as one text, for where there is room for one."""
    if not snapshot.log:
        return ""
    line = snapshot.log[-1]
    return f"{shown.clock(line.wall_ms)} {clean(line.topic, 24)}: {clean(line.text, 300)}"


def _rows(lines: tuple[LogLine, ...]) -> tuple[Row, ...]:
    rows: list[Row] = []
    keys = told_apart([f"{line.wall_ms} {line.topic} {line.text}" for line in lines])
    for line, key in zip(lines, keys, strict=True):
        values = (line.wall_ms, _LEVEL_RANKS[line.level], line.topic, line.text)
        name = f"{shown.clock(line.wall_ms)} {clean(line.topic, 24)}"
        rows.append(Row(key, _cells(line), values=values, name=name))
    return tuple(rows)


def _cells(line: LogLine) -> tuple[Cell, ...]:
    role = _LEVEL_ROLES[line.level]
    return (
        Cell(shown.clock(line.wall_ms), "muted", shown.moment(line.wall_ms)),
        Cell(line.level.upper(), role),
        Cell(clean(line.topic, 24), "accent"),
        Cell(clean(line.text, 2_000), "text" if line.level == "info" else role),
    )
