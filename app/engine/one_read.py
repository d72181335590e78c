"""One read of one market, taken from an engine over its link: the model's, or the rules' with the reason why."""

import asyncio
from typing import Literal, NamedTuple

import msgspec

from app.core.errors import DataError, UsageError, VenueError
from app.core.events import Action, Freshness
from app.core.text import clean
from app.engine.link import EngineLink
from app.engine.protocol import AiRead, JobView, MarketRow, ModelView, RulesView, Snapshot, SourceView, StartJob
from app.engine.reach import Reach
from app.scalper.persona import direction_word, setup_words

By = Literal["ai", "rules"]

_HOPELESS = frozenset({"off", "refused", "absent", "no model", "failing"})
_BUSY = "under way already"


class OneRead(msgspec.Struct, frozen=True, kw_only=True):
    """What is seen of a market. `by` says who read, `label` names it: RULES is never shown for a model's read.

    `wanted` is who was asked for; where that is the model and the rules read, `why_rules` says why. Ages and latencies
    are milliseconds: `age_ms` since the read was made (0 for rules), `data_age_ms` that of the newest data. Metrics are
    0-100; action, confidence and sentence are a model's alone. `round_trip_bps` are the fees of a taker, to which the
    spread is added.
    """

    coin: str
    source: SourceView
    wanted: By
    by: By
    label: str
    why_rules: str
    at_ms: int
    age_ms: int
    data_age_ms: int | None
    price: float | None
    spread_bps: float | None
    round_trip_bps: float
    setup: str
    momentum: float | None
    direction: int
    pressure: float
    continuation: float | None
    freshness: Freshness | None
    action: Action | None = None
    confidence: int | None = None
    sentence: str = ""
    conflict: bool = False
    in_position: bool = False
    latency_ms: int | None = None
    model: str = ""
    trigger: str = ""


class NotReadHereError(VenueError):
    """The engine does not have a model read this market."""


class Waiting(NamedTuple):
    """Nothing yet; `why` is a sentence."""

    why: str


class AskNow(NamedTuple):
    """The engine should be told to read the market."""


Step = OneRead | Waiting | AskNow


class ReadWatch:
    """Told snapshots, it says what to do until there is a read made after the first of them. Pure.

    `by_hand` has the engine read at once; otherwise its own first read will do, and one is only asked for where that
    failed.
    """

    def __init__(self, coin: str, wanted: By, *, by_hand: bool) -> None:
        self.coin = coin
        self._wanted: By = wanted
        self._by_hand = by_hand
        self._since_ms: int | None = None
        self._reach = Reach()
        self._failures = 0
        self._asked_ms: int | None = None
        self._refused = ""
        self._rules: OneRead | None = None
        self._why = "the engine has said nothing yet"

    def look(self, snapshot: Snapshot) -> Step:
        """What to do. Raises `UsageError` for a market that is not there, `NotReadHereError` for one nobody reads."""
        row = next((row for row in snapshot.markets if row.coin == self.coin), None)
        if row is None:
            return self._without_a_row(snapshot)
        self._begin(snapshot, row)
        step = self._step(snapshot, row)
        if isinstance(step, Waiting):
            self._why = step.why
        return step

    def asked(self, now_ms: int, *, ok: bool, message: str) -> None:
        """The engine was told to read: whether it will, and what it said."""
        if ok:
            self._asked_ms = now_ms
        elif _BUSY not in message:
            self._refused = message

    def at_the_limit(self, seconds: float) -> OneRead:
        """What there is when no more is waited for. Raises `VenueError` where there is nothing."""
        if self._rules is None:
            raise VenueError(f"{clean(self.coin, 32)}: no read within {seconds:g} s: {self._why}; --wait gives it more")
        return msgspec.structs.replace(self._rules, why_rules=f"no read within {seconds:g} s: {self._why}")

    def _without_a_row(self, snapshot: Snapshot) -> Waiting:
        if snapshot.markets:
            known = ", ".join(str(clean(row.coin, 24)) for row in snapshot.markets[:8])
            raise UsageError(f"{clean(self.coin, 32)} is not a market of this venue, or not followed; it has {known}")
        self._why = snapshot.waiting_for
        if self._reach.is_lost(snapshot):
            raise VenueError(f"{clean(self.coin, 32)}: no read, the venue cannot be reached: {snapshot.waiting_for}")
        return Waiting(snapshot.waiting_for)

    def _begin(self, snapshot: Snapshot, row: MarketRow) -> None:
        if self._since_ms is None:
            self._since_ms = snapshot.wall_ms
            self._failures = row.scalper.failures if row.scalper is not None else 0

    def _step(self, snapshot: Snapshot, row: MarketRow) -> Step:
        self._rules = rules_read(snapshot, row, self._wanted, "")
        if self._wanted == "rules" or self._rules is None:
            return self._rules or Waiting(why_no_rules(row))
        if row.scalper is None or snapshot.model is None:
            raise NotReadHereError(f"{clean(self.coin, 32)} is not among the coins that the engine has a model read")
        read = row.scalper.ai
        if read is not None and snapshot.wall_ms - read.age_ms >= (self._since_ms or 0):
            return model_read(snapshot, row, read)
        reason = self._refused or self._why_none(snapshot, snapshot.model)
        if reason:
            return msgspec.structs.replace(self._rules, why_rules=reason)
        wants = self._by_hand or row.scalper.failures > self._failures
        if self._asked_ms is None and wants and snapshot.model.state == "ready":
            return AskNow()
        return Waiting(row.scalper.waits_for or snapshot.model.message or f"the model is {snapshot.model.state}")

    def _why_none(self, snapshot: Snapshot, model: ModelView) -> str:
        """Why there will be no read of the model's; empty while there may be one."""
        job = self._own_job(snapshot.jobs)
        if job is not None and job.state in ("failed", "cancelled"):
            return job.message
        return (model.message or f"the model is {model.state}") if model.state in _HOPELESS else ""

    def _own_job(self, jobs: tuple[JobView, ...]) -> JobView | None:
        asked_ms = self._asked_ms
        if asked_ms is None:
            return None
        return next((job for job in jobs if job.name == "read" and job.since_ms >= asked_ms), None)


