"""What the model claims of tokens, filed when it is said and graded by what came after. Pure.

A claim is of an event on the way, not of a price at the end: that the highest five-minute close of the next hour is
3 % or more above the price after a 1 % round trip, and that it rugs within a day (`tokens/labels.py`). Candles of the
whole hour decide the first, those and the liquidity of the whole day the second, also of a token that is watched no
longer. Beside each stands the claim of the base rate (`base_rates.py`), which it must beat.
"""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from app.core.calls import CANDLES_GRADE, Call, CostModel, Outcome
from app.tokens.base_rates import RISES_BEFORE, RUGS_BEFORE, BaseRate
from app.tokens.candles import CandleTable
from app.tokens.labels import RISE, RISE_HORIZON_S, ROUND_TRIP, RUG_HORIZON_S, RUG_REMAINS, Entry, Levels, labels
from app.tokens.outcomes import Predicted
from app.tokens.watched import Seen

CLAIMANT = "token-model"
KIND, RUG_KIND = "token rise", "token rug"
SETTLED_S = 10
"""So long after the hour its last candle is asked for at the earliest."""
OVERDUE_S = 7_200
"""Without candles of the hour by so long after it, a claim is not graded."""
ENDED = "run ended before the horizon"
_BASIS_POINTS = 10_000.0


class Decided(NamedTuple):
    """A claim and what became of it."""

    call: Call
    outcome: Outcome


class Claim(NamedTuple):
    """What the model claims and what the base rate does, of one event; the twin is filed first."""

    twin: Call
    own: Call


class TokenClaims:
    """The open claims of a run, one a token at a time: those of overlapping hours would count one move twice."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[Claim, Entry]] = {}
        self._rate = BaseRate(RISES_BEFORE)

    def __len__(self) -> int:
        return len(self._open)

    def file(
        self, seen: Seen, p_rise: float, version: str, *, source: str, now_ms: int, evidence: int,
        liquidity: float | None = None,
    ) -> Claim | None:  # fmt: skip
        """The claim of a prediction; None while one of the token is open, and without a price. `liquidity` is what lies
        in the pool, in dollars."""
        mint, price = seen.listed.mint, seen.price
        if mint in self._open or price is None:
            return None
        target = price * (1 + RISE) / (1 - ROUND_TRIP)
        words = f"highest five-minute close of {mint} within {RISE_HORIZON_S} s at {target:.6g} or more"
        entry = Entry(seen.at_s, price, liquidity)
        call = _call(
            KIND, mint, words, p_rise, entry, RISE_HORIZON_S, version, source=source, now_ms=now_ms, evidence=evidence
        )
        claim = _beside(self._rate, call)
        self._open[mint] = claim, entry
        return claim

    def due_s(self, mint: str) -> int | None:
        """From when on candles decide the open claim of a token; None without one."""
        found = self._open.get(mint)
        return None if found is None else found[1].at_s + RISE_HORIZON_S + SETTLED_S

    def candles(self, mint: str, table: CandleTable, now_ms: int, liquidity: Levels | None = None) -> list[Decided]:
        """The newest candles of a token have come: its claim, if that decides one. `liquidity` is the pool's, as far as
        it was told: once it has drained, no close is a gain."""
        due_s = self.due_s(mint)
        if due_s is None or now_ms // 1_000 < due_s:
            return []
        claim, entry = self._open.pop(mint)
        became = labels(entry, table, liquidity, now_ms // 1_000)
        return _graded(claim, bool(became.rises), self._rate, now_ms)

    def overdue(self, now_ms: int) -> Iterator[Decided]:
        """Claims whose candles did not come."""
        for mint in [mint for mint in self._open if now_ms // 1_000 > (self.due_s(mint) or 0) + OVERDUE_S]:
            yield from self._undecided(mint, "candles of its hour could not be had", now_ms)

    def finish(self, now_ms: int) -> Iterator[Decided]:
        """The run ends: what is open is not graded."""
        for mint in list(self._open):
            yield from self._undecided(mint, ENDED, now_ms)

    def _undecided(self, mint: str, reason: str, now_ms: int) -> list[Decided]:
        return _ungraded(self._open.pop(mint)[0], reason, now_ms)


class RugClaims:
    """The open claims of rugs of a run, one a token at a time, decided by the labels of their predictions."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[Claim, Predicted]] = {}
        self._rate = BaseRate(RUGS_BEFORE)

    def file(
        self, predicted: Predicted, p_rug: float, version: str, *, source: str, now_ms: int, evidence: int
    ) -> Claim | None:
        """The claim of a prediction; None while one of the token is open, and without a price."""
        mint, price = predicted.mint, predicted.entry.price
        if mint in self._open or not price > 0:
            return None
        words = (
            f"{mint} closes at {RUG_REMAINS * price:.6g} or less within {RUG_HORIZON_S} s, or {RUG_REMAINS:.0%} "
            "or less of the money in its pool remains"
        )
        call = _call(
            RUG_KIND, mint, words, p_rug, predicted.entry, RUG_HORIZON_S, version, source=source, now_ms=now_ms,
            evidence=evidence,
        )  # fmt: skip
        claim = _beside(self._rate, call)
        self._open[mint] = claim, predicted
        return claim

    def labelled(self, predicted: Predicted, rugs: bool | None, reason: str, now_ms: int) -> list[Decided]:
        """What became of a prediction within its day: the claim that was filed for it, if one was."""
        mint = predicted.mint
        if mint not in self._open or self._open[mint][1] != predicted:
            return []
        claim = self._open.pop(mint)[0]
        return _ungraded(claim, reason, now_ms) if rugs is None else _graded(claim, rugs, self._rate, now_ms)

    def finish(self, now_ms: int) -> Iterator[Decided]:
        """The run ends: what is open is not graded."""
        for mint in list(self._open):
            yield from _ungraded(self._open.pop(mint)[0], ENDED, now_ms)


