"""Messages of the link: one token opened up, with all that the newest verdict on it rests on. As in `protocol.py`."""

from typing import Annotated

import msgspec
from msgspec import Meta

from app.engine.protocol_detail import CandleView
from app.engine.protocol_tokens import TokenRow

Three = tuple[float, float, float]
"""P(rise) as a fraction, expected gain in percent, P(rug) as a fraction: the order of the model's heads."""


class TokenFeature(msgspec.Struct, frozen=True, array_like=True):
    """A number that the model was told, in its own scale; `told` is the figure behind it, `is_known` the flag.

    `group` is "context", "indicators" or "window"; those of the window are no numbers of their own: the model makes
    them of the candles. `meaning` is how `value` is reckoned.
    """

    name: str
    group: str
    is_known: bool
    value: float
    told: float | None = None
    meaning: str = ""


class TokenEffect(msgspec.Struct, frozen=True, array_like=True):
    """What a part of the features was worth: the answer with it less the answer without it.

    `group` is empty for a whole group. `worth` is None where the part is not known, so that there is nothing to hide.
    """

    name: str
    group: str
    worth: Three | None


class TokenAttributions(msgspec.Struct, frozen=True):
    """An answer taken apart: whole = nothing + those of the groups + beyond."""

    version: str
    whole: Three
    nothing: Three
    beyond: Three
    effects: tuple[TokenEffect, ...]


class TokenWorking(msgspec.Struct, frozen=True, array_like=True):
    """A step of the arithmetic, with every number in it; `passes` is None for what is no test."""

    name: str
    text: str
    passes: bool | None = None


class TokenDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One token opened up, for the deck that asked for it with `LookAtToken`: as it was when it was judged last.

    `candles` are the five-minute ones that were known at `seen_ms`, oldest first; those of the `slots` that had ended
    are what the model saw, `volumes_missing` of them without a volume (0 here). `said` is the model's answer, also
    where it does not count; None where there is none. `attributions` are None while they are not known, and
    `attributions_trouble` says why they will not come; empty while they are asked for.
    """

    row: TokenRow
    pool: str
    seen_ms: int
    interval_ms: int
    slots: int
    candles: tuple[CandleView, ...]
    volumes_missing: int
    features: tuple[TokenFeature, ...]
    said: Three | None
    workings: tuple[TokenWorking, ...]
    attributions: TokenAttributions | None = None
    attributions_trouble: str = ""


class LookAtToken(msgspec.Struct, frozen=True, tag="look_at_token"):
    """Put one token opened up into this client's snapshots from now on; an empty `mint` ends it.

    `client` as in `LookAt`.
    """

    mint: Annotated[str, Meta(max_length=64)]
    client: int = 0
