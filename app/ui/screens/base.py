"""What every screen of the deck shares: header, body, flash line and footer."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen

from app.core.text import clean
from app.engine.protocol import JobName, LookAt
from app.engine.protocol_screen import LookAtScreener
from app.ui.actions import ACTIONS, Action, ScreenName
from app.ui.jobs import JOBS, running
from app.ui.offered_actions import footer_actions
from app.ui.panels.event_log import newest_line
from app.ui.panels.scalper import status_line
from app.ui.panels.status import header_words
from app.ui.state import DeckView
from app.ui.theme import Palette, Role
from app.ui.widgets.arranged_table import ArrangedTable
from app.ui.widgets.candle_chart import CandleChart
from app.ui.widgets.columns import Column, Row, TableView
from app.ui.widgets.digit_flash import FlashLevel
from app.ui.widgets.equity_curve import EquityCurve
from app.ui.widgets.flash import Flash
from app.ui.widgets.footer import Footer
from app.ui.widgets.header import Header
from app.ui.widgets.lines import LineWidget
from app.ui.widgets.live_table import LiveTable
from app.ui.widgets.noted_table import NotedTable
from app.ui.widgets.timeline import Timeline

_log = logging.getLogger(__name__)
_STATUS_FROM_WIDTH = 120
FOR_ALERTS = frozenset({"alert-snooze", "alert-silence"})
"""What changes which alerts are told."""
_FOR_WALLETS = frozenset(
    {"wallet-accept", "wallet-reject", "wallet-new", "wallet-follow", "wallet-alias", "wallet-tag", "wallet-note"}
    | {"wallet-profile", "scan-sources"}
)
_NOT_ON_TAPES = (
    frozenset({"refresh", "read", "record", "paper-long", "paper-short", "paper-close", "paper-flip", "sweep"})
    | FOR_ALERTS
    | _FOR_WALLETS
)
"""What a tape refuses: it shows what was recorded."""
_STEERING = frozenset({"metrics", "pause", "slower", "faster"}) | _NOT_ON_TAPES


@dataclass(frozen=True)
class Panel:
    """A live table on a screen: its id, and what makes its view of the deck. One that `follows` keeps to its end,
    one that `leads` to its beginning.

    `name` is what footer and palette call it, where it is one of a screen's panels; `job` is the work that can be begun
    by hand on it; `coin_of` names the coin a row is about, where it is about one, `wallet_of` the address of its
    wallet, `trader_of` that of its trader; `note` is what stands below its rows, and in which role, and `spared` how
    many lines a long list leaves it.
    """

    id: str
    view: Callable[[DeckView], TableView]
    name: str = ""
    follows: bool = False
    job: JobName | None = None
    coin_of: Callable[[Row], str] | None = None
    note: Callable[[DeckView], tuple[str, Role]] | None = None
    wallet_of: Callable[[Row], str] | None = None
    trader_of: Callable[[Row], str] | None = None
    leads: bool = False
    spared: int = 1


@dataclass(frozen=True)
class Selection:
    """A row of a panel, with the columns its cells stand under, and all rows the panel shows."""

    panel: Panel
    columns: tuple[Column, ...]
    row: Row
    rows: tuple[Row, ...]

    @property
    def coin(self) -> str:
        """The coin the row is about; empty when it is about none."""
        return self.panel.coin_of(self.row) if self.panel.coin_of is not None else ""

    @property
    def wallet(self) -> str:
        """The address of the wallet the row is about; empty when it is about none."""
        return self.panel.wallet_of(self.row) if self.panel.wallet_of is not None else ""

    @property
    def trader(self) -> str:
        """The address of the followed trader the row is about; empty when it is about none."""
        return self.panel.trader_of(self.row) if self.panel.trader_of is not None else ""


class DeckScreen(Screen[None], inherit_bindings=False):
    """A screen made of panels between the header and the footer. The app gives it `actions` with the keymap's keys."""

    PANELS: ClassVar[tuple[Panel, ...]] = ()
    NAME: ClassVar[ScreenName] = "dashboard"
    BINDINGS: ClassVar[list[BindingType]] = []
    DEFAULT_CSS = """
    DeckScreen { background: $background; }
    DeckScreen.-narrow LiveTable { border: none; border-top: solid $border; }
    DeckScreen.-narrow LiveTable:focus { border: none; border-top: solid $accent 40%; }
    DeckScreen.-short LiveTable { border: none; border-top: solid $border; }
    DeckScreen.-short LiveTable:focus { border: none; border-top: solid $accent 40%; }
    """

    def __init__(self, palette: Palette) -> None:
        super().__init__()
        self.actions: Sequence[Action] = ACTIONS
        self.flash = Flash()
        self._header = Header()
        self._footer = Footer()
        self._timeline = Timeline()
        self._tables = [(_new_table(panel), panel) for panel in self.PANELS]
        self._palette = palette
        self._failed: set[str] = set()
        self._drawn_view = DeckView()
        self._drawn_as: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        yield self._header
        yield from self.compose_body()
        yield self._timeline
        yield self.flash
        yield self._footer

    def compose_body(self) -> ComposeResult:
        """The widgets between header and flash line."""
        for table, _ in self._tables:
            yield table

    def on_mount(self) -> None:
        self.set_palette(self._palette)
        self.focus_first()

    def focus_first(self) -> None:
        """Put the focus where a reader of this screen begins."""
        for table in self.query(LiveTable).results(LiveTable):
            self.set_focus(table)
            break

    def flash_digits(self, level: FlashLevel) -> None:
        """How strongly digits light up that just moved."""
        for table, _ in self._tables:
            table.flash_level = level

    def tables(self) -> list[ArrangedTable]:
        """The tables that a person may arrange."""
        return [table for table, _ in self._tables]

    def clear_filter(self) -> bool:
        """Show all rows of the table in focus again; whether there was a filter."""
        table = next((table for table in self.tables() if table is self.focused and table.filter_text), None)
        if table is not None:
            table.filter_text = ""
        return table is not None

    def on_arranged_table_said(self, event: ArrangedTable.Said) -> None:
        self.flash.say(event.text, "warning")

    def set_palette(self, palette: Palette) -> None:
        """Draw the screen in another theme."""
        self._palette = palette
        for widget in self.query(LineWidget):
            widget.set_palette(palette)

    def show(self, view: DeckView) -> None:
        """Bring every line up to date; called by the app's one timer."""
        self._header.show(header_words(view))
        playback = view.newest.playback if view.newest is not None else None
        self._footer.show(
            footer_actions(
                self.NAME,
                playback,
                self.actions,
                self._job_label(view),
                next_panel=self.next_panel_name,
                idle=self.idle_actions(view),
            )
        )
        self._timeline.show(playback)
        if view.newest is not None:
            self.flash.idle(newest_line(view.newest), _right_words(view, self.size.width))
        news = (view.lag_ms, view.outdated, view.connection, *self.drawn_for())
        # Snapshots are told apart by identity: comparing two of them costs more than drawing one.
        if view.shown is not self._drawn_view.shown or news != self._drawn_as:
            self._drawn_view, self._drawn_as = view, news
            self.redraw()

    def key(self, action_id: str) -> str:
        """The key of an action, as a person reads it."""
        return next(action.shown_keys[0] for action in self.actions if action.id == action_id)

    @property
    def next_panel_name(self) -> str:
        """The panel that is not in view and one key away; empty where all are in view."""
        return ""

    def idle_actions(self, view: DeckView) -> frozenset[str]:
        """Ids of the actions that have nothing to act on now.

        Of an engine that is gone those are all that steer it; of a tape, those that would change what was recorded.
        """
        if view.connection in ("ended", "failed"):
            return _STEERING
        is_recorded = view.newest is not None and view.newest.source.mode == "tape"
        return _NOT_ON_TAPES if is_recorded else frozenset()

    @property
    def look(self) -> LookAt | None:
        """What this screen needs to see of one coin; None for one that shows no coin in detail."""
        return None

    @property
    def wallet(self) -> str:
        """The address of the wallet this screen shows opened up; empty for none."""
        return ""

    @property
    def trader(self) -> str:
        """The address of the followed trader this screen shows opened up; empty for none."""
        return ""

    @property
    def alert(self) -> str:
        """The id of the alert this screen shows opened up; empty for none."""
        return ""

    @property
    def token(self) -> str:
        """The mint of the token this screen shows opened up; empty for none."""
        return ""

    @property
    def screener(self) -> LookAtScreener | None:
        """What this screen needs to see of the screener; None for one that shows nothing of it."""
        return None

    def job(self) -> JobName | None:
        """The work that can be begun by hand on the panel in focus."""
        return next((panel.job for table, panel in self._tables if table is self.focused), None)

    def _job_label(self, view: DeckView) -> str:
        """What the key for work by hand does now; empty when it does nothing, as on a tape."""
        name = self.job()
        if name is None or view.newest is None or view.newest.source.mode == "tape":
            return ""
        return "cancel" if running(view.newest.jobs, name) else JOBS[name].label

    def drawn_for(self) -> tuple[object, ...]:
        """What else than the view decides how the panels are drawn."""
        return (self.size.width,)

    def show_panels(self, view: DeckView) -> None:
        """Bring the tables up to date that are in view; the others are when they come into it."""
        for table, panel in self._tables:
            if table.display:
                self.draw(panel.id, partial(_show, table, panel, view), partial(show_failure, table))

    def redraw(self) -> None:
        """Draw the panels once more, as of what was shown last; nothing before anything was."""
        if self._drawn_as:
            self.draw("screen", lambda: self.show_panels(self._drawn_view), self._fail)

    def draw(self, part: str, show: Callable[[], None], fail: Callable[[str], None]) -> None:
        """Draw one part of the screen; one that failed says so in its own frame, and is left alone until `retry`."""
        if part in self._failed:
            return
        try:
            show()
        except Exception as error:  # noqa: BLE001 - the last barrier of a panel: told in its frame, and logged
            _log.exception("panel %s failed", part)
            self._failed.add(part)
            key = self.key("retry")
            fail(f"This panel failed: {clean(repr(error), 160)}. {key} draws it again; the log tells the rest.")

    def _fail(self, text: str) -> None:
        """Say in every frame that nothing more is drawn: what stands there could be taken for the present."""
        for widget in self.query(LineWidget):
            if isinstance(widget, LiveTable):
                show_failure(widget, text)
            elif isinstance(widget, CandleChart | EquityCurve):
                widget.fail(text)
        self.flash.say(text, "warning")

    def retry(self) -> bool:
        """Draw again what failed; whether anything had."""
        any_failed = bool(self._failed)
        self._failed.clear()
        self._drawn_as = ()
        return any_failed

    def selection(self) -> Selection | None:
        """The row under the cursor of the table in focus."""
        for table, panel in self._tables:
            if table is self.focused and table.row is not None:
                return Selection(panel, table.view.columns, table.row, table.view.rows)
        return None


def _new_table(panel: Panel) -> ArrangedTable:
    kind = ArrangedTable if panel.note is None else NotedTable
    table = kind(panel.view(DeckView()), follows=panel.follows, leads=panel.leads, id=panel.id)
    if isinstance(table, NotedTable):
        table.spared = panel.spared
    return table


def _show(table: LiveTable, panel: Panel, view: DeckView) -> None:
    table.show(panel.view(view))
    if isinstance(table, NotedTable) and panel.note is not None:
        table.note(*panel.note(view))


def _right_words(view: DeckView, width: int) -> str:
    """What stands at the right end of the flash line; the scalper's status only where an event has room beside it."""
    filed = view.newest.calls_filed if view.newest is not None else 0
    status = status_line(view) if width >= _STATUS_FROM_WIDTH else ""
    return "  ".join(filter(None, (status, f"{filed:,} calls filed" if filed else "")))


def show_failure(table: LiveTable, text: str) -> None:
    """Say in a table's own frame that it could not be drawn."""
    table.show(TableView(f"{table.id or 'panel'} · FAILED", (), (), text))
