"""Workers of the token model come when they are asked for; until then its bundle is verified, and the mode says so."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest
from inference_fakes import FakeWorkers, PoolHouse
from tiny_bundle import rows_of, tiny_bundle
from virtual_loop import VirtualClock, VirtualLoop, run_virtual

from app.core.record import Request
from app.engine.inference_health import InferenceHealth
from app.engine.inference_requests import Prediction
from app.engine.token_calls import ModelCarrier
from app.engine.token_state import PREDICTOR
from app.feeds.request_client import Carried
from app.tokens.worker_protocol import row_bytes

T = TypeVar("T")
Play = Callable[[PoolHouse], Coroutine[Any, Any, T]]
_QUESTION = Request(1, PREDICTOR, "predict", row_bytes(rows_of()[0]), "", "some mint")


def _played(bundles: Path, play: Play[T], workers: FakeWorkers) -> T:
    """What `play` returns on a running pool of at most two workers of which nobody has asked anything."""

    async def main(loop: VirtualLoop) -> T:
        async with PoolHouse(bundles, VirtualClock(loop), workers, called=0) as house:
            return await play(house)

    return run_virtual(main)


async def _health(house: PoolHouse, after_s: float = 1.0) -> InferenceHealth:
    await asyncio.sleep(after_s)
    return house.pool.health()


def _spoilt(root: Path, version: str) -> None:
    """A bundle one byte of whose graph has changed since, pointed to."""
    folder = tiny_bundle(root, version=version)
    graph = folder / "model.onnx"
    content = bytearray(graph.read_bytes())
    content[len(content) // 2] ^= 1
    graph.chmod(0o600)
    graph.write_bytes(content)


def test_before_the_first_question_the_bundle_is_known_and_no_worker_runs(tmp_path: Path) -> None:
    workers = FakeWorkers()

    async def play(house: PoolHouse) -> tuple[InferenceHealth, Prediction, InferenceHealth]:
        before = await _health(house, 120.0)
        return before, await house.pool.predict(rows_of()[0]), house.pool.health()

    before, said, after = _played(tmp_path, play, workers)
    assert (before.mode, before.mode_reason, before.version, before.origin) == ("ML", "", "tiny-1", "SIMULATED")
    assert (before.workers, before.workers_wanted, before.workers_most) == (0, 0, 2)
    assert said.version == "tiny-1"
    assert (after.workers, after.workers_wanted, len(workers.all)) == (1, 1, 1)


def test_until_the_bundle_is_verified_the_mode_is_not_known(tmp_path: Path) -> None:
    async def play(house: PoolHouse) -> InferenceHealth:
        return house.pool.health()

    assert _played(tmp_path, play, FakeWorkers()).mode == "NOT YET"


def test_the_first_question_waits_for_a_worker_that_starts_slowly(tmp_path: Path) -> None:
    workers = FakeWorkers()
    workers.start_s = 20.0

    async def play(house: PoolHouse) -> tuple[Carried, InferenceHealth]:
        await asyncio.sleep(1.0)
        asked = asyncio.create_task(ModelCarrier(house.pool).carry_request(_QUESTION))
        during = await _health(house, 10.0)
        return await asked, during

    carried, during = _played(tmp_path, play, workers)
    assert (carried.status, msgspec.json.decode(carried.body, type=Prediction).version) == (200, "tiny-1")
    assert (during.mode, during.workers, during.workers_wanted) == ("ML", 0, 1)


def test_a_first_worker_that_never_comes_is_waited_for_half_a_minute(tmp_path: Path) -> None:
    async def play(house: PoolHouse) -> tuple[Carried, float]:
        carried = await ModelCarrier(house.pool).carry_request(_QUESTION)
        return carried, asyncio.get_running_loop().time()

    carried, after_s = _played(tmp_path, play, FakeWorkers(lambda _: "is never ready"))
    assert (carried.status, carried.error) == (0, "the token model had no answer within 3 s")
    assert after_s == pytest.approx(33.0, abs=0.1)


def test_a_spoilt_bundle_is_told_of_without_a_worker_and_a_sound_one_takes_its_place(tmp_path: Path) -> None:
    _spoilt(tmp_path, "spoilt-1")
    workers = FakeWorkers()

    async def play(house: PoolHouse) -> tuple[InferenceHealth, Carried, list[str], InferenceHealth]:
        refused = await _health(house)
        carried = await ModelCarrier(house.pool).carry_request(_QUESTION)
        told = list(house.reports)
        tiny_bundle(tmp_path, version="tiny-2")
        return refused, carried, told, await _health(house, 16.0)

    refused, carried, told, after = _played(tmp_path, play, workers)
    assert (refused.mode, refused.refused, refused.version) == ("STRATEGY-ONLY", 1, "")
    assert refused.mode_reason.startswith("bundle spoilt-1: model.onnx is not what the manifest says")
    assert (carried.status, refused.mode_reason in carried.error) == (0, True)
    assert told == [f"a bundle was refused. {refused.mode_reason}", f"strategy-only: {refused.mode_reason}"]
    assert (after.mode, after.version, workers.all) == ("ML", "tiny-2", [])


def test_a_spoilt_bundle_does_not_take_the_place_of_a_sound_one(tmp_path: Path) -> None:
    workers = FakeWorkers()

    async def play(house: PoolHouse) -> tuple[InferenceHealth, Prediction]:
        await asyncio.sleep(1.0)
        _spoilt(tmp_path, "spoilt-1")
        return await _health(house, 100.0), await house.pool.predict(rows_of()[0])

    health, said = _played(tmp_path, play, workers)
    assert (health.mode, health.version, health.refused) == ("ML", "tiny-1", 1)
    assert said.version == "tiny-1"


@pytest.mark.parametrize(("answer_s", "workers_at_last"), [(0.001, 1), (0.9, 2)])
def test_a_second_worker_comes_when_what_waits_is_not_worked_off(
    tmp_path: Path, answer_s: float, workers_at_last: int
) -> None:
    workers = FakeWorkers()

    async def play(house: PoolHouse) -> InferenceHealth:
        await house.pool.predict(rows_of(2, 1)[0])
        workers.answer_s = answer_s
        await asyncio.gather(*map(house.pool.predict, rows_of(3, 80)), return_exceptions=True)
        return house.pool.health()

    health = _played(tmp_path, play, workers)
    assert (health.workers_wanted, len(workers.all)) == (workers_at_last, workers_at_last)


def test_a_pool_that_was_stopped_starts_no_worker(tmp_path: Path) -> None:
    workers = FakeWorkers()

    async def play(house: PoolHouse) -> None:
        await asyncio.sleep(1.0)
        await house.stop()
        await house.pool.crew.first_start()
        house.pool.crew.call()
        await asyncio.sleep(100.0)

    _played(tmp_path, play, workers)
    assert workers.all == []
