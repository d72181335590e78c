"""The choice of what to silence, and of what to hear again. Pure."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from app.core.text import clean
from app.engine.protocol_whales import SilenceAlerts, SilenceOf, SilenceRow, WhaleAlertRow
from app.ui import format as shown
from app.ui.panels.wallets import wallet_name
from app.ui.widgets.columns import Cell, Column, Row, TableView

_MOST_TRADERS = 3
_COLUMNS = (
    Column("do", 10, "left"),
    Column("alerts of", 24, "left", priority=1, worded=True),
    Column("how long", 20, "left", priority=2, flexible=True, worded=True),
)


class Subject(NamedTuple):
    """What alerts can be silenced by: a coin, a kind of alert, or a trader."""

    of: SilenceOf
    name: str

    @property
    def words(self) -> str:
        """As a person reads it."""
        if self.of == "trader":
            return f"trader {wallet_name(self.name, '')}"
        name = str(clean(self.name, 40))
        return name if self.of == "coin" else f"kind {name.replace('_', ' ')}"


class Choice(NamedTuple):
    """A line of the choice, and the command behind it."""

    does: str
    subject: Subject
    how_long: str
    command: SilenceAlerts

    @property
    def key(self) -> str:
        """What stays with it when others come and go."""
        return f"{self.does} {self.subject.of} {self.subject.name}"


def subjects_of(alert: WhaleAlertRow) -> tuple[Subject, ...]:
    """What an alert can be silenced by."""
    traders = (Subject("trader", trader) for trader in alert.traders[:_MOST_TRADERS])
    return (Subject("coin", alert.coin), Subject("kind", alert.kind), *traders)


def choices_of(subjects: Sequence[Subject], silences: Sequence[SilenceRow]) -> tuple[Choice, ...]:
    """What can be done: silence the subjects, and take back what is silent."""
    silent = {Subject(one.of, one.name): one for one in silences}
    return (*_new(subjects, silent), *(_ending(subject, one) for subject, one in silent.items()))


def silences_view(choices: Sequence[Choice]) -> TableView:
    """The choice as a table."""
    rows = tuple(
        Row(choice.key, (Cell(choice.does, "accent"), Cell(choice.subject.words), Cell(choice.how_long, "muted")))
        for choice in choices
    )
    empty = "Nothing is silent. Put the cursor on an alert, or open one, to silence others like it."
    return TableView("Silence what?", _COLUMNS, rows, empty)


def is_silent(subject: Subject, silences: Sequence[SilenceRow]) -> bool:
    """Whether alerts of it are silenced."""
    return any((one.of, one.name) == subject for one in silences)


def _new(subjects: Sequence[Subject], silent: dict[Subject, SilenceRow]) -> Iterator[Choice]:
    for subject in subjects:
        before = silent.get(subject)
        if before is None:
            yield Choice("snooze", subject, "for a while", SilenceAlerts(subject.of, subject.name))
        if before is None or before.until_ms is not None:
            yield Choice("mute", subject, "until taken back", SilenceAlerts(subject.of, subject.name, for_good=True))


def _ending(subject: Subject, silence: SilenceRow) -> Choice:
    until = "muted" if silence.until_ms is None else f"until {shown.clock(silence.until_ms)[:5]} UTC"
    kept = f"{until}, {silence.silenced:,} silent"
    return Choice("hear again", subject, kept, SilenceAlerts(subject.of, subject.name, ends=True))
