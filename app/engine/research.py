"""What is tried on the past beside a run: the last backtest, and sweeps in processes of their own.

Nothing of it is an input: a run is the same whatever is swept beside it.
"""

import contextlib
import hashlib
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from app.config.locations import Locations, ensure
from app.config.settings import Settings
from app.core.clock import Clock
from app.core.errors import DataError
from app.core.text import clean
from app.engine.last_backtest import read_backtest
from app.engine.protocol_screen import BacktestRecord, ResearchView, StartSweep, StopSweep, SweepView
from app.engine.sweep_child import SweepChild, command

_REFUSED = ("-h", "--help", "--end-with-input", "--progress", "--json")
_DAY_NS = 86_400_000_000_000
_LONGEST_NAME = 24


class Found(NamedTuple):
    """The last backtest as the file was read; `stamp` tells whether it has changed since."""

    stamp: tuple[int, int] | None = None
    record: BacktestRecord | None = None
    trouble: str = ""


class Research:
    """One a engine; a sweep that runs ends with it."""

    def __init__(
        self, settings: Settings, locations: Locations, clock: Clock, source_words: str, processors: int
    ) -> None:
        """`source_words` are arguments by which a sweep finds this venue's bars; one processor is left to the deck."""
        self._settings, self._locations, self._clock = settings, locations, clock
        self._source_words = source_words
        self._workers = max(1, processors - 1)
        self._child: SweepChild | None = None
        self._found = Found()
        self.changed: Callable[[], None] = lambda: None

    @property
    def sweep(self) -> SweepView | None:
        """The newest sweep that was begun here."""
        return None if self._child is None else self._child.view

    def view(self) -> ResearchView:
        """The last backtest, read again when its file has changed."""
        self._look_at_backtest()
        record = self._found.record
        now_ms = self._clock.wall_ns() // 1_000_000
        return ResearchView(
            backtest=record,
            backtest_age_s=0 if record is None else max(0, now_ms - record.made_ms) // 1_000,
            backtest_trouble=self._found.trouble,
            source_words=self._source_words,
        )

    async def command(self, command_: StartSweep | StopSweep) -> tuple[bool, str]:
        """Begin a sweep or end it; whether it was done, and one sentence about it."""
        if isinstance(command_, StopSweep):
            return await self._stop_sweep()
        return await self._start_sweep(command_.arguments)

    async def stop(self) -> None:
        """End what runs."""
        if self._child is not None and self._child.runs:
            await self._child.stop()

    async def _start_sweep(self, arguments: str) -> tuple[bool, str]:
        if self._child is not None and self._child.runs:
            return False, "A sweep is running already"
        try:
            words = sweep_words(arguments)
            line = command((*self._given(words), *words))
        except (ValueError, DataError) as error:
            return False, f"No sweep was begun: {clean(str(error), 200)}"
        child = SweepChild(str(clean(shlex.join(words), 2_000)), self.changed)
        # Known before the first wait: whoever asks meanwhile is told that one runs.
        before, self._child = self._child, child
        try:
            await child.start(line)
        except (OSError, ValueError) as error:
            self._child = before
            why = error.strerror if isinstance(error, OSError) else clean(str(error), 120)
            return False, f"No sweep was begun: no process can be started ({why})"
        self.changed()
        return True, "The sweep has begun"

    async def _stop_sweep(self) -> tuple[bool, str]:
        child = self._child
        if child is None or not child.runs:
            return False, "No sweep is running"
        await child.stop()
        return True, f"The sweep has ended: {child.view.message}"

    def _given(self, words: Sequence[str]) -> list[str]:
        """What is said before the user's own words: settings in force, where bars are kept, how many workers."""
        given = [word for key, text in _settings_in_force(self._settings) for word in ("--set", f"{key}={text}")]
        flags = {word.partition("=")[0] for word in words}
        if flags.isdisjoint(("--workers", "--cluster")):
            given += ["--workers", str(self._workers)]
        coins = _values_after(words, "--asset")
        if len(coins) == 1 and "--keep" not in flags:
            given += ["--keep", str(self._kept_bars(coins[0], words))]
        return given

    def _kept_bars(self, coin: str, words: Sequence[str]) -> Path:
        """Where the bars of a market lie today: the same words find the same file, so that a sweep goes on."""
        folder = ensure(self._locations.sweep_bars)
        day = self._clock.wall_ns() // _DAY_NS
        origin = "\n".join((*_values_after(words, "--source"), *(word for word in words if "demo.seed" in word)))
        marked = hashlib.sha256(origin.encode()).hexdigest()[:8]
        for old in folder.glob("*.csv"):
            if not old.stem.endswith(f"-{day}"):
                # What cannot be removed harms nothing: its name is never asked for again.
                with contextlib.suppress(OSError):
                    old.unlink()
        name = "".join(letter if letter.isalnum() else "_" for letter in coin[:_LONGEST_NAME])
        source = (_values_after(words, "--source") or ["live"])[0]
        return folder / f"{name}-{'simulated' if source == 'demo' else source}-{marked}-{day}.csv"

    def _look_at_backtest(self) -> None:
        path = self._locations.last_backtest
        try:
            status = path.stat()
            stamp = (status.st_mtime_ns, status.st_size)
        except OSError:
            self._found = Found()
            return
        if stamp == self._found.stamp:
            return
        try:
            self._found = Found(stamp, read_backtest(path))
        except DataError as error:
            self._found = Found(stamp, None, str(error))


def sweep_words(text: str) -> list[str]:
    """The arguments of `tapedeck sweep` from a line. Raises `ValueError` for a line that cannot be one."""
    words = shlex.split(text)
    if words[:2] == ["tapedeck", "sweep"]:
        words = words[2:]
    if not words or not words[0].startswith("--"):
        raise ValueError("write arguments of `tapedeck sweep`, such as --asset ETH --grid KEY=A,B")
    refused = next((word for word in words if word.split("=")[0] in _REFUSED), None)
    if refused is not None:
        raise ValueError(f"{refused} has no use here; leave it out")
    return words


def _values_after(words: Sequence[str], flag: str) -> list[str]:
    """The values of a flag, as far as the next one."""
    for place, word in enumerate(words):
        if word == flag:
            rest = list(words[place + 1 :])
            ends = (number for number, each in enumerate(rest) if each.startswith("--"))
            return rest[: next(ends, len(rest))]
        if word.startswith(f"{flag}="):
            return [word.partition("=")[2]]
    return []


def _settings_in_force(settings: Settings) -> list[tuple[str, str]]:
    """All that trades depend on, as `--set` takes it: a sweep varies what the strategy beside it does."""
    from app.screener.trials import swept_keys

    told = []
    for key in swept_keys():
        section, _, name = key.partition(".")
        value = getattr(getattr(settings, section), name)
        told.append((key, _text(value)))
    return told


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