def _call(
    kind: str, mint: str, words: str, probability: float, entry: Entry, horizon_s: int, version: str, *, source: str,
    now_ms: int, evidence: int,
) -> Call:  # fmt: skip
    """What the model claims of an event within `horizon_s` of `entry`, written out in `words`."""
    return Call(
        source=source,
        claimant=CLAIMANT,
        claimant_version=version,
        kind=kind,
        subject=mint,
        claim=words,
        probability=probability,
        direction=0,
        made_at_ms=now_ms,
        available_at_ms=now_ms,
        input_age_ms=max(0, now_ms - entry.at_s * 1_000),
        reference_kind=CANDLES_GRADE,
        reference_price=entry.price,
        bid=entry.price,
        ask=entry.price,
        horizon_s=horizon_s,
        cost=CostModel(taker_fee_bps=ROUND_TRIP * _BASIS_POINTS / 2, slippage_bps=0.0),
        evidence=evidence,
    )


def _beside(rate: BaseRate, call: Call) -> Claim:
    twin = rate.twin(call)
    return Claim(twin, msgspec.structs.replace(call, baseline_id=twin.call_id))


def _graded(claim: Claim, happened: bool, rate: BaseRate, now_ms: int) -> list[Decided]:
    rate.learn(happened)
    return [_decided(call, happened, now_ms) for call in claim]


def _decided(call: Call, happened: bool, now_ms: int) -> Decided:
    outcome = Outcome(
        call_id=call.call_id,
        status="graded",
        decided_at_ms=now_ms,
        graded_horizon_ms=call.horizon_s * 1_000,
        event_happened=happened,
        brier=(call.probability - happened) ** 2,
    )
    return Decided(call, outcome)


def _ungraded(claim: Claim, reason: str, now_ms: int) -> list[Decided]:
    return [
        Decided(call, Outcome(call_id=call.call_id, status="ungraded", reason=reason, decided_at_ms=now_ms))
        for call in claim
    ]
