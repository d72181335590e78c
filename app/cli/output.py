"""What commands print: data on stdout, talk on stderr. Colours, bars and widths follow the terminal.

Nothing here reads markup: texts from outside are cleaned and printed as they are. Rich itself heeds `NO_COLOR` and
`TERM=dumb`.
"""

import csv
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
from rich.console import Console as RichConsole
from rich.text import Text

from app.core.clock import Clock
from app.core.text import clean

SCHEMA_VERSION = 1
_WIDEST_LINE = 1_000
_WIDEST_CELL = 200

_LINE_EVERY_NS = 200_000_000

Advance = Callable[[float], None]


class ProgressLine(msgspec.Struct, frozen=True, kw_only=True, tag="progress", tag_field="kind"):
    """How far a command is: `done` of `total`; seconds so far, and those that may be left (None: not known yet)."""

    label: str
    done: float
    total: float
    elapsed_s: float
    left_s: float | None


class Console(RichConsole):
    """A console that lets `main` decide what a reader who left means."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def print_json(value: Mapping[str, Any] | msgspec.Struct) -> None:
    """One object on one line of stdout, with `schema_version` first. NaN and infinities become null."""
    sys.stdout.write(encode_json(value).decode() + "\n")


def encode_json(value: Mapping[str, Any] | msgspec.Struct) -> bytes:
    """The object `print_json` prints."""
    fields = msgspec.to_builtins(value) if isinstance(value, msgspec.Struct) else dict(value)
    return msgspec.json.encode({"schema_version": SCHEMA_VERSION, **fields}, enc_hook=str)


def print_line(text: str, style: str = "") -> None:
    """One line of data for people, cleaned, never wrapped."""
    _print(Console(highlight=False), text, style)


def print_paragraph(text: str) -> None:
    """A sentence or several for people: on a terminal broken between words, else one line."""
    console = Console(highlight=False)
    lines = textwrap.wrap(clean(text, _WIDEST_LINE), console.width) if console.is_terminal else [text]
    for line in lines or [""]:
        _print(console, line)


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], styles: Mapping[str, str] | None = None) -> None:
    """A table on stdout. `styles` gives the style of a cell by its text; without a terminal, columns are tab separated.

    Numbers are the caller's to format; a column whose name starts with `>` is set flush right.
    """
    console = Console(highlight=False)
    names = [name.removeprefix(">") for name in columns]
    if not console.is_terminal:
        for row in (names, *rows):
            sys.stdout.write("\t".join(clean(cell, _WIDEST_LINE) for cell in row) + "\n")
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column, name in zip(columns, names, strict=True):
        table.add_column(name, justify="right" if column.startswith(">") else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(clean(cell, _WIDEST_CELL), style=(styles or {}).get(cell, "")) for cell in row))
    console.print(table)


def print_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Rows on stdout as CSV under the names of their columns."""
    writer = csv.writer(sys.stdout)
    writer.writerow(columns)
    writer.writerows(map(csv_cell, row) for row in rows)


def csv_cell(value: object) -> str | int | float:
    """A value as a cell: numbers as they are, None as nothing, texts cleaned.

    A spreadsheet runs a text that begins with `=`, `+`, `-` or `@`: an apostrophe before it makes it a text there, as
    OWASP advises (CSV Injection).
    """
    if isinstance(value, int | float):
        return value
    text = "" if value is None else clean(str(value), _WIDEST_LINE)
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def say(text: str, *, quiet: bool = False) -> None:
    """A line of talk on stderr, unless `quiet`."""
    if not quiet:
        _print(Console(stderr=True, highlight=False), text)


def print_error(message: str) -> None:
    """An error on stderr, each of its lines cleaned."""
    console = Console(stderr=True, highlight=False)
    for line in message.splitlines() or [""]:
        _print(console, line, lead=("error: ", "bold red"))


def _print(console: Console, text: str, style: str = "", lead: tuple[str, str] = ("", "")) -> None:
    console.print(Text.assemble(lead, (clean(text, _WIDEST_LINE), style)), soft_wrap=True)


@contextmanager
def progress_lines(label: str, total: float, clock: Clock) -> Iterator[Advance]:
    """As `progress`, for programs: `ProgressLine`s as JSON on stderr, five a second at most, and one at each end."""
    begun_ns = told_ns = clock.monotonic_ns()
    name = clean(label)

    def tell(done: float, now_ns: int) -> None:
        elapsed_s = (now_ns - begun_ns) / 1e9
        left_s = elapsed_s * (total - done) / done if done else None
        line = ProgressLine(label=name, done=done, total=total, elapsed_s=elapsed_s, left_s=left_s)
        sys.stderr.write(msgspec.json.encode(line).decode() + "\n")
        sys.stderr.flush()

    def advance(done: float) -> None:
        nonlocal told_ns
        now_ns = clock.monotonic_ns()
        if done >= total or now_ns - told_ns >= _LINE_EVERY_NS:
            told_ns = now_ns
            tell(done, now_ns)

    tell(0, begun_ns)
    yield advance


@contextmanager
def progress(label: str, total: float | None, *, quiet: bool = False) -> Iterator[Advance]:
    """A bar on stderr while the block runs, only on a terminal; call what it gives with the amount done so far."""
    console = Console(stderr=True, highlight=False)
    if quiet or not console.is_terminal or console.is_dumb_terminal:
        yield lambda _done: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(clean(label), total=total)
        yield lambda done: bar.update(task, completed=done)
