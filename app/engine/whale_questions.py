"""What is asked about followed traders, at ticks and no faster than the budget lets it through.

So many questions wait outside at most that one about a trader who has just traded never waits long behind others.
"""

from collections.abc import Iterable

import msgspec

from app.config.settings import Settings
from app.core.record import Request
from app.engine.watch import MarketWatch
from app.feeds.hyperliquid import trader_questions
from app.feeds.hyperliquid.leaderboard import LeaderboardRules
from app.feeds.hyperliquid.limits import REGIME_HOURS, VENUE
from app.whales.asking_pace import AskingPace
from app.whales.moves import KnownTrader
from app.whales.refreshing import Refreshing
from app.whales.roster import Member
from app.whales.trader_weights import TraderWeight, size_value

STATE_WEIGHT, HISTORY_WEIGHT = 2, 20
WINDOW_S = 62.0
"""The venue counts a minute; two seconds are for the way there."""
MOST_WAITING, MOST_POLLS_WAITING = 16, 6
BURST_SHARE = 0.10
WHALES_FIRST = 1_000
FIRST_FROM = 100.0
"""Traders of such a value, which only whales reach, are asked for before those who grow too old."""
_LOST_MS = 300_000
"""A history that has not come after so long is asked for again."""
_KEPT_PER_TRACKED, _KEPT_LEAST, _KEPT_MOST = 4, 500, 2_000


class WhaleQuestions:
    """Asks; whoever gets the answers tells `refreshing`, and `done` here."""

    def __init__(self, settings: Settings, watch: MarketWatch, refreshing: Refreshing) -> None:
        whales = settings.whales
        weight = settings.hyperliquid.weight_per_minute * whales.budget_share
        histories = weight * whales.portfolio_share
        self._states = _pace((weight - histories) / STATE_WEIGHT)
        self._histories = _pace(histories / HISTORY_WEIGHT)
        self._settings = whales
        self._watch = watch
        self._refreshing = refreshing
        self._waiting: dict[tuple[str, str], int] = {}

    def ask_states(self, now_ms: int) -> None:
        """Ask for the states that are due, as far as the pace allows."""
        self._refreshing.forget_lost(now_ms)
        allowed, polls = self._states.allowed(now_ms)
        waiting = self._refreshing.in_flight()
        allowed, polls = min(allowed, MOST_WAITING - waiting), min(polls, MOST_POLLS_WAITING - waiting)
        if allowed <= 0:
            return
        chosen = self._refreshing.ask(now_ms, allowed, max(0, polls), FIRST_FROM)
        self._states.spend(len(chosen), sum(one.reason == "poll" for one in chosen))
        for one in chosen:
            has_traded, is_overdue = one.reason == "trade", one.reason == "urgent"
            self._send(trader_questions.ask_for_state(0, one.trader, has_traded=has_traded, is_overdue=is_overdue))

    def may_ask_history(self, now_ms: int) -> bool:
        """Whether there is room for the history of one more trader; one is asked for at a time."""
        self._forget_lost(now_ms)
        return not self._waiting and self._histories.allowed(now_ms)[0] > 0

    def ask_history(self, trader: str, now_ms: int, *, is_waited_for: bool = False) -> None:
        """Ask for a trader's histories; at once where somebody waits for them."""
        if self._ask_once(trader_questions.ask_for_portfolio(0, trader), now_ms, is_waited_for):
            self._histories.spend(1, 0)

    def ask_fills(self, trader: str, now_ms: int) -> None:
        """Ask for a trader's newest fills, which somebody waits for."""
        self._ask_once(trader_questions.ask_for_fills(0, trader), now_ms, True)

    def waits_for_fills(self, trader: str) -> bool:
        """Whether fills of a trader were asked for and nothing came yet."""
        return ("userFills", trader) in self._waiting

    def ask_leaderboard(self) -> int:
        """Ask for the leaderboard; the number of the question."""
        kept = min(_KEPT_MOST, max(_KEPT_LEAST, _KEPT_PER_TRACKED * self._settings.tracked))
        rules = LeaderboardRules(
            keep=kept,
            maximum_roi=self._settings.maximum_roi,
            minimum_equity_usd=self._settings.minimum_equity_usd,
        )
        return self._send(trader_questions.ask_for_leaderboard(0, rules))

    def stream(self, traders: Iterable[str]) -> None:
        """Have streams of these accounts and no others, the most important first."""
        self._watch.effects.stream_traders(list(traders))

    def ask_hours(self, coin: str, from_ms: int, to_ms: int) -> None:
        """Ask for the candles of an hour that tell the regimes of the past."""
        span = {"coin": coin, "interval": "1h", "startTime": from_ms, "endTime": to_ms}
        body = msgspec.json.encode({"type": "candleSnapshot", "req": span})
        self._watch.ask_of(VENUE, "candleSnapshot", body, coin, REGIME_HOURS)

    def withdraw(self, request_id: int) -> None:
        """Give up a question."""
        self._watch.effects.withdraw(request_id)

    def done(self, request: Request) -> None:
        """A question about a history or about fills was answered, or failed."""
        self._waiting.pop((request.channel, request.subject), None)

    def _ask_once(self, request: Request, now_ms: int, is_waited_for: bool) -> bool:
        """Ask, unless that waits already; whether it was asked."""
        key = request.channel, request.subject
        is_new = key not in self._waiting
        if is_new:
            self._waiting[key] = now_ms
            self._send(request)
        if is_waited_for:
            self._watch.effects.hurry(request.channel, request.subject, request.variant)
        return is_new

    def _forget_lost(self, now_ms: int) -> None:
        self._waiting = {key: at_ms for key, at_ms in self._waiting.items() if 0 <= now_ms - at_ms < _LOST_MS}

    def _send(self, request: Request) -> int:
        return self._watch.ask_of(VENUE, request.channel, request.body, request.subject, request.variant)


def equity_of(member: Member, known: KnownTrader | None) -> float | None:
    """What an account holds in USD, by its newest state or else its leaderboard's row; None where neither is known."""
    if known is not None:
        return known.state.equity_usd
    return None if member.score is None else member.score.equity_usd


def worth_of(member: Member, weight: TraderWeight | None, known: KnownTrader | None, settings: Settings) -> float:
    """How much a fresh state of a trader is worth: by what it counts, and by how large its moves can be.

    Alerts of whales are what people wait for: theirs go before those of all others, however long these have waited.
    """
    equity_usd = equity_of(member, known) or 0.0
    size = size_value(equity_usd, settings.trader_weights) or 0.0
    value = 0.1 + size + (0.0 if weight is None else weight.total)
    return value * (WHALES_FIRST if equity_usd >= settings.alerts.whale_usd else 1)


def _pace(a_minute: float) -> AskingPace:
    limit = max(2, int(a_minute))
    return AskingPace(limit, WINDOW_S, burst=max(1, min(limit - 1, round(limit * BURST_SHARE))))