async def one_read(link: EngineLink, watch: ReadWatch, limit_s: float) -> OneRead:
    """Wait on a connected link for a read, at most `limit_s` seconds.

    Raises what `ReadWatch` raises, and `VenueError` where the engine ends before there is one.
    """
    try:
        async with asyncio.timeout(limit_s):
            while (snapshot := await link.snapshot()) is not None:
                step = watch.look(snapshot)
                if isinstance(step, OneRead):
                    return step
                if isinstance(step, AskNow):
                    result = await link.send(StartJob("read", watch.coin))
                    watch.asked(snapshot.wall_ms, ok=result.ok, message=result.message)
    except TimeoutError:
        return watch.at_the_limit(limit_s)
    raise VenueError("the engine has ended before there was a read; start it again")


def read_of_tape(snapshot: Snapshot, coin: str, wanted: By) -> OneRead:
    """What the end of a tape shows: the last read that it holds, else the rules'.

    Raises `UsageError` for a coin that is not on it, `DataError` where its last minute is not known.
    """
    row = next((row for row in snapshot.markets if row.coin == coin), None)
    if row is None:
        known = ", ".join(str(clean(row.coin, 24)) for row in snapshot.markets[:8]) or "no market"
        raise UsageError(f"{clean(coin, 32)} is not on this tape; it has {known}")
    if wanted == "ai" and row.scalper is not None and row.scalper.ai is not None:
        return model_read(snapshot, row, row.scalper.ai)
    why = "the tape holds no read of it; `tapedeck eval scalper --model M` asks one" if wanted == "ai" else ""
    read = rules_read(snapshot, row, wanted, why)
    if read is None:
        raise DataError(f"{clean(coin, 32)} at the end of the tape: {why_no_rules(row)}")
    return read


def model_read(snapshot: Snapshot, row: MarketRow, read: AiRead) -> OneRead:
    """A model's read of a market."""
    model = str(clean(read.model, 64))
    return msgspec.structs.replace(
        _metrics(snapshot, row, read),
        wanted="ai",
        by="ai",
        label=f"AI {model}",
        age_ms=read.age_ms,
        action=read.action,
        confidence=read.confidence,
        sentence=str(clean(read.sentence, 200)),
        conflict=read.conflict,
        in_position=read.in_position,
        latency_ms=read.latency_ms,
        model=model,
        trigger=str(clean(read.reason, 32)),
    )


def rules_read(snapshot: Snapshot, row: MarketRow, wanted: By, why: str) -> OneRead | None:
    """The rules' read of a market; None until they know a whole minute of fresh data."""
    rules = row.rules
    if rules is None or rules.momentum is None or row.stale:
        return None
    return msgspec.structs.replace(_metrics(snapshot, row, rules), wanted=wanted, why_rules=why)


def why_no_rules(row: MarketRow) -> str:
    """Why the rules do not read a market."""
    if row.stale:
        return "its data is stale"
    if row.rules is None:
        return "trades of its last minute are missing, or nothing has come yet"
    return "a whole minute of prices is needed"


def _metrics(snapshot: Snapshot, row: MarketRow, read: AiRead | RulesView) -> OneRead:
    """What every read has, as one of the rules."""
    return OneRead(
        coin=row.coin,
        source=snapshot.source,
        wanted="rules",
        by="rules",
        label="RULES",
        why_rules="",
        at_ms=snapshot.wall_ms,
        age_ms=0,
        data_age_ms=row.age_ms,
        price=row.price,
        spread_bps=row.spread_bps,
        round_trip_bps=snapshot.model.round_trip_bps if snapshot.model is not None else 0.0,
        setup=_setup(read),
        momentum=read.momentum,
        direction=read.direction,
        pressure=read.pressure,
        continuation=read.continuation,
        freshness=read.freshness,
    )


def _setup(read: AiRead | RulesView) -> str:
    """The read in the persona's words; empty where it has no momentum."""
    if read.momentum is None:
        return ""
    return ", ".join(
        filter(None, (setup_words(read.momentum, read.pressure, direction_word(read.direction)), read.freshness))
    )
