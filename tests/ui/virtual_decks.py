"""Decks in tests live on virtual time: a pause ends when nothing is left to do, and no test waits for a clock."""

import asyncio
import time
from collections.abc import Callable, Mapping

import pytest
import textual.app
import textual.pilot
from textual import _time
from virtual_loop import VirtualLoop

SETTLING_S = 0.02
"""How much time a pause lets pass, as Textual's own does."""


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Coroutine tests run on a loop whose time jumps."""
    return {"virtual": VirtualLoop}


@pytest.fixture(autouse=True)
def textual_on_virtual_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Textual's timers follow the loop, and its pilot waits on it rather than for an idle processor."""
    monkeypatch.setattr(_time, "get_time", _now_s)
    for module in (textual.app, textual.pilot):
        monkeypatch.setattr(module, "wait_for_idle", _settle)


def _now_s() -> float:
    try:
        return asyncio.get_running_loop().time()
    except RuntimeError:
        return time.monotonic()


async def _settle(min_sleep: float = SETTLING_S, max_sleep: float = 1.0) -> None:
    # Time jumps only after all that was ready has run.
    await asyncio.sleep(SETTLING_S)
