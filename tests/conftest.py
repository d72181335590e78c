"""How thorough properties are, how many processes and threads share the tests, how often garbage is looked for."""

import gc
import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

# How long an example takes is the machine's affair: hypothesis would fail one that took a fifth of a second.
settings.register_profile("run", max_examples=30, deadline=None)
settings.register_profile("nightly", max_examples=300, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "run"))

# Test processes share the processors already: threads of numerical libraries would wait for each other, spinning.
for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(threads, "1")

# Some hundred thousand objects of tests and screens stay for good: looking through them as often as Python would by
# itself takes a fifth of the time of screens.
USUAL_THRESHOLDS = gc.get_threshold()
gc.set_threshold(20_000, 10, 10)


@pytest.fixture
def usual_collector() -> Iterator[None]:
    """Garbage is looked for as often as in the program: for tests that measure memory."""
    rare = gc.get_threshold()
    gc.set_threshold(*USUAL_THRESHOLDS)
    yield
    gc.set_threshold(*rare)


def pytest_xdist_auto_num_workers() -> int:
    """One more process than processors: some tests wait for programs they have started."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (processors or 1) + 1
