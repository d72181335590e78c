"""Whether the model's workers can be relied on right now: what is counted, and the figures that a panel shows."""

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from app.engine.inference_requests import FailureKind

ModelMode = Literal["ML", "STRATEGY-ONLY", "NOT YET"]
_LATENCIES = 1_000
_MINUTE_S = 60
_SECOND_NS = 1_000_000_000


class InferenceHealth(msgspec.Struct, frozen=True, kw_only=True):
    """The state of the inference pool.

    `mode` is ML also before the first question, when no worker is wanted and the bundle is verified; NOT YET until it
    is. `mode_reason` says why it is STRATEGY-ONLY. `workers` answer, `workers_wanted` should at present (0 before the
    first question), `workers_most` may. `version` is empty and `origin` None while no bundle would answer;
    `made_at_s` are epoch seconds, 0 where the bundle does not say. `uptime_pct` is the share of time, since the first
    worker was ready, in which some worker was. Latencies are of the last 1,000 answers of workers, from the request to
    its answer; None before the first. `errors` counts requests without an answer by kind, `error_pct` is their share
    of all requests. `restarts` are those of workers that were lost; `refused` bundles were pointed to and not used.
    """

    mode: ModelMode
    mode_reason: str
    version: str
    origin: Literal["SIMULATED", "REAL"] | None
    made_at_s: int
    workers: int
    workers_wanted: int
    restarts: int
    uptime_pct: float | None
    latency_ms_p50: float | None
    latency_ms_p95: float | None
    latency_ms_p99: float | None
    answers: int
    answers_per_min: int
    cancelled: int
    waiting: int
    errors: Mapping[str, int]
    error_pct: float | None
    prediction_hit_pct: float | None
    feature_hit_pct: float | None
    reloads: int
    refused: int
    refused_reason: str
    workers_most: int = 0


class Uptime:
    """How long something was up since it first was. Times are monotonic nanoseconds."""

    def __init__(self) -> None:
        self._first_ns: int | None = None
        self._up_since_ns: int | None = None
        self._before_ns = 0

    def note(self, now_ns: int, *, is_up: bool) -> None:
        """It is up, or is not, from now on."""
        if is_up and self._up_since_ns is None:
            self._up_since_ns = now_ns
            self._first_ns = now_ns if self._first_ns is None else self._first_ns
        elif not is_up and self._up_since_ns is not None:
            self._before_ns += now_ns - self._up_since_ns
            self._up_since_ns = None

    def percent(self, now_ns: int) -> float | None:
        """The share of time; None before it was up for any."""
        if self._first_ns is None or now_ns == self._first_ns:
            return None
        now_up_ns = 0 if self._up_since_ns is None else now_ns - self._up_since_ns
        return 100 * (self._before_ns + now_up_ns) / (now_ns - self._first_ns)


class RequestMeter:
    """Counts what became of requests."""

    def __init__(self) -> None:
        self.answers = 0
        self.cancelled = 0
        self.errors: Counter[FailureKind] = Counter()
        self._latencies_ms: deque[float] = deque(maxlen=_LATENCIES)
        self._by_second: deque[list[int]] = deque(maxlen=_MINUTE_S + 1)

    def answered(self, started_ns: int, now_ns: int, *, by_worker: bool) -> None:
        """A request got its answer, from a worker or from what was kept."""
        self.answers += 1
        if by_worker:
            self._latencies_ms.append((now_ns - started_ns) / 1e6)
        second = now_ns // _SECOND_NS
        if self._by_second and self._by_second[-1][0] == second:
            self._by_second[-1][1] += 1
        else:
            self._by_second.append([second, 1])

    def failed(self, kind: FailureKind) -> None:
        """A request ended without an answer."""
        self.errors[kind] += 1

    def in_last_minute(self, now_ns: int) -> int:
        """Answers of the last 60 seconds."""
        first = now_ns // _SECOND_NS - _MINUTE_S
        return sum(count for second, count in self._by_second if second > first)

    def error_pct(self) -> float | None:
        """The share of requests that ended without an answer; None before the first one."""
        return share_pct(self.errors.total(), self.answers)

    def latencies_ms(self) -> tuple[float | None, float | None, float | None]:
        """p50, p95 and p99 of the last answers of workers."""
        told = sorted(self._latencies_ms)
        return _ranked(told, 50), _ranked(told, 95), _ranked(told, 99)


def _ranked(told: Sequence[float], percent: int) -> float | None:
    """The value that `percent` of the sorted values do not exceed: one of them, the higher of two."""
    return told[-(-(len(told) - 1) * percent // 100)] if told else None


def share_pct(part: int, rest: int) -> float | None:
    """`part` of both together, in percent; None of nothing."""
    return 100 * part / (part + rest) if part + rest else None
