"""Predictions whose horizons had not ended when a run did, as the next one takes them up. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from app.core.errors import DataError
from app.tokens.labels import RISE_HORIZON_S, RUG_HORIZON_S, Entry
from app.tokens.outcomes import MOST_OPEN, Predicted

MOST_RESTORED = 10_000
"""So many are taken up, the newest; one more than that leaves room for those of the run itself."""
OLDEST_MS = 72 * 3_600_000
"""Older ones are not taken up: a page of candles holds 83 hours."""

_MOST_BYTES = 8_000_000
_Name = Annotated[str, Meta(min_length=1, max_length=64)]
_Moment = Annotated[int, Meta(ge=0, lt=2**53)]
_Dollars = Annotated[float, Meta(ge=0, lt=1e300)]


class OpenPrediction(msgspec.Struct, frozen=True, array_like=True):
    """One of a token: when it was made, the moment its features are of, what was known then, and which of its labels
    are missing."""

    at_ms: _Moment
    seen_s: _Moment
    price: _Dollars
    liquidity_usd: _Dollars | None
    waits_for_hour: bool
    waits_for_day: bool


class OpenToken(msgspec.Struct, frozen=True, array_like=True):
    """Those about one pool of a token, oldest first."""

    mint: _Name
    pool: _Name
    predictions: tuple[OpenPrediction, ...]

    def predicted(self) -> Iterable[tuple[Predicted, int]]:
        """Each with a horizon that it waits for."""
        for each in self.predictions:
            predicted = Predicted(self.mint, self.pool, each.at_ms, Entry(each.seen_s, each.price, each.liquidity_usd))
            yield from ((predicted, RISE_HORIZON_S) for _ in range(each.waits_for_hour))
            yield from ((predicted, RUG_HORIZON_S) for _ in range(each.waits_for_day))


_decode = msgspec.msgpack.Decoder(tuple[OpenToken, ...]).decode


def encode_open(waiting: Mapping[Predicted, frozenset[int]]) -> bytes:
    """Predictions, each with the horizons in seconds that it waits for, as one input; empty for none."""
    by_pool: defaultdict[tuple[str, str], list[OpenPrediction]] = defaultdict(list)
    for each in sorted(waiting, key=lambda each: (each.entry.at_s, each.at_ms)):
        by_pool[each.mint, each.pool].append(_open(each, waiting[each]))
    tokens = [OpenToken(mint, pool, tuple(predictions)) for (mint, pool), predictions in by_pool.items()]
    return msgspec.msgpack.encode(tokens) if tokens else b""


def _open(predicted: Predicted, horizons: frozenset[int]) -> OpenPrediction:
    entry = predicted.entry
    return OpenPrediction(
        at_ms=predicted.at_ms,
        seen_s=entry.at_s,
        price=entry.price,
        liquidity_usd=entry.liquidity,
        waits_for_hour=RISE_HORIZON_S in horizons,
        waits_for_day=RUG_HORIZON_S in horizons,
    )


def decode_open(saved: bytes) -> tuple[OpenToken, ...]:
    """What `encode_open` made. Raises `DataError` for anything else, and for more than a run can have open."""
    if len(saved) > _MOST_BYTES:
        raise DataError(f"open predictions about tokens are {len(saved):,} bytes: no run has so many")
    try:
        tokens = _decode(saved) if saved else ()
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(f"open predictions about tokens cannot be read ({error})") from error
    count = sum(len(token.predictions) for token in tokens)
    if count > 2 * MOST_OPEN:
        raise DataError(f"{count:,} predictions about tokens are said to be open: no run has so many")
    return tokens
