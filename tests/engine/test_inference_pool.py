"""The pool of inference on virtual time, with workers that do as they are told: nothing is lost, nobody waits on."""

import asyncio
import functools
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
from inference_fakes import FakeWorkers, Manner, PoolHouse
from tiny_bundle import by_hand, rows_of, tiny_bundle
from virtual_loop import VirtualClock, VirtualLoop, run_virtual

from app.config.token_settings import TokenModelSettings
from app.engine.inference_pool import InferencePool
from app.engine.inference_requests import Prediction, PredictionError
from app.tokens.features import Singles
from app.tokens.worker_protocol import Answer, Ready

T = TypeVar("T")
Play = Callable[[PoolHouse], Coroutine[Any, Any, T]]


def _played(
    bundles: Path, play: Play[T], workers: FakeWorkers | None = None, settings: TokenModelSettings | None = None
) -> T:
    """What `play` returns on a running pool of two workers, all in virtual time."""

    async def main(loop: VirtualLoop) -> T:
        async with PoolHouse(bundles, VirtualClock(loop), workers or FakeWorkers(), settings) as house:
            return await play(house)

    return run_virtual(main)


async def _ends(house: PoolHouse, row: Singles) -> tuple[Prediction | str, float]:
    """What becomes of a request, or the kind of its failure, and how many seconds that took."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        return await house.pool.predict(row), loop.time() - began
    except PredictionError as error:
        return error.kind, loop.time() - began


def _numbers(prediction: Prediction) -> list[float]:
    return [prediction.p_rise, prediction.gain_pct, prediction.p_rug]


def test_answers_are_those_of_the_bundle_and_come_in_batches(tmp_path: Path) -> None:
    rows = rows_of(4, 200)
    workers = FakeWorkers()

    async def play(house: PoolHouse) -> list[Prediction]:
        return await asyncio.gather(*map(house.pool.predict, rows))

    answers = _played(tmp_path, play, workers)
    assert np.allclose([_numbers(each) for each in answers], by_hand(rows), atol=1e-5)
    assert {each.version for each in answers} == {"tiny-1"}
    batches = [count for worker in workers.all for count in worker.batches if count]
    assert (sum(batches), max(batches)) == (200, 32)


@pytest.mark.parametrize(("settings", "cores", "wanted"), [(3, 8, 3), (3, 2, 2), (1, 8, 1), (32, 4, 4)])
def test_never_more_workers_than_cores(tmp_path: Path, settings: int, cores: int, wanted: int) -> None:
    async def play(house: PoolHouse) -> int:
        pool = InferencePool(TokenModelSettings(workers=settings), [tmp_path], house.pool._clock, print, cores=cores)
        pool.crew.call(100)
        return pool.crew.wanted

    assert _played(tmp_path, play) == wanted


def test_a_request_to_workers_that_hang_ends_at_its_deadline(tmp_path: Path) -> None:
    async def play(house: PoolHouse) -> tuple[Prediction | str, float]:
        return await _ends(house, rows_of()[0])

    ending, after_s = _played(tmp_path, play, FakeWorkers(lambda _: "hangs"))
    assert ending == "deadline"
    assert after_s == pytest.approx(3.0)


def test_a_request_outlives_a_worker_that_hangs(tmp_path: Path) -> None:
    workers = FakeWorkers()

    async def play(house: PoolHouse) -> tuple[Prediction | str, float]:
        await asyncio.sleep(2)
        workers.all[0].manner = workers.all[1].manner = "hangs"
        return await _ends(house, rows_of()[0])

    ending, after_s = _played(tmp_path, play, workers)
    assert isinstance(ending, Prediction)
    assert after_s < 3.0
    assert len(workers.all) > 2


def test_a_worker_that_hangs_while_nobody_asks_is_found(tmp_path: Path) -> None:
    workers = FakeWorkers()

    async def play(house: PoolHouse) -> int:
        await asyncio.sleep(2)
        workers.all[1].manner = "hangs"
        await asyncio.sleep(10)
        return house.pool.health().restarts

    assert _played(tmp_path, play, workers) == 1
    assert not workers.all[1].is_open


def test_a_request_that_is_given_up_harms_no_other(tmp_path: Path) -> None:
    rows = rows_of(4, 100)
    workers = FakeWorkers()

    async def play(house: PoolHouse) -> tuple[list[Prediction | BaseException], int]:
        tasks = [asyncio.create_task(house.pool.predict(row)) for row in rows]
        await asyncio.sleep(0.5005)  # the first batches are under way
        for task in tasks[::2]:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        return ended, house.pool.health().cancelled

    ended, cancelled = _played(tmp_path, play, workers)
    assert sum(sum(worker.batches) for worker in workers.all) < 100  # who no longer waits is not asked for
    assert [isinstance(each, asyncio.CancelledError) for each in ended] == [True, False] * 50
    assert cancelled == 50
    kept = [_numbers(each) for each in ended if isinstance(each, Prediction)]
    assert np.allclose(kept, by_hand(rows[1::2]), atol=1e-5)


def test_lost_workers_are_replaced_three_times_a_minute_then_the_model_is_left_alone(tmp_path: Path) -> None:
    workers = FakeWorkers()

    async def play(house: PoolHouse) -> list[str]:
        modes = []
        for _ in range(4):
            await asyncio.sleep(2)
            modes.append(house.pool.health().mode)
            workers.alive[0].die("it was ended by signal 9")
        await asyncio.sleep(0.5)
        ending, after_s = await _ends(house, rows_of()[0])
        modes.append(house.pool.health().mode)
        assert (ending, after_s) == ("strategy-only", 0.0)
        assert not workers.alive
        await asyncio.sleep(62)
        return [*modes, house.pool.health().mode, *house.reports]

    *modes, first, halted, again = _played(tmp_path, play, workers)
    assert modes == ["ML"] * 4 + ["STRATEGY-ONLY", "ML"]
    assert first == again == "bundle tiny-1 (SIMULATED) answers"
    assert halted == "strategy-only: workers were lost 4 times in 60 s, at last because it was ended by signal 9"
    assert len(workers.alive) == 0


def test_workers_that_are_lost_now_and_then_are_always_replaced(tmp_path: Path) -> None:
    workers = FakeWorkers()

    async def play(house: PoolHouse) -> tuple[int, float | None]:
        for _ in range(30):
            await asyncio.sleep(21)
            workers.alive[0].die("it was ended by signal 9")
        await asyncio.sleep(1)
        health = house.pool.health()
        return health.restarts, health.uptime_pct

    assert _played(tmp_path, play, workers) == (30, 100.0)


def test_uptime_is_the_share_of_time_with_some_worker(tmp_path: Path) -> None:
    workers = FakeWorkers()

    async def play(house: PoolHouse) -> float | None:
        await asyncio.sleep(1.5)  # ready after 0.5 s, so 1 s up
        for worker in workers.alive:
            worker.die("it was ended by signal 9")
        await asyncio.sleep(0.501)  # 0.5 s until the next one is ready
        await asyncio.sleep(0.499)
        return house.pool.health().uptime_pct

    assert _played(tmp_path, play, workers) == pytest.approx(75.0, abs=0.2)


@pytest.mark.parametrize(("manner", "kind"), [("fails", "model"), ("lies", "model"), ("dies", "worker")])
def test_what_a_worker_cannot_answer_fails_by_name(tmp_path: Path, manner: Manner, kind: str) -> None:
    workers = FakeWorkers(lambda _: manner)

    async def play(house: PoolHouse) -> tuple[Prediction | str, int]:
        ending, _ = await _ends(house, rows_of()[0])
        return ending, house.pool.health().errors[kind]

    assert _played(tmp_path, play, workers) == (kind, 1)


def test_a_worker_most_of_whose_answers_fail_is_replaced(tmp_path: Path) -> None:
    workers = FakeWorkers()
    settings = TokenModelSettings(workers=1)

    async def play(house: PoolHouse) -> int:
        await asyncio.sleep(2)
        workers.all[0].manner = "fails"
        endings = [await _ends(house, row) for row in rows_of(4, 5)]
        assert [ending for ending, _ in endings[:3]] == ["model"] * 3
        assert isinstance(endings[-1][0], Prediction)
        return house.pool.health().restarts

    assert _played(tmp_path, play, workers, settings) == 1
    assert len(workers.all) == 2


def test_a_row_that_kills_takes_no_other_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = rows_of(4, 30)
    workers = FakeWorkers()

    def answered(asked: Singles) -> Singles:
        if (asked == rows[7]).all(axis=1).any():
            raise ZeroDivisionError
        return by_hand(asked)

    async def play(house: PoolHouse) -> list[Prediction | str]:
        def reply(worker: Any, number: int, asked: Singles) -> None:
            try:
                worker._say(Answer(number, len(asked)), answered(asked))
            except ZeroDivisionError:
                worker.die("it was ended by signal 11")

        monkeypatch.setattr("inference_fakes.FakeWorker._reply", reply)
        await asyncio.sleep(2)
        return [ending for ending, _ in await asyncio.gather(*[_ends(house, row) for row in rows])]

    endings = _played(tmp_path, play, workers)
    assert [place for place, ending in enumerate(endings) if ending == "worker"] == [7]
    kept = [ending for ending in endings if isinstance(ending, Prediction)]
    assert len(kept) == 29


def test_another_bundle_takes_over_with_no_request_lost(tmp_path: Path) -> None:
    tiny_bundle(tmp_path)

    async def play(house: PoolHouse) -> list[tuple[float, Prediction | str]]:
        loop = asyncio.get_running_loop()
        seen: list[tuple[float, Prediction | str]] = []
        await asyncio.sleep(1)
        asking = asyncio.create_task(_ask_on(house, seen))
        await asyncio.sleep(1)
        tiny_bundle(house.bundles, "tiny-2")
        published = loop.time()
        await asyncio.sleep(40)
        asking.cancel()
        health = house.pool.health()
        assert (health.version, health.reloads, health.workers, health.restarts) == ("tiny-2", 1, 2, 0)
        return [(at - published, ending) for at, ending in seen]

    seen = _played(tmp_path, play)
    assert all(isinstance(ending, Prediction) for _, ending in seen)
    versions = [ending.version for _, ending in seen if isinstance(ending, Prediction)]
    assert versions == sorted(versions)
    assert set(versions) == {"tiny-1", "tiny-2"}
    first = next(at for at, ending in seen if isinstance(ending, Prediction) and ending.version == "tiny-2")
    assert first < 60


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - time is virtual
        await asyncio.sleep(0.05)


def test_what_an_older_bundle_says_late_is_not_used_again(tmp_path: Path) -> None:
    row, other = rows_of(4, 2)
    tiny_bundle(tmp_path)
    workers = FakeWorkers()
    workers.answer_s = 0.8

    async def play(house: PoolHouse) -> list[str]:
        await asyncio.sleep(1)
        tiny_bundle(house.bundles, "tiny-2")
        await _until(lambda: len(workers.all) == 3)
        late = asyncio.create_task(house.pool.predict(row))
        await _until(lambda: house.pool.health().version == "tiny-2")
        assert not late.done()
        first = await house.pool.predict(other)
        versions = [(await late).version, first.version, (await house.pool.predict(row)).version]
        await asyncio.sleep(5)
        assert house.pool.health().restarts == 0  # who was at an answer left after it
        return versions

    assert _played(tmp_path, play, workers) == ["tiny-1", "tiny-2", "tiny-2"]


async def _ask_on(house: PoolHouse, seen: list[tuple[float, Prediction | str]]) -> None:
    loop = asyncio.get_running_loop()
    for row in rows_of(6, 10_000):
        ending, _ = await _ends(house, row)
        seen.append((loop.time(), ending))
        await asyncio.sleep(0.05)


def test_a_bundle_that_is_refused_changes_nothing_and_is_told_once(tmp_path: Path) -> None:
    tiny_bundle(tmp_path)
    workers = FakeWorkers(lambda version: "refuses" if version == "tiny-2" else "answers")

    async def play(house: PoolHouse) -> tuple[str, int, str]:
        await asyncio.sleep(1)
        tiny_bundle(house.bundles, "tiny-2")
        await asyncio.sleep(100)
        health = house.pool.health()
        assert [report for report in house.reports if "refused" in report] == [
            "a bundle was refused. bundle tiny-2: its graph is no graph"
        ]
        assert (await house.pool.predict(rows_of()[0])).version == "tiny-1"
        tiny_bundle(house.bundles, "tiny-3")
        await asyncio.sleep(100)
        assert house.pool.health().version == "tiny-3"
        return health.version, health.refused, health.refused_reason

    assert _played(tmp_path, play, workers) == ("tiny-1", 1, "bundle tiny-2: its graph is no graph")


def test_a_bundle_of_the_users_own_goes_before_the_shipped_one(tmp_path: Path) -> None:
    tiny_bundle(tmp_path)

    async def play(house: PoolHouse) -> tuple[str, int]:
        await asyncio.sleep(1)
        tiny_bundle(house.bundles / "own", "mine")
        await asyncio.sleep(20)
        tiny_bundle(house.bundles, "tiny-2")
        await asyncio.sleep(20)
        health = house.pool.health()
        return health.version, health.reloads

    assert _played(tmp_path, play) == ("mine", 1)


def test_a_pointer_that_names_no_bundle_is_refused_and_the_old_one_kept(tmp_path: Path) -> None:
    tiny_bundle(tmp_path)

    async def play(house: PoolHouse) -> tuple[str, str, int]:
        await asyncio.sleep(1)
        (house.bundles / "current").write_text("../elsewhere\n")
        await asyncio.sleep(100)
        health = house.pool.health()
        return health.version, health.mode_reason, health.refused

    assert _played(tmp_path, play) == ("tiny-1", "", 1)


@pytest.mark.parametrize("is_asked", [False, True])
def test_a_pointer_that_names_no_bundle_is_told_as_that_and_counted_once(tmp_path: Path, is_asked: bool) -> None:
    (tmp_path / "current").write_text("../elsewhere\n")

    async def play(house: PoolHouse) -> tuple[str, str, int]:
        if is_asked:
            house.pool.crew.call()
        await asyncio.sleep(400)
        damaged = house.pool.health()
        (house.bundles / "current").unlink()
        await asyncio.sleep(100)
        return damaged.mode_reason, house.pool.health().mode_reason, house.pool.health().refused

    damaged, missing, refused = _played(tmp_path, play)
    assert damaged.startswith("the pointer: ")
    assert missing.startswith("no bundle is published")
    assert refused == 1


def test_a_folder_that_is_another_bundle_than_its_name_says_is_refused(tmp_path: Path) -> None:
    workers = FakeWorkers()
    workers.manner_of = lambda _: "is never ready"

    async def play(house: PoolHouse) -> str:
        await asyncio.sleep(1)
        workers.all[0]._say(Ready("tiny-7", "SIMULATED"))
        await asyncio.sleep(0.1)
        return house.pool.health().mode_reason

    assert _played(tmp_path, play, workers) == (
        "bundle tiny-1: its manifest says that it is tiny-7; name its folder so"
    )


def test_without_a_bundle_the_mode_says_so_until_there_is_one(tmp_path: Path) -> None:
    async def play(loop: VirtualLoop) -> list[str]:
        (tmp_path / "current").write_text("none-1\n")
        workers = FakeWorkers()
        async with PoolHouse(tmp_path, VirtualClock(loop), workers) as house:
            (tmp_path / "current").unlink()
            await asyncio.sleep(1)
            before = house.pool.health().mode_reason
            ending, after_s = await _ends(house, rows_of()[0])
            assert (ending, after_s) == ("strategy-only", 0.0)
            tiny_bundle(tmp_path)
            await asyncio.sleep(20)
            return [before, house.pool.health().mode]

    assert run_virtual(play) == ["no bundle is published; run `tapedeck train tokens`", "ML"]


@pytest.mark.parametrize("manner", ["is never ready", "cannot be started", "refuses"])
def test_requests_end_when_no_worker_comes_up(tmp_path: Path, manner: Manner) -> None:
    workers = FakeWorkers(lambda _: manner)

    async def play(house: PoolHouse) -> tuple[Prediction | str, str]:
        ending, after_s = await _ends(house, rows_of()[0])
        assert after_s <= 3.0
        await asyncio.sleep(300)
        return ending, house.pool.health().mode

    ending, mode = _played(tmp_path, play, workers)
    assert ending in ("deadline", "strategy-only")
    assert mode == "STRATEGY-ONLY"
    assert len(workers.all) <= 12


def test_a_prediction_is_used_again_for_a_minute(tmp_path: Path) -> None:
    row = rows_of()[0]
    workers = FakeWorkers()

    async def play(house: PoolHouse) -> list[int]:
        asked = []
        for pause_s in (1, 30, 29, 1, 1):
            await asyncio.sleep(pause_s)
            await house.pool.predict(row)
            asked.append(sum(sum(worker.batches) for worker in workers.all))
        assert house.pool.health().prediction_hit_pct == pytest.approx(60.0)
        return asked

    assert _played(tmp_path, play, workers) == [1, 1, 1, 2, 2]


def test_what_the_bundle_before_said_is_forgotten(tmp_path: Path) -> None:
    row = rows_of()[0]

    async def play(house: PoolHouse) -> list[str]:
        first = await house.pool.predict(row)
        tiny_bundle(house.bundles, "tiny-2")
        await asyncio.sleep(20)
        return [first.version, (await house.pool.predict(row)).version]

    assert _played(tmp_path, play) == ["tiny-1", "tiny-2"]


def test_more_than_may_wait_are_refused_at_once(tmp_path: Path) -> None:
    settings = TokenModelSettings(workers=1, waiting=40)

    async def play(house: PoolHouse) -> list[Prediction | str]:
        return [ending for ending, _ in await asyncio.gather(*[_ends(house, row) for row in rows_of(4, 50)])]

    endings = _played(tmp_path, play, FakeWorkers(), settings)
    assert endings[40:] == ["too many"] * 10
    assert all(isinstance(ending, Prediction) for ending in endings[:40])


def test_stopping_ends_every_request_and_every_worker(tmp_path: Path) -> None:
    workers = FakeWorkers(lambda _: "hangs")

    async def play(house: PoolHouse) -> list[Prediction | str]:
        asking = [asyncio.create_task(_ends(house, row)) for row in rows_of(4, 70)]
        await asyncio.sleep(1)
        await house.stop()
        return [ending for ending, _ in await asyncio.gather(*asking)]

    assert set(_played(tmp_path, play, workers)) == {"strategy-only"}
    assert workers.alive == []


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_each_request_ends_by_its_deadline(tmp_path: Path, seed: int) -> None:
    """Workers die, hang, fail and recover at random, bundles come and go, requests are given up."""
    play = functools.partial(_storm, rng=np.random.default_rng(seed))
    workers = FakeWorkers()
    ended = _played(tmp_path, play, workers, TokenModelSettings(workers=3, restarts_a_minute=20, retry_s=5))
    assert len(ended) == 200
    for row, (ending, after_s) in zip(rows_of(8, 200), ended, strict=True):
        assert after_s <= 3.0 + 1e-6
        if isinstance(ending, Prediction):
            assert _numbers(ending) == pytest.approx(by_hand(row[None])[0], abs=1e-5)
        else:
            assert ending in ("deadline", "worker", "model", "strategy-only", "cancelled")
    assert sum(isinstance(ending, Prediction) for ending, _ in ended) > 100
    assert workers.alive == []


async def _storm(house: PoolHouse, rng: np.random.Generator) -> list[tuple[Prediction | str, float]]:
    tasks = []
    for place, row in enumerate(rows_of(8, 200)):
        tasks.append(asyncio.create_task(_ends_or_is_cancelled(house, row)))
        alive = house.workers.alive
        if alive and rng.random() < 0.1:
            worker = alive[rng.integers(len(alive))]
            worker.manner = ("dies", "hangs", "fails", "lies", "answers")[rng.integers(5)]
            if rng.random() < 0.3:
                worker.die("it was ended by signal 9")
        if rng.random() < 0.02:
            tiny_bundle(house.bundles, f"tiny-at-{place}")
        if place and rng.random() < 0.05:
            tasks[rng.integers(place)].cancel()  # not the newest, which has not even begun
        await asyncio.sleep(float(rng.exponential(0.2)))
    ended = await asyncio.gather(*tasks)
    await house.stop()
    return ended


async def _ends_or_is_cancelled(house: PoolHouse, row: Singles) -> tuple[Prediction | str, float]:
    try:
        return await _ends(house, row)
    except asyncio.CancelledError:
        return "cancelled", 0.0
