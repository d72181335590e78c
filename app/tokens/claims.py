"""What the model claims of tokens, filed when it is said and graded by what came after. Pure.

A claim is of an event on the way, not of a price at the end: that the highest five-minute close of the next hour is
3 % or more above the price after a 1 % round trip, and that it rugs within a day (`tokens/labels.py`). The labels of
its prediction decide it (`tokens/outcomes.py`), in the run that filed it or in a later one. Beside each stands the
claim of the base rate (`base_rates.py`), which it must beat.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec

from app.core.calls import CANDLES_GRADE, Call, CostModel, Outcome
from app.tokens import base_rates
from app.tokens.base_rates import RISES_BEFORE, RUGS_BEFORE, BaseRate
from app.tokens.labels import RISE, RISE_HORIZON_S, ROUND_TRIP, RUG_HORIZON_S, RUG_REMAINS
from app.tokens.outcomes import Labelled, Predicted
from app.tokens.saved_predictions import OpenCall

CLAIMANT = "token-model"
CLAIMANTS = (base_rates.CLAIMANT, CLAIMANT)
KIND, RUG_KIND = "token rise", "token rug"
ENDED = "run ended before the horizon"
NOT_WAITED_FOR = "its prediction was not stored, or is waited for no longer"
NOT_SOUND = "a number of the call is out of range"
_HORIZONS = {KIND: RISE_HORIZON_S, RUG_KIND: RUG_HORIZON_S}
_BASIS_POINTS = 10_000.0
_DIGITS = 6
"""As many as a verdict shows."""


class Decided(NamedTuple):
    """A claim and what became of it."""

    call: Call
    outcome: Outcome


class Claim(NamedTuple):
    """What the model claims and what the base rate does, of one event; the twin is filed first."""

    twin: Call
    own: Call


class TokenClaims:
    """The open claims, those of earlier runs among them.

    Of each kind one a token is filed at a time: those of overlapping horizons would count one move twice.
    """

    def __init__(self) -> None:
        self._open: dict[tuple[int, str], dict[int, list[Call]]] = {}
        """By horizon and token, and by when they were made."""
        self._rates = {RISE_HORIZON_S: BaseRate(RISES_BEFORE), RUG_HORIZON_S: BaseRate(RUGS_BEFORE)}

    @property
    def rates(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """How many of how many claims that a token rises came true, and of those that it rugs."""
        return self._rates[RISE_HORIZON_S].counts, self._rates[RUG_HORIZON_S].counts

    def calls(self) -> list[Call]:
        """All that are open."""
        return [call for of_token in self._open.values() for calls in of_token.values() for call in calls]

    def file(self, predicted: Predicted, horizon_s: int, *, source: str, evidence: int, priced_s: int) -> Claim | None:
        """The claim of a prediction, of the event within `horizon_s`; `priced_s`: when its price was told. None while
        one of its kind and token is open, and without a price."""
        key = horizon_s, predicted.mint
        if key in self._open or not predicted.entry.price > 0:
            return None
        call = _call(predicted, horizon_s, source, evidence, priced_s)
        twin = self._rates[horizon_s].twin(call)
        claim = Claim(twin, msgspec.structs.replace(call, baseline_id=twin.call_id))
        self._open[key] = {predicted.at_ms: list(claim)}
        return claim

    def labelled(self, each: Labelled, now_ms: int) -> list[Decided]:
        """It is known what became of a prediction, or that nobody will know: the claim that was filed of it."""
        key = each.horizon_s, each.predicted.mint
        of_token = self._open.get(key, {})
        calls = of_token.pop(each.predicted.at_ms, [])
        if not of_token:
            self._open.pop(key, None)
        return self._decided(calls, each.happened, each.reason, now_ms)

    def restore(self, saved: Iterable[OpenCall], waits: Callable[[str, int, int], bool], now_ms: int) -> list[Decided]:
        """Take up claims of earlier runs; what became of those that are decided at once.

        `waits` says of a token, a time and a horizon whether a label of that prediction is waited for.
        """
        decided: list[Decided] = []
        told: dict[tuple[int, str, int], list[OpenCall]] = {}
        for each in saved:
            call = each.call
            if not _is_sound(call):
                decided.append(_ungraded(call, NOT_SOUND, now_ms))
            elif each.is_told:
                told.setdefault((call.horizon_s, call.subject, call.made_at_ms), []).append(each)
            elif waits(call.subject, call.made_at_ms, call.horizon_s):
                of_token = self._open.setdefault((call.horizon_s, call.subject), {})
                of_token.setdefault(call.made_at_ms, []).append(call)
            else:
                decided.append(_ungraded(call, NOT_WAITED_FOR, now_ms))
        for group in told.values():
            decided += self._decided([each.call for each in group], group[0].happened, group[0].reason, now_ms)
        return decided

    def restore_rates(self, rises: tuple[int, int], rugs: tuple[int, int]) -> None:
        """Begin with so many of so many claims that came true."""
        self._rates[RISE_HORIZON_S].begin(*rises)
        self._rates[RUG_HORIZON_S].begin(*rugs)

    def finish(self, now_ms: int) -> list[Decided]:
        """Nobody will label what is open: it is not graded."""
        ended = [_ungraded(call, ENDED, now_ms) for call in self.calls()]
        self._open.clear()
        return ended

    def _decided(self, calls: list[Call], happened: bool | None, reason: str, now_ms: int) -> list[Decided]:
        if happened is None:
            return [_ungraded(call, reason, now_ms) for call in calls]
        if calls:
            self._rates[calls[0].horizon_s].learn(happened)
        return [_graded(call, happened, now_ms) for call in calls]


def _call(predicted: Predicted, horizon_s: int, source: str, evidence: int, priced_s: int) -> Call:
    mint, said, entry = predicted.mint, predicted.said, predicted.entry
    is_rise = horizon_s == RISE_HORIZON_S
    return Call(
        source=source,
        claimant=CLAIMANT,
        claimant_version=said.version,
        kind=KIND if is_rise else RUG_KIND,
        subject=mint,
        claim=_rises(mint, entry.price) if is_rise else _rugs(mint, entry.price),
        probability=round(said.p_rise if is_rise else said.p_rug, _DIGITS),
        direction=0,
        made_at_ms=predicted.at_ms,
        available_at_ms=predicted.at_ms,
        input_age_ms=max(0, predicted.at_ms - priced_s * 1_000),
        reference_kind=CANDLES_GRADE,
        reference_price=entry.price,
        bid=entry.price,
        ask=entry.price,
        horizon_s=horizon_s,
        cost=CostModel(taker_fee_bps=ROUND_TRIP * _BASIS_POINTS / 2, slippage_bps=0.0),
        evidence=evidence,
    )


def _rises(mint: str, price: float) -> str:
    target = price * (1 + RISE) / (1 - ROUND_TRIP)
    return f"highest five-minute close of {mint} within {RISE_HORIZON_S} s at {target:.6g} or more"


def _rugs(mint: str, price: float) -> str:
    return (
        f"{mint} closes at {RUG_REMAINS * price:.6g} or less within {RUG_HORIZON_S} s, or {RUG_REMAINS:.0%} or less of "
        "the money in its pool remains"
    )


def _is_sound(call: Call) -> bool:
    return call.claimant in CLAIMANTS and _HORIZONS.get(call.kind) == call.horizon_s and 0 <= call.probability <= 1


def _graded(call: Call, happened: bool, now_ms: int) -> Decided:
    outcome = Outcome(
        call_id=call.call_id,
        status="graded",
        decided_at_ms=now_ms,
        graded_horizon_ms=call.horizon_s * 1_000,
        event_happened=happened,
        brier=(call.probability - happened) ** 2,
    )
    return Decided(call, outcome)


def _ungraded(call: Call, reason: str, now_ms: int) -> Decided:
    return Decided(call, Outcome(call_id=call.call_id, status="ungraded", reason=reason, decided_at_ms=now_ms))
