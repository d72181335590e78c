"""What discovery has to tell: tokens that are ready, came to an end or cannot be had, and figures."""

from typing import NamedTuple

from app.tokens.candles import CandleTable
from app.tokens.watched import Seen


class HoldersMissing(NamedTuple):
    """So many tokens in a row have no number of holders, at last for this reason."""

    failures: int
    reason: str


class HoldersBack(NamedTuple):
    """Numbers of holders are told again."""


class StatesMissing(NamedTuple):
    """States of tokens are not told, for this reason, and some are older than the `fresh_s` seconds that they count."""

    fresh_s: int
    reason: str


class StatesBack(NamedTuple):
    """States of tokens are told again."""


class Ended(NamedTuple):
    """A token is watched no longer."""

    mint: str
    reason: str


class CandlesCame(NamedTuple):
    """The newest candles of a token in its pool, watched or held."""

    mint: str
    pool: str
    table: CandleTable


class Unknown(NamedTuple):
    """A token that somebody asked for is known to no venue."""

    mint: str
    reason: str


Event = Seen | CandlesCame | HoldersMissing | HoldersBack | StatesMissing | StatesBack | Ended | Unknown


class Counts(NamedTuple):
    """What there is, and what has become of tokens: numbers of tokens, rows and answers."""

    waiting: int
    watched: int
    passed_over: dict[str, int]
    ended: dict[str, int]
    refused_rows: int
    failed: dict[str, int]
