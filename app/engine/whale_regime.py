"""The regime of the market that leads the others, from its hourly candles: shown beside the signals, and in weights.

The hours of the past weeks are asked of the venue once in a run, as far back as traders' days are known; the hours that
close meanwhile are the market's own. Both are inputs, so that a replay knows the same regimes.
"""

from collections.abc import Mapping

from app.core.errors import FrameError
from app.core.record import Answer
from app.core.text import clean
from app.engine.journal import Journal
from app.engine.protocol_whales import RegimeView
from app.engine.whale_questions import WhaleQuestions
from app.feeds.hyperliquid.parse import parse_candles
from app.markets.hourly_bars import HOUR_MS, HourlyBars, bars_of_candles
from app.markets.market import Market
from app.markets.regime import RegimeState, RegimeTracker
from app.markets.regime_fit import PastRegimes
from app.markets.regime_model import RegimeModel, decode_model
from app.whales.weighing import Weighing

COIN = "BTC"
"""The others follow it more than it follows them."""
ASKED_HOURS = 40 * 24
"""A month of a trader's days, five days that the first regime is measured against, and some to settle."""
RETRY_MS = 900_000
_MINUTE_MS = 60_000


class WhaleRegime:
    """Looks at whole hours, once each. Without a model the regime is unknown, nothing is asked, and it says so."""

    def __init__(
        self, markets: Mapping[str, Market], weighing: Weighing, questions: WhaleQuestions, journal: Journal
    ) -> None:
        self.model = b""
        """The trained model as it came, empty where there is none."""
        self._markets, self._weighing, self._questions, self._journal = markets, weighing, questions, journal
        self._usable: RegimeModel | None = None
        self._tracker = RegimeTracker(COIN, None)
        self._asked_bars: HourlyBars | None = None
        self._ask_ms: int | None = None
        self._trouble = ""
        self._minute = self._looked_ms = 0
        self._told = RegimeState(coin=COIN)

    def use(self, model: bytes, now_ms: int) -> None:
        """Judge by this model, none where it is empty. Raises `DataError` for one that cannot be used."""
        self._usable = decode_model(model) if model else None
        self._tracker = RegimeTracker(COIN, self._usable)
        self.model = model
        self.ask_again(now_ms)

    def ask_again(self, now_ms: int) -> None:
        """Ask for the hours of the past, as a run does that begins now; not without a model."""
        self._ask_ms = now_ms if self.model else None

    def every_second(self, now_ms: int) -> None:
        """Ask when it is time; once a minute look at the hours that have closed."""
        if self._ask_ms is not None and now_ms >= self._ask_ms and COIN in self._markets:
            self._ask_ms = None
            whole_ms = now_ms - now_ms % HOUR_MS
            self._questions.ask_hours(COIN, whole_ms - ASKED_HOURS * HOUR_MS, now_ms)
        if now_ms // _MINUTE_MS != self._minute:
            self._minute = now_ms // _MINUTE_MS
            self._look(now_ms)

    def answered(self, answer: Answer, now_ms: int) -> None:
        """The hours came, or did not. Raises `FrameError` for an answer that cannot be read, once that is noted."""
        if answer.status != 200:
            self._failed(clean(answer.error, 120) or f"the venue answered {answer.status}", now_ms)
            return
        try:
            candles = parse_candles(answer.body)
            whole = [candle for candle in candles if candle.open_ms + HOUR_MS <= now_ms]
            if any((candle.coin, candle.interval) != (COIN, "1h") for candle in candles):
                raise FrameError(f"candles of {COIN}: not what was asked for")
        except FrameError as error:
            self._failed(str(error), now_ms)
            raise
        self._trouble, self._asked_bars = "", bars_of_candles(COIN, whole)
        self._begin_anew(now_ms)

    def clock_set_back(self, now_ms: int) -> None:
        """The engine's time went back to `now_ms`."""
        self._looked_ms = min(self._looked_ms, now_ms - now_ms % HOUR_MS - HOUR_MS)
        if self._ask_ms is not None:
            self._ask_ms = min(self._ask_ms, now_ms + RETRY_MS)

    def _failed(self, why: str, now_ms: int) -> None:
        self._trouble, self._ask_ms = why, now_ms + RETRY_MS
        told = f"the hours of {COIN} that tell its regimes did not come: {why}; next try in {RETRY_MS // 60_000} min"
        self._journal.say(now_ms, "warning", "whales", told)

    def _begin_anew(self, now_ms: int) -> None:
        """Know the regimes of all hours that came, and of those the market has closed since."""
        self._tracker = RegimeTracker(COIN, self._usable)
        if self._asked_bars is not None:
            self._tracker.look(self._asked_bars)
        self._looked_ms = 0
        self._look(now_ms)

    def _look(self, now_ms: int) -> None:
        market = self._markets.get(COIN)
        whole_ms = now_ms - now_ms % HOUR_MS
        if market is not None and whole_ms > self._looked_ms:
            hours = [candle for candle in market.candles["1h"].candles() if candle.open_ms + HOUR_MS <= whole_ms]
            if hours and hours[-1].open_ms + HOUR_MS == whole_ms:
                self._looked_ms = whole_ms
                self._tracker.look(bars_of_candles(COIN, hours))
        state = self._tracker.state(now_ms)
        if state != self._told:
            self._told = state
            self._weighing.in_regime(PastRegimes(self._tracker.history()), state)

    def view(self, now_ms: int) -> RegimeView:
        """The regime as it stands."""
        state = self._tracker.state(now_ms)
        age_ms = state.age_ms(now_ms)
        return RegimeView(
            coin=COIN,
            name=state.regime,
            age_s=None if age_ms is None else age_ms // 1000,
            at_least=state.since_at_least,
            probability=state.probability,
            multiplier=state.multiplier,
            why=f"its hours did not come: {self._trouble}" if state.why and self._trouble else state.why,
            traders=self._weighing.weighed_by("regime"),
        )
