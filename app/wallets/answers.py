"""What came of a question: values, or why there are none. Pure."""

from collections.abc import Callable
from typing import Any, NamedTuple

from app.core.prediction_market import WalletStats
from app.core.text import SafeText
from app.feeds.polymarket import gamma, parse
from app.feeds.polymarket.pages import Page
from app.feeds.polymarket.questions import Question


class NoAnswer(NamedTuple):
    """No usable answer came; `reason` is a sentence without its subject: "the venue did not answer within 10 s"."""

    reason: SafeText


Answer = WalletStats | Page[Any] | NoAnswer | None
"""None is a venue that knows nothing of what was asked."""

_READ: dict[str, Callable[[bytes], WalletStats | Page[Any] | None]] = {
    "stats": parse.parse_stats,
    "trades": parse.parse_activity,
    "market_trades": parse.parse_activity,
    "activity": parse.parse_activity,
    "positions": parse.parse_positions,
    "pnl": parse.parse_pnl,
    "leaderboard": parse.parse_leaderboard,
    "holders": parse.parse_holders,
    "markets": gamma.parse_markets,
}


def read_answer(question: Question, body: bytes) -> Answer:
    """The values in the answer to `question`. Raises `FrameError` for a body that is no answer to it."""
    return _READ[question.name](body)
