"""What a benchmark reports: figures with targets, on a named machine."""

import os
import platform
from collections.abc import Callable, Mapping
from typing import Literal

import msgspec


class Target(msgspec.Struct, frozen=True):
    """A figure's goal: at most or at least `value`."""

    sense: Literal["<", ">="]
    value: float

    def met(self, figure: float) -> bool:
        """Whether `figure` reaches the goal."""
        return figure < self.value if self.sense == "<" else figure >= self.value


class Bench(msgspec.Struct, frozen=True):
    """One benchmark: its name, what it measures, the function that measures it, and the targets of its figures."""

    name: str
    about: str
    measure: Callable[[], dict[str, float]]
    targets: Mapping[str, Target]


class Line(msgspec.Struct, frozen=True):
    """One figure beside its target."""

    figure: str
    value: float
    target: str
    verdict: Literal["PASS", "FAIL", ""]


def machine() -> dict[str, str | int]:
    """Where the figures were taken: no names of hosts or users."""
    return {
        "system": platform.system(),
        "architecture": platform.machine(),
        "cores": os.cpu_count() or 0,
        "python": platform.python_version(),
    }


def lines(bench: Bench, results: Mapping[str, float]) -> list[Line]:
    """Each figure with its target and verdict, in the order measured."""
    return [_line(name, value, bench.targets.get(name)) for name, value in results.items()]


def _line(name: str, value: float, target: Target | None) -> Line:
    if target is None:
        return Line(name, value, "", "")
    return Line(name, value, f"{target.sense} {target.value:g}", "PASS" if target.met(value) else "FAIL")
