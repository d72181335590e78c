"""Programs run as a user runs them, and what is left of them when they are gone."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

PATIENCE_S = 60.0
_POLL_S = 0.01


def command(*words: str | Path) -> list[str]:
    """The `tapedeck` command line of this checkout."""
    return [sys.executable, "-P", "-m", "app", *map(str, words)]


def environment(home: Path) -> dict[str, str]:
    """This process's environment, with a home of its own for tapedeck, no model, and nothing scanned by itself."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TAPEDECK_")}
    off = dict.fromkeys(("TAPEDECK_SCALPER__ENABLED", "HP_SCANNER_ENABLED", "TAPEDECK_TOKENS__ENABLED"), "false")
    own = {"TAPEDECK_HOME": str(home), **off}
    return {**kept, **own, "TERM": "xterm-256color"}


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Wait for something to become true. Raises `AssertionError` when it does not."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {PATIENCE_S:g} s"
        time.sleep(_POLL_S)


def children(pid: int) -> list[psutil.Process]:
    """All processes below one."""
    return list(psutil.Process(pid).children(recursive=True))


def children_running(pid: int, what: str) -> list[psutil.Process]:
    """The processes below one that have `what` on their command line."""
    return [child for child in children(pid) if what in _command_line(child)]


def _command_line(process: psutil.Process) -> str:
    # One that has ended, and is a zombie until its parent takes notice, has none.
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


def all_gone(processes: list[psutil.Process]) -> None:
    """Every one of these processes ends by itself. What does not is ended here, and an `AssertionError` names it."""
    deadline = time.monotonic() + PATIENCE_S / 4
    while (alive := [process for process in processes if not _has_ended(process)]) and time.monotonic() < deadline:
        time.sleep(_POLL_S)
    left_behind = [(process.pid, _command_line(process)) for process in alive]
    for process in alive:
        process.kill()
    assert not left_behind, f"left behind: {left_behind}"


def _has_ended(process: psutil.Process) -> bool:
    # One that lost its parent is a zombie until the system's first process takes notice, which may take seconds.
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
