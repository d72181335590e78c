"""What the database holds of predictions of earlier runs, put together for the start of a run: those whose horizons
have not ended, claims without a grade, and the outcomes that count for calibration."""

import asyncio
from collections.abc import Iterable

from app.core.calls import Call
from app.store.reader import Reader
from app.store.table import Condition
from app.store.token_tables import OUTCOMES_TOLD, PREDICTIONS_MADE, OutcomeTold, PredictionMade
from app.tokens.claims import CLAIMANTS
from app.tokens.labels import RISE_HORIZON_S, RUG_HORIZON_S, Entry, Labels
from app.tokens.outcomes import Predicted, Said
from app.tokens.saved_predictions import (
    MOST_CALLS,
    MOST_COUNTED,
    MOST_RESTORED,
    OLDEST_MS,
    CountedOutcome,
    OpenCall,
    SavedPredictions,
    encode_saved,
    open_tokens,
)

_STEP_MS = 3_600_000
"""An hour at a time: what is read at once is checked at once, and the loop has other work."""
_MOST_AN_HOUR = 2_000
_HORIZONS = (RISE_HORIZON_S, RUG_HORIZON_S)
_Labels = dict[tuple[str, int, int], OutcomeTold]
"""By token, time of the prediction and horizon."""


async def saved_tokens(reader: Reader, now_ms: int) -> bytes:
    """What earlier runs left to take up. Raises `DataError`."""
    found = await _found(reader, now_ms)
    # Ten thousand predictions take a tenth of a second to put together, which would hold the loop.
    return await asyncio.to_thread(lambda: encode_saved(found.saved()))


async def _found(reader: Reader, now_ms: int) -> "_Found":
    found = _Found()
    for until_ms in range(now_ms + 1, now_ms - OLDEST_MS, -_STEP_MS):
        since_ms = until_ms - _STEP_MS
        hour = (Condition("at_ms", ">=", since_ms), Condition("at_ms", "<", until_ms))
        made = await reader.select(PREDICTIONS_MADE, hour, limit=_MOST_AN_HOUR)
        if made:
            told = await reader.select(OUTCOMES_TOLD, hour, limit=2 * _MOST_AN_HOUR)
            await asyncio.to_thread(found.take, made, told, await _undecided(reader, since_ms, until_ms))
    return found


async def _undecided(reader: Reader, since_ms: int, until_ms: int) -> list[Call]:
    """Claims about tokens made in [since, until) that have no grade."""
    return [call for claimant in CLAIMANTS async for call in reader.undecided(since_ms, until_ms, claimant)]


class _Found:
    """What was found so far, the newest first."""

    def __init__(self) -> None:
        self._waiting: dict[Predicted, frozenset[int]] = {}
        self._calls: list[OpenCall] = []
        self._version = ""
        """The bundle that spoke last: outcomes of others say nothing of it."""
        self._counted: dict[int, list[CountedOutcome]] = {horizon_s: [] for horizon_s in _HORIZONS}
        self._earliest_ms: dict[tuple[int, str], int] = {}
        """By horizon and token: when the earliest prediction that counts was made."""

    def take(self, made: Iterable[PredictionMade], told: Iterable[OutcomeTold], undecided: Iterable[Call]) -> None:
        """Predictions, newest first, earlier ones than all before; their outcomes, and the claims of that time."""
        known: _Labels = {(row.mint, row.at_ms, row.horizon_s): row for row in told}
        for row in made:
            self._version = self._version or row.version
            missing = frozenset(each for each in _HORIZONS if (row.mint, row.at_ms, each) not in known)
            if missing and len(self._waiting) < MOST_RESTORED:
                self._waiting[_predicted(row)] = missing
            if row.version == self._version:
                self._count(row, known)
        calls = [_open_call(call, known) for call in undecided]
        self._calls += calls[: MOST_CALLS - len(self._calls)]

    def _count(self, row: PredictionMade, known: _Labels) -> None:
        """Of one token only outcomes count whose horizons do not overlap."""
        for horizon_s, p in ((RISE_HORIZON_S, row.p_rise), (RUG_HORIZON_S, row.p_rug)):
            outcome = known.get((row.mint, row.at_ms, horizon_s))
            happened = None if outcome is None else _happened(outcome)
            counted, key = self._counted[horizon_s], (horizon_s, row.mint)
            before_ms = self._earliest_ms.get(key)
            is_apart = before_ms is None or row.at_ms + 1_000 * horizon_s <= before_ms
            if happened is not None and is_apart and len(counted) < MOST_COUNTED:
                counted.append(CountedOutcome(row.mint, row.at_ms, p, happened))
                self._earliest_ms[key] = row.at_ms

    def saved(self) -> SavedPredictions:
        """All of it, the oldest first."""
        hours, days = (tuple(reversed(self._counted[horizon_s])) for horizon_s in _HORIZONS)
        return SavedPredictions(
            tokens=open_tokens(self._waiting),
            calls=tuple(sorted(self._calls, key=lambda each: _order(each.call))),
            version=self._version,
            hours=hours,
            days=days,
        )


def _predicted(row: PredictionMade) -> Predicted:
    entry = Entry(row.seen_s, row.price or 0.0, row.liquidity_usd)
    return Predicted(row.mint, row.pool, row.at_ms, entry, Said(row.version, row.p_rise, row.p_rug))


def _open_call(call: Call, known: _Labels) -> OpenCall:
    """A run that was killed may have labelled a prediction and not written its grade."""
    outcome = known.get((call.subject, call.made_at_ms, call.horizon_s))
    return OpenCall(call) if outcome is None else OpenCall(call, True, _happened(outcome), outcome.reason[:400])


def _order(call: Call) -> tuple[int, str, str]:
    """As they were filed: the base rate's before the model's."""
    return call.made_at_ms, call.kind, call.claimant


def _happened(outcome: OutcomeTold) -> bool | None:
    return Labels(outcome.rises, None, None, outcome.falls, outcome.drains).happened(outcome.horizon_s)
