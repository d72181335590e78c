"""What the model's carrier makes of workers: answers taken apart in one batch, bounded, and none of it kept."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np
import pytest
from inference_fakes import FakeWorkers, PoolHouse
from tiny_bundle import by_hand
from token_tables import BORN_S, FULL, walk
from virtual_loop import VirtualClock, VirtualLoop, run_virtual

from app.core.errors import DataError
from app.core.record import Request
from app.engine.token_calls import ModelCarrier
from app.engine.token_state import ATTRIBUTE, PREDICTOR, REFERENCE
from app.feeds.request_client import Carried
from app.tokens.attribution import Attributions, occluded
from app.tokens.candles import SLOT_S
from app.tokens.features import features
from app.tokens.reference import BundleReference

ROW = features(walk(1, 60), FULL, BORN_S + 60 * SLOT_S).flat()
APART = Request(1, PREDICTOR, ATTRIBUTE, ROW.tobytes(), "mint")


T = TypeVar("T")


def played(bundles: Path, play: Callable[[PoolHouse], Coroutine[Any, Any, T]], workers: FakeWorkers | None = None) -> T:
    """What `play` returns on a running pool of two workers, all in virtual time."""

    async def main(loop: VirtualLoop) -> T:
        async with PoolHouse(bundles, VirtualClock(loop), workers or FakeWorkers()) as house:
            return await play(house)

    return run_virtual(main)


async def _apart(house: PoolHouse) -> Carried:
    return await ModelCarrier(house.pool, [house.bundles]).carry_request(APART)


def test_an_answer_is_taken_apart_by_the_bundle_that_gave_it_and_nothing_is_kept(tmp_path: Path) -> None:
    workers = FakeWorkers()

    async def play(house: PoolHouse) -> Carried:
        await asyncio.sleep(2)
        carried = await _apart(house)
        health = house.pool.health()
        assert (health.answers, health.prediction_hit_pct) == (0, None)
        await house.pool.predict(ROW)
        assert house.pool.health().prediction_hit_pct == 0, "the whole row was not kept either"
        return carried

    carried = played(tmp_path, play, workers)
    told = msgspec.json.decode(carried.body, type=Attributions)
    hidden = occluded(ROW)
    expected = by_hand(hidden.rows)
    assert (carried.status, told.version) == (200, "tiny-1")
    np.testing.assert_allclose(told.whole, expected[0], atol=1e-5)
    np.testing.assert_allclose([each.worth for each in told.effects], expected[0] - expected[2:], atol=1e-4)
    assert max(size for worker in workers.all for size in worker.batches) == len(hidden.rows)


def test_without_a_worker_the_reason_is_the_answer(tmp_path: Path) -> None:
    async def play(house: PoolHouse) -> Carried:
        await asyncio.sleep(40)
        return await _apart(house)

    carried = played(tmp_path, play, FakeWorkers(lambda _: "refuses"))
    assert (carried.status, carried.body) == (0, b"")
    assert carried.error.startswith("The token model is not asked: ")


def test_workers_that_hang_are_waited_for_no_longer_than_is_allowed(tmp_path: Path) -> None:
    async def play(house: PoolHouse) -> tuple[list[Carried], float]:
        carrier, loop = ModelCarrier(house.pool, [house.bundles]), asyncio.get_running_loop()
        began = loop.time()
        several = await asyncio.gather(*(carrier.carry_request(APART) for _ in range(4)))
        return several, loop.time() - began

    several, seconds = played(tmp_path, play, FakeWorkers(lambda _: "is never ready"))
    assert {carried.status for carried in several} == {0}
    assert seconds <= 5.0


def test_answers_are_taken_apart_one_after_the_other(tmp_path: Path) -> None:
    workers = FakeWorkers()
    workers.answer_s = 0.4

    async def play(house: PoolHouse) -> float:
        await asyncio.sleep(2)
        carrier, loop = ModelCarrier(house.pool, [house.bundles]), asyncio.get_running_loop()
        began = loop.time()
        several = await asyncio.gather(*(carrier.carry_request(APART) for _ in range(3)))
        assert {carried.status for carried in several} == {200}
        return loop.time() - began

    assert played(tmp_path, play, workers) == pytest.approx(3 * workers.answer_s, abs=0.05)


@pytest.mark.parametrize(
    ("version", "status", "says"),
    [
        ("tiny-1", 200, ""),
        ("tiny-9", 0, "bundle tiny-9 is no longer among the bundles"),
        ("../bundles/tiny-1", 0, "its version is no name of a folder"),
        ("..", 0, "its version is no name of a folder"),
        ("broken", 0, "manifest"),
    ],
)
def test_what_a_bundle_says_of_its_training_is_read_from_its_folder_alone(
    tmp_path: Path, version: str, status: int, says: str
) -> None:
    bundles = tmp_path / "bundles"

    async def play(house: PoolHouse) -> Carried:
        (bundles / "broken").mkdir()
        question = Request(1, PREDICTOR, REFERENCE, version.encode(), version)
        return await ModelCarrier(house.pool, [tmp_path / "none", bundles]).carry_request(question)

    bundles.mkdir()
    carried = played(bundles, play)
    assert carried.status == status
    assert says in carried.error
    if status:
        assert msgspec.json.decode(carried.body, type=BundleReference).version == version


def test_a_request_without_a_row_is_refused(tmp_path: Path) -> None:
    async def play(house: PoolHouse) -> None:
        with pytest.raises(DataError, match="not a row"):
            await ModelCarrier(house.pool, [house.bundles]).carry_request(
                Request(1, PREDICTOR, ATTRIBUTE, b"x", "mint")
            )

    played(tmp_path, play)
