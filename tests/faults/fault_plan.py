"""What goes wrong on the way between client and venue, and when: made from a seed, printed when a test fails."""

from collections.abc import Iterator
from typing import Literal, NamedTuple, get_args

import numpy as np

Kind = Literal[
    "latency", "jitter", "slices", "stall", "blackhole", "duplicate", "reorder", "corrupt",
    "handshake_429", "handshake_418", "requests_429", "cut", "half_close", "reset",
]  # fmt: skip
Direction = Literal["down", "up", "both"]
"""Down: from the venue to the client."""
Port = Literal["stream", "requests"]
Where = Literal["stream", "requests", "both"]
KINDS: tuple[Kind, ...] = get_args(Kind)
MOMENTS: frozenset[Kind] = frozenset(("cut", "half_close", "reset"))
"""Faults that strike every open stream connection once; all others last."""
DAY_S = 86_400.0


class Fault(NamedTuple):
    """One fault: from `at_s` (virtual seconds) for `lasts_s`; `amount` is seconds, bytes a second, or a chance."""

    kind: Kind
    at_s: float
    lasts_s: float = 0.0
    amount: float = 0.0
    direction: Direction = "both"
    where: Where = "both"

    @property
    def ends_s(self) -> float:
        """When it is over."""
        return self.at_s + self.lasts_s

    def __str__(self) -> str:
        """One line of a printed plan."""
        return (
            f"{_time(self.at_s)} {self.kind:13} {self.direction:4} {self.where:8} "
            f"for {self.lasts_s:7.3f} s, amount {self.amount:.3f}"
        )


class FaultPlan(NamedTuple):
    """All faults of a run, in order of time."""

    seed: int
    faults: tuple[Fault, ...]

    def without(self, *kinds: Kind) -> "FaultPlan":
        """The same plan without some kinds of faults."""
        return FaultPlan(self.seed, tuple(fault for fault in self.faults if fault.kind not in kinds))

    def __str__(self) -> str:
        """Everything needed to see what happened and to repeat it."""
        return "\n".join((f"plan of seed {self.seed}", *(f"  {fault}" for fault in self.faults)))


def plan_of(seed: int, *, day_s: float = DAY_S, quiet_s: float = 900.0) -> FaultPlan:
    """The plan of a seed: some twenty faults a day, half of them in company; none in the last `quiet_s`."""
    generator = np.random.default_rng([seed, 1])
    faults: list[Fault] = []
    for _ in range(int(generator.integers(8, 16))):
        at_s = float(generator.uniform(5.0, day_s - quiet_s - 400.0))
        for _ in range(1 + int(generator.integers(1, 4)) * (generator.random() < 0.5)):
            faults.append(_fault(_kind(generator), round(at_s, 3), generator))
            at_s += float(generator.exponential(6.0))
    for _ in range(int(generator.integers(1, 5))):
        faults += _outages(float(generator.uniform(5.0, day_s - quiet_s - 900.0)), generator)
    return FaultPlan(seed, tuple(sorted(faults, key=lambda fault: fault.at_s)))


def _outages(at_s: float, generator: np.random.Generator) -> Iterator[Fault]:
    """The venue is away, comes back short of requests, and goes away again: what recovery started must not be lost."""
    for _ in range(int(generator.integers(1, 4))):
        at_s, away_s = round(at_s, 3), round(float(generator.uniform(2.0, 90.0)), 3)
        yield Fault("reset", at_s)
        yield Fault("handshake_429", at_s, away_s)
        at_s += away_s
        if generator.random() < 0.7:
            yield Fault("requests_429", round(at_s, 3), round(float(generator.uniform(1.0, 20.0)), 3), 5.0)
        at_s += float(generator.uniform(0.2, 40.0))


def _kind(generator: np.random.Generator) -> Kind:
    # Faults of a moment break connections, which is what recovery is for.
    kinds = sorted(MOMENTS) if generator.random() < 0.4 else KINDS
    return kinds[int(generator.integers(len(kinds)))]


def _fault(kind: Kind, at_s: float, generator: np.random.Generator) -> Fault:
    lasts_s = 0.0 if kind in MOMENTS else round(min(300.0, 1.0 + float(generator.exponential(30.0))), 3)
    direction: Direction = ("down", "up", "both")[int(generator.integers(3))]
    where: Where = ("stream", "requests", "both")[int(generator.integers(3))]
    return Fault(kind, at_s, lasts_s, round(_amount(kind, generator), 3), direction, where)


def _amount(kind: Kind, generator: np.random.Generator) -> float:
    match kind:
        case "latency" | "jitter":
            return float(generator.uniform(0.05, 3.0))
        case "slices":
            return float(generator.uniform(200.0, 4_000.0))
        case "duplicate" | "reorder" | "corrupt":
            return float(generator.uniform(0.2, 1.0))
        case "handshake_429" | "handshake_418" | "requests_429":
            # How long the venue asks to wait; half of the time it does not say.
            return float(generator.integers(1, 20) * (generator.random() < 0.5))
    return 0.0


def active(plan: FaultPlan, now_s: float) -> Iterator[Fault]:
    """The lasting faults that are on at `now_s`."""
    return (fault for fault in plan.faults if fault.at_s <= now_s < fault.ends_s)


def _time(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes) // 60:02}:{int(minutes) % 60:02}:{rest:06.3f}"
