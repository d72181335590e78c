"""The player in virtual time: nothing here waits."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, Self

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tape_samples import START_NS, numbered_records, write_tape

from app.core.clock import ManualClock
from app.core.errors import DataError, UsageError
from app.core.playback import Playback
from app.core.record import Kind, Record
from app.feeds.tape.format import Session
from app.feeds.tape.player import Player
from app.feeds.tape.reader import TapeReader

SECOND_NS = 10**9


class ListRecording:
    """A recording in memory; playing begins at `begins_ns` where given."""

    form = "list"
    damage = ""
    session = Session(created_wall_ns=START_NS, mode="demo", label="")

    def __init__(self, seconds: list[float], begins_s: float | None = None) -> None:
        self._records = [
            Record(n, START_NS + round(at * SECOND_NS), n, 1, Kind.FRAME, b"") for n, at in enumerate(seconds)
        ]
        begin = seconds[0] if begins_s is None else begins_s
        self.start_ns = START_NS + round(begin * SECOND_NS)
        self.end_ns = max(record.wall_ns for record in self._records)

    def records(self) -> Iterator[Record]:
        return iter(self._records)


class Stage:
    """A player on a virtual clock, and what it has dispatched: (virtual second, sequence), or "restart"."""

    def __init__(self, recording: ListRecording, speed: float | None, *, hold: bool = True) -> None:
        self.clock = ManualClock()
        self.log: list[Any] = []
        self.on_dispatch: Callable[[Record], None] = lambda record: None
        self._sleepers: list[tuple[int, asyncio.Future[None]]] = []
        self.player = Player(
            recording,
            self._dispatch,
            speed=speed,
            clock=self.clock,
            restart=lambda: self.log.append("restart"),
            sleep=self._sleep,
            hold=hold,
        )

    @property
    def sequences(self) -> list[int | str]:
        return [entry if isinstance(entry, str) else entry[1] for entry in self.log]

    def _dispatch(self, record: Record) -> None:
        self.log.append((self.clock.monotonic_ns() / SECOND_NS, record.sequence))
        self.on_dispatch(record)

    def _sleep(self, seconds: float) -> Awaitable[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.clock.monotonic_ns() + round(seconds * SECOND_NS), future))
        return future

    async def pass_time(self, seconds: float) -> None:
        """Let `seconds` pass, waking each sleeper when it is due."""
        end = self.clock.monotonic_ns() + round(seconds * SECOND_NS)
        while True:
            await self._settle()
            self._sleepers = [entry for entry in self._sleepers if not entry[1].done()]
            due = min((entry for entry in self._sleepers if entry[0] <= end), key=lambda entry: entry[0], default=None)
            if due is None:
                break
            self._move_clock(due[0])
            due[1].set_result(None)
        self._move_clock(end)

    def _move_clock(self, monotonic_ns: int) -> None:
        self.clock.advance(max(0, monotonic_ns - self.clock.monotonic_ns()) / SECOND_NS)

    async def _settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self.player.run())
        await self.pass_time(0)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task.cancel():
            with pytest.raises(asyncio.CancelledError):
                await self._task


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("speed", "times"), [(1, [0, 1, 1.5, 61.5]), (10, [0, 0.1, 0.15, 6.15]), (0.5, [0, 2, 3, 123])]
)
async def test_distances_are_divided_by_the_speed(speed: float, times: list[float]) -> None:
    async with Stage(ListRecording([0, 1, 1.5, 61.5]), speed) as stage:
        await stage.pass_time(200)
        assert stage.log == [(pytest.approx(at), number) for number, at in enumerate(times)]


@pytest.mark.asyncio
async def test_full_speed_waits_for_nothing() -> None:
    async with Stage(ListRecording([0, 3600, 7200]), None) as stage:
        assert stage.log == [(0, 0), (0, 1), (0, 2)]
        assert stage.player.view().ended


@pytest.mark.asyncio
async def test_full_speed_gives_the_loop_back_every_two_milliseconds() -> None:
    bursts: list[tuple[float, int]] = []

    async def count(seconds: float) -> None:
        bursts.append((seconds, len(seen)))

    seen: list[Record] = []
    clock = ManualClock()

    def dispatch(record: Record) -> None:
        seen.append(record)
        clock.advance(0.001)

    recording = ListRecording([float(n) for n in range(6)])
    await Player(recording, dispatch, speed=None, clock=clock, restart=seen.clear, sleep=count).run()
    assert bursts == [(0, 2), (0, 4), (0, 6)]


@pytest.mark.asyncio
async def test_context_before_the_start_comes_at_once() -> None:
    async with Stage(ListRecording([-500, -400, 0, 1], begins_s=0), 1) as stage:
        assert stage.sequences == [0, 1, 2]
        assert stage.player.view().position_ms == START_NS // 1_000_000
        await stage.pass_time(1)
        assert stage.sequences == [0, 1, 2, 3]


@pytest.mark.asyncio
async def test_position_flows_between_records() -> None:
    async with Stage(ListRecording([0, 100]), 2) as stage:
        await stage.pass_time(10)
        start = START_NS // 1_000_000
        assert stage.player.view() == Playback(start, start + 100_000, start + 20_000, 2, False, False)


@pytest.mark.asyncio
async def test_pause_stops_at_once_and_resume_goes_on_from_there() -> None:
    async with Stage(ListRecording([0, 100]), 1) as stage:
        await stage.pass_time(40)
        stage.player.pause()
        stage.player.pause()
        await stage.pass_time(1000)
        assert stage.sequences == [0]
        assert stage.player.view().paused
        assert stage.player.view().position_ms == START_NS // 1_000_000 + 40_000
        stage.player.resume()
        stage.player.resume()
        await stage.pass_time(59.9)
        assert stage.sequences == [0]
        await stage.pass_time(0.2)
        assert stage.log[-1] == (pytest.approx(1100), 1)


@pytest.mark.asyncio
async def test_a_new_speed_holds_for_the_rest_of_a_wait() -> None:
    async with Stage(ListRecording([0, 100, 200]), 1) as stage:
        await stage.pass_time(50)
        stage.player.set_speed(10)
        await stage.pass_time(4.9)
        assert stage.sequences == [0]
        await stage.pass_time(0.2)
        assert stage.log[-1] == (pytest.approx(55), 1)
        stage.player.set_speed(None)
        await stage.pass_time(0)
        assert stage.sequences == [0, 1, 2]


@pytest.mark.asyncio
async def test_seek_forward_dispatches_everything_up_to_the_target() -> None:
    async with Stage(ListRecording([0, 10, 20, 30, 40]), 1) as stage:
        stage.player.seek(START_NS + 35 * SECOND_NS)
        await stage.pass_time(0)
        assert stage.log == [(0, 0), (0, 1), (0, 2), (0, 3)]
        assert stage.player.view().position_ms == START_NS // 1_000_000 + 35_000
        await stage.pass_time(6)
        assert stage.log[-1] == (pytest.approx(5), 4)


@pytest.mark.asyncio
async def test_seek_back_restarts_and_comes_to_the_target_at_full_speed() -> None:
    async with Stage(ListRecording([0, 10, 20, 30]), 1) as stage:
        await stage.pass_time(25)
        stage.player.seek(START_NS + 12 * SECOND_NS)
        await stage.pass_time(0)
        assert stage.sequences == [0, 1, 2, "restart", 0, 1]
        assert stage.player.view().position_ms == START_NS // 1_000_000 + 12_000
        await stage.pass_time(8)
        assert stage.log[-1] == (pytest.approx(33), 2)


@pytest.mark.asyncio
async def test_seek_back_within_a_silence_needs_no_restart() -> None:
    async with Stage(ListRecording([0, 10]), 1) as stage:
        await stage.pass_time(8)
        stage.player.seek(START_NS + 2 * SECOND_NS)
        await stage.pass_time(7.9)
        assert stage.sequences == [0]
        await stage.pass_time(0.2)
        assert stage.sequences == [0, 1]


@pytest.mark.asyncio
async def test_seek_while_paused_moves_and_stays_paused() -> None:
    async with Stage(ListRecording([0, 10, 20, 30]), None, hold=True) as stage:
        stage.player.pause()
        stage.player.seek(START_NS + 10 * SECOND_NS)
        await stage.pass_time(100)
        assert stage.sequences == [0, 1, 2, 3, "restart", 0, 1]
        assert (stage.player.view().paused, stage.player.view().ended) == (True, False)
        stage.player.resume()
        await stage.pass_time(0)
        assert stage.sequences[-2:] == [2, 3]


@pytest.mark.asyncio
async def test_a_seek_outside_goes_to_the_nearest_end() -> None:
    async with Stage(ListRecording([0, 10, 20]), 1) as stage:
        stage.player.seek(START_NS * 2)
        await stage.pass_time(0)
        assert stage.player.view().ended
        assert stage.player.view().position_ms == START_NS // 1_000_000 + 20_000
        stage.player.seek(-1)
        await stage.pass_time(0)
        assert stage.sequences == [0, 1, 2, "restart", 0]
        assert not stage.player.view().ended


@pytest.mark.asyncio
async def test_controls_used_in_a_dispatch_take_effect_before_the_next_record() -> None:
    stage = Stage(ListRecording([0, 1, 2, 3]), None)
    stage.on_dispatch = lambda record: stage.player.pause() if record.sequence == 1 else None
    async with stage:
        assert stage.sequences == [0, 1]
        stage.on_dispatch = lambda record: stage.player.seek(START_NS) if stage.sequences == [0, 1, 2] else None
        stage.player.resume()
        await stage.pass_time(0)
        assert stage.sequences == [0, 1, 2, "restart", 0, 1, 2, 3]


@pytest.mark.asyncio
async def test_without_hold_run_ends_and_may_be_called_again() -> None:
    stage = Stage(ListRecording([0, 0, 0]), None, hold=False)
    async with stage:
        await stage.pass_time(0)
        assert stage.player.view().ended
    await stage.player.run()
    assert stage.sequences == [0, 1, 2]
    stage.player.seek(START_NS)
    assert not stage.player.view().ended
    again = asyncio.create_task(stage.player.run())
    await stage.pass_time(0)
    await again
    assert stage.player.view().ended


@pytest.mark.asyncio
async def test_a_late_loop_catches_up() -> None:
    stage = Stage(ListRecording([0, 1, 2, 3]), 1)
    stage.on_dispatch = lambda record: stage.clock.advance(2.5) if record.sequence == 0 else None
    async with stage:
        await stage.pass_time(0)
        assert stage.log == [(0, 0), (2.5, 1), (2.5, 2)]
        await stage.pass_time(0.6)
        assert stage.log[-1] == (pytest.approx(3), 3)


@pytest.mark.asyncio
async def test_errors_of_a_dispatch_come_out_of_run() -> None:
    def refuse(record: Record) -> None:
        raise DataError("no")

    player = Player(ListRecording([0]), refuse, speed=1, clock=ManualClock(), restart=lambda: None)
    with pytest.raises(DataError, match="no"):
        await player.run()


@pytest.mark.asyncio
async def test_errors_of_a_sleep_come_out_of_run() -> None:
    async def refuse(seconds: float) -> None:
        if seconds:
            raise DataError("no sleep")

    player = Player(
        ListRecording([0, 5]), lambda record: None, speed=1, clock=ManualClock(), restart=lambda: None, sleep=refuse
    )
    with pytest.raises(DataError, match="no sleep"):
        await player.run()


@pytest.mark.parametrize("speed", [0, -1, 1e-300, 1e300, float("nan"), float("inf")])
def test_a_speed_that_is_none_is_refused(speed: float) -> None:
    stage = Stage(ListRecording([0]), 1)
    with pytest.raises(UsageError):
        stage.player.set_speed(speed)
    with pytest.raises(UsageError):
        Stage(ListRecording([0]), speed)
    assert stage.player.view().speed == 1


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(["pause", "resume", "fast", "slow", "full"])
        | st.floats(0, 60)
        | st.floats(-10, 60).map(lambda at: ("seek", at)),
        max_size=20,
    )
)
def test_after_any_steering_the_engine_has_seen_the_records_in_order(steps: list[object]) -> None:
    async def steer() -> Stage:
        async with Stage(ListRecording([n * 1.7 for n in range(30)]), 1) as stage:
            player = stage.player
            actions: dict[object, Callable[[], None]] = {
                "pause": player.pause,
                "resume": player.resume,
                "fast": lambda: player.set_speed(20),
                "slow": lambda: player.set_speed(0.1),
                "full": lambda: player.set_speed(None),
            }
            for step in steps:
                if isinstance(step, tuple):
                    player.seek(START_NS + round(step[1] * SECOND_NS))
                elif isinstance(step, float):
                    await stage.pass_time(step)
                else:
                    actions[step]()
            player.resume()
            player.set_speed(None)
            await stage.pass_time(1)
        return stage

    stage = asyncio.run(steer())
    runs = " ".join(map(str, stage.sequences)).split("restart")
    for run in runs:
        assert [int(word) for word in run.split()] == list(range(len(run.split())))
    assert len(runs[-1].split()) == 30
    assert stage.player.view().ended


@pytest.mark.asyncio
async def test_a_tape_plays_all_its_records(tmp_path: Path) -> None:
    records = numbered_records(5000, step_ns=7_000_000)
    reader = TapeReader(write_tape(tmp_path / "a.tape", records))
    seen: list[Record] = []
    await Player(reader, seen.append, speed=None, clock=ManualClock(), restart=seen.clear).run()
    assert seen == records
