"""Ten thousand virtual days under seeded faults, on all processors."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import pytest
from seed_checks import complaint

SEEDS = range(60, 10_060)


@pytest.mark.nightly
def test_ten_thousand_days() -> None:
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
        complaints = [text for text in pool.map(complaint, SEEDS, chunksize=20) if text]
    assert not complaints, "\n\n".join(complaints)
