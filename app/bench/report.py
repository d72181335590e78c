"""What a benchmark reports: figures with targets, on a named machine."""

import os
import platform
from collections.abc import Callable, Mapping
from typing import Literal

import msgspec


class Target(msgspec.Struct, frozen=True):
    """A figure's goal: below, at most or at least `value`.

    With `of`, the goal is `times` that figure of the same results, or `value` if that is more. With `least`, a figure
    below it misses the goal too.
    """

    sense: Literal["<", "<=", ">="]
    value: float
    times: float = 0.0
    of: str = ""
    least: float | None = None

    def bound(self, results: Mapping[str, float]) -> float:
        """The number to reach, among these results."""
        return max(self.value, self.times * results[self.of]) if self.of else self.value

    def met(self, figure: float, results: Mapping[str, float]) -> bool:
        """Whether `figure` reaches the goal. A figure that is not a number does not."""
        bound = self.bound(results)
        if self.least is not None and not figure >= self.least:
            return False
        return {"<": figure < bound, "<=": figure <= bound, ">=": figure >= bound}[self.sense]


class Bench(msgspec.Struct, frozen=True):
    """One benchmark: its name, what it measures, the function that measures it, and the targets of its figures.

    `measure_of` measures a number of wallets that somebody chose; None where a benchmark has no such number.
    """

    name: str
    about: str
    measure: Callable[[], dict[str, float]]
    targets: Mapping[str, Target]
    measure_of: Callable[[int], dict[str, float]] | None = None


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
    return [_line(name, results, bench.targets.get(name)) for name in results]


def _line(name: str, results: Mapping[str, float], target: Target | None) -> Line:
    value = results[name]
    if target is None:
        return Line(name, value, "", "")
    least = "" if target.least is None else f">= {target.least:g}, "
    goal = f"{least}{target.sense} {target.bound(results):g}"
    return Line(name, value, goal, "PASS" if target.met(value, results) else "FAIL")
