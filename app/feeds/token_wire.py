"""What token venues write alike: trades and volume by span of time, and how long their texts may be."""

from typing import Annotated

import msgspec
from msgspec import Meta

from app.feeds.token_rows import Number

Text = Annotated[str, Meta(max_length=2_000)]
Id = Annotated[str, Meta(max_length=120)]


class WireTrades(msgspec.Struct, gc=False):
    """Trades in one span of time."""

    buys: int | None = None
    sells: int | None = None


class WireTransactions(msgspec.Struct):
    """Trades by span; only the last hour is used."""

    h1: WireTrades | None = None


class WireVolumes(msgspec.Struct):
    """Volume by span; only the last day is used."""

    h24: Number = None
