"""Answers of the token venues to what discovery asks, as values. Pure."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from app.core.errors import FrameError
from app.core.text import SafeText, clean
from app.core.tokens import PoolState, TokenCandle, TokenHolders, TokenOverview
from app.feeds.birdeye import parse as birdeye
from app.feeds.dexscreener import parse as dexscreener
from app.feeds.geckoterminal import parse as geckoterminal
from app.feeds.token_questions import BIRDEYE, DEXSCREENER, GECKOTERMINAL, Question
from app.feeds.token_rows import Rows

_OK = 200


class NoAnswer(NamedTuple):
    """Why there is none, or none that can be used; `status` as HTTP has it, 0 where nobody answered."""

    reason: SafeText
    status: int = 0


class Pools(NamedTuple):
    """Pools that were listed, or the state of pairs."""

    rows: Rows[PoolState]


class Candles(NamedTuple):
    """Candles of a pool or token, oldest first."""

    rows: Rows[TokenCandle]


class Holders(NamedTuple):
    """Who holds a token, as far as it was told."""

    told: TokenHolders


Answer = NoAnswer | Pools | Candles | Holders


def _overview_holders(body: bytes) -> TokenHolders:
    overview: TokenOverview = birdeye.parse_overview(body)
    return overview.holders


_READERS: Mapping[tuple[str, str], Callable[[bytes], Answer]] = {
    (GECKOTERMINAL, "new_pools"): lambda body: Pools(geckoterminal.parse_new_pools(body)),
    (GECKOTERMINAL, "candles"): lambda body: Candles(geckoterminal.parse_candles(body)),
    (GECKOTERMINAL, "holders"): lambda body: Holders(geckoterminal.parse_holders(body)),
    (DEXSCREENER, "pairs"): lambda body: Pools(dexscreener.parse_pairs(body)),
    (BIRDEYE, "candles"): lambda body: Candles(birdeye.parse_candles(body)),
    (BIRDEYE, "overview"): lambda body: Holders(_overview_holders(body)),
}


def read_answer(question: Question, status: int, body: bytes, error: str) -> Answer:
    """The values in an answer, or why there are none."""
    if status != _OK:
        return NoAnswer(clean(error or f"{question.venue} answered {status}", 240), status)
    try:
        return _READERS[question.venue, question.name](body)
    except FrameError as flaw:
        return NoAnswer(clean(str(flaw), 240), status)
