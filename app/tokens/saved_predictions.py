"""What a run hands on about predictions: those whose horizons have not ended, claims without a grade, and the outcomes
that count for calibration. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from operator import attrgetter
from typing import Annotated

import msgspec
from msgspec import Meta

from app.core.calls import Call
from app.core.decoding import UNDECODABLE
from app.core.errors import DataError
from app.tokens.labels import RISE_HORIZON_S, RUG_HORIZON_S, Entry
from app.tokens.outcomes import MOST_OPEN, Predicted, Said

MOST_RESTORED = 10_000
"""So many are taken up, the newest; one more than that leaves room for those of the run itself."""
OLDEST_MS = 72 * 3_600_000
"""Older ones are not taken up: a page of candles holds 83 hours."""
MOST_CALLS = 10_000
"""Calls without a grade that are taken up, the newest."""
MOST_COUNTED = 2_000
"""Outcomes of a kind that count for calibration from the start, the newest."""

_MOST_PREDICTIONS = 2 * MOST_OPEN
"""So many can be open in a run, which a tape that begins midway holds."""
_MOST_BYTES = 24_000_000
_Name = Annotated[str, Meta(min_length=1, max_length=64)]
_Version = Annotated[str, Meta(max_length=200)]
_Moment = Annotated[int, Meta(ge=0, lt=2**53)]
_Dollars = Annotated[float, Meta(ge=0, lt=1e300)]
_Probability = Annotated[float, Meta(ge=0, le=1)]
_Count = Annotated[int, Meta(ge=0, lt=2**53)]


class OpenPrediction(msgspec.Struct, frozen=True, array_like=True):
    """One of a token: when it was made, the moment its features are of, what was known then, what the model said, and
    which of its labels are missing."""

    at_ms: _Moment
    seen_s: _Moment
    price: _Dollars
    liquidity_usd: _Dollars | None
    version: _Version
    p_rise: _Probability
    p_rug: _Probability
    waits_for_hour: bool
    waits_for_day: bool


_seen = attrgetter("seen_s")


class OpenToken(msgspec.Struct, frozen=True, array_like=True):
    """Those about one pool of a token, oldest first."""

    mint: _Name
    pool: _Name
    predictions: Annotated[tuple[OpenPrediction, ...], Meta(max_length=_MOST_PREDICTIONS)]

    def waiting(self) -> Iterable[tuple[int, list[Predicted]]]:
        """Of each horizon in seconds those that wait for it, oldest first."""
        hours: list[Predicted] = []
        days: list[Predicted] = []
        for each in sorted(self.predictions, key=_seen):
            entry = Entry(each.seen_s, each.price, each.liquidity_usd)
            said = Said(each.version, each.p_rise, each.p_rug)
            predicted = Predicted(self.mint, self.pool, each.at_ms, entry, said)
            if each.waits_for_hour:
                hours.append(predicted)
            if each.waits_for_day:
                days.append(predicted)
        return (RISE_HORIZON_S, hours), (RUG_HORIZON_S, days)


class OpenCall(msgspec.Struct, frozen=True, array_like=True):
    """A claim without a grade. `is_told`: its prediction has its label, which is `happened`, None with a `reason`
    where nobody knows."""

    call: Call
    is_told: bool = False
    happened: bool | None = None
    reason: Annotated[str, Meta(max_length=400)] = ""


class CountedOutcome(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A probability that was given of a token at a time, and whether what it was of came true."""

    mint: _Name
    at_ms: _Moment
    p: _Probability
    happened: bool


class SavedPredictions(msgspec.Struct, frozen=True, kw_only=True):
    """What a run takes up. `hours` and `days` are outcomes of bundle `version`, oldest first, none of which shares its
    time with another of its token; `rises` and `rugs` tell how many of how many decided claims came true."""

    tokens: Annotated[tuple[OpenToken, ...], Meta(max_length=_MOST_PREDICTIONS)] = ()
    calls: Annotated[tuple[OpenCall, ...], Meta(max_length=4 * _MOST_PREDICTIONS)] = ()
    version: _Version = ""
    hours: Annotated[tuple[CountedOutcome, ...], Meta(max_length=MOST_COUNTED)] = ()
    days: Annotated[tuple[CountedOutcome, ...], Meta(max_length=MOST_COUNTED)] = ()
    rises: tuple[_Count, _Count] = (0, 0)
    rugs: tuple[_Count, _Count] = (0, 0)


_decode = msgspec.msgpack.Decoder(SavedPredictions).decode


def open_tokens(waiting: Mapping[Predicted, frozenset[int]]) -> tuple[OpenToken, ...]:
    """Predictions, each with the horizons in seconds that it waits for, by token and pool."""
    by_pool: defaultdict[tuple[str, str], list[OpenPrediction]] = defaultdict(list)
    for each in sorted(waiting, key=lambda each: (each.entry.at_s, each.at_ms)):
        by_pool[each.mint, each.pool].append(_open(each, waiting[each]))
    return tuple(OpenToken(mint, pool, tuple(predictions)) for (mint, pool), predictions in by_pool.items())


def _open(predicted: Predicted, horizons: frozenset[int]) -> OpenPrediction:
    entry, said = predicted.entry, predicted.said
    return OpenPrediction(
        at_ms=predicted.at_ms,
        seen_s=entry.at_s,
        price=entry.price,
        liquidity_usd=entry.liquidity,
        version=said.version,
        p_rise=said.p_rise,
        p_rug=said.p_rug,
        waits_for_hour=RISE_HORIZON_S in horizons,
        waits_for_day=RUG_HORIZON_S in horizons,
    )


def encode_saved(saved: SavedPredictions) -> bytes:
    """As one input; empty for nothing."""
    return b"" if saved == SavedPredictions() else msgspec.msgpack.encode(saved)


def decode_saved(saved: bytes) -> SavedPredictions:
    """What `encode_saved` made. Raises `DataError` for anything else, and for more than a run can have open."""
    if len(saved) > _MOST_BYTES:
        raise DataError(f"open predictions about tokens are {len(saved):,} bytes: no run has so many")
    try:
        read = _decode(saved) if saved else SavedPredictions()
    except UNDECODABLE as error:
        raise DataError(f"open predictions about tokens cannot be read ({error})") from error
    count = sum(len(token.predictions) for token in read.tokens)
    if count > _MOST_PREDICTIONS:
        raise DataError(f"{count:,} predictions about tokens are said to be open: no run has so many")
    return read
