"""The app under test: five tables, one painting timer, and keys that answer on the deck's own flash line."""

import asyncio
from collections.abc import Callable
from typing import ClassVar

import numpy as np
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal

from app.bench.keys import BEGIN, BEGUN, END, MARK, READY, marker
from app.bench.ui_cells import Cells
from app.bench.ui_meter import Measured, Meter
from app.bench.ui_panels import Kind, make_panels
from app.core.clock import Clock
from app.core.errors import TapedeckError
from app.engine.link import EngineLink
from app.engine.protocol import Snapshot
from app.ui.theme import default_palette
from app.ui.widgets.flash import Flash

_SEED = 1


def _binding(key: bytes, action: str) -> BindingType:
    return (key.decode(), action, action)


class BenchDeck(App[Measured], inherit_bindings=False):
    """Shows changes at `hz`; on a `link` it also takes snapshots, as the deck does.

    It says that it is ready when it has painted and, with a link, once frames arrive. Its result is what it measured
    between the two keys; without them it has none.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        _binding(MARK, "mark"),
        _binding(BEGIN, "begin"),
        _binding(END, "end"),
    ]
    ALLOW_SELECT = False
    CSS = "#panels { height: 23; } #panels > * { width: 1fr; height: 23; }"

    def __init__(
        self,
        kind: Kind,
        hz: float,
        clock: Clock,
        *,
        link: EngineLink | None = None,
        probe: bool = False,
        after_first_paint: Callable[[], object] | None = None,
    ) -> None:
        super().__init__()
        self._hz = hz
        self._link = link
        self._probe = probe
        self._after_first_paint = after_first_paint
        self.cells = Cells(np.random.default_rng(_SEED))
        self._panels = make_panels(kind, self.cells)
        self._flash = Flash()
        self._meter = Meter(clock)
        self._newest: Snapshot | None = None
        self._presses = 0
        self._unpainted = False
        self._tasks: list[asyncio.Task[None]] = []

    def compose(self) -> ComposeResult:
        yield Horizontal(*self._panels.widgets, id="panels")
        yield self._flash

    def on_mount(self) -> None:
        theme = default_palette().textual_theme()
        self.register_theme(theme)
        self.theme = theme.name
        self._panels.fill()
        self.call_after_refresh(self._start)

    def paint(self) -> None:
        """Change the numbers and show them."""
        self._panels.show(self.cells.step())
        self._meter.stepped()
        self._unpainted = True
        self.call_after_refresh(self._painted)

    def action_mark(self) -> None:
        """Say how many keys were pressed."""
        self._presses += 1
        self._flash.say(marker(self._presses).decode())

    def action_begin(self) -> None:
        """Begin to measure."""
        self._flash.say(BEGUN.decode())
        self._meter.begin(self._frames)

    def action_end(self) -> None:
        """Leave with what was measured."""
        self.exit(self._meter.end(self._frames, self._refused))

    @property
    def _frames(self) -> int:
        return sum(feed.received for feed in self._newest.feeds) if self._newest is not None else 0

    @property
    def _refused(self) -> int:
        return sum(feed.parse_errors for feed in self._newest.feeds) if self._newest is not None else 0

    def _painted(self) -> None:
        # Changes that reached the screen together were one picture.
        if self._unpainted:
            self._unpainted = False
            self._meter.painted()

    def _start(self) -> None:
        self.set_interval(1 / self._hz, self.paint)
        if self._probe:
            self._tasks.append(asyncio.create_task(self._meter.watch_loop()))
        if self._link is None:
            self._flash.say(READY.decode())
        else:
            self.run_worker(self._follow(self._link))
        if self._after_first_paint is not None:
            self._after_first_paint()

    async def _follow(self, link: EngineLink) -> None:
        await link.connect()
        waiting = True
        while (snapshot := await link.snapshot()) is not None:
            self._newest = snapshot
            if waiting and self._frames:
                waiting = False
                self._flash.say(READY.decode())
        raise TapedeckError("the engine under load has ended; run the benchmark again")
