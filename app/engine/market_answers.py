"""What the venue of markets answers: its list, candles and recent trades, or why there are none."""

from collections.abc import Callable, Mapping, Sequence

from app.config.settings import Settings
from app.core.errors import FrameError
from app.core.events import Listing, MarketContext
from app.core.record import WITHDRAWN, Answer, Request
from app.core.text import clean
from app.engine.connections import Connections
from app.engine.intake import Intake
from app.engine.journal import Journal
from app.engine.market_list import MarketList
from app.engine.watch import MarketWatch, select
from app.feeds.hyperliquid import parse


class MarketAnswers:
    """Gives each answer to whom it is for.

    `refused` is told of what cannot be used, `follow` which coins to follow, and the day's volume of all that trade.
    """

    def __init__(
        self, settings: Settings, watch: MarketWatch, intake: Intake, connections: Connections, market_list: MarketList,
        journal: Journal, refused: Callable[[str], None], follow: Callable[[Sequence[str], Mapping[str, float]], None],
    ) -> None:  # fmt: skip
        self._settings, self._watch, self._intake = settings.markets, watch, intake
        self._connections, self._list, self._journal = connections, market_list, journal
        self._refused, self._follow = refused, follow

    def take(self, request: Request, answer: Answer, now_ms: int) -> None:
        """The answer to a question. Raises `FrameError` for one that cannot be read, once that is noted."""
        if answer.status != 200:
            reason = clean(answer.error, 120)
            given_up = reason == WITHDRAWN
            what = " ".join(filter(None, (request.channel, request.subject)))
            self._journal.say(now_ms, "info" if given_up else "warning", "feed", f"{what}: {reason}")
            self._no_use(request, reason or f"the venue answered {answer.status}", now_ms)
            return
        try:
            self._use(request, answer.body, now_ms)
        except FrameError as error:
            self._no_use(request, str(error), now_ms)
            raise

    def _no_use(self, request: Request, reason: str, now_ms: int) -> None:
        """An answer that was needed did not come, or cannot be used."""
        if request.channel == "recentTrades":
            self._connections.answered(request.subject, None, now_ms)
        elif request.channel == "candleSnapshot":
            self._watch.past_did_not_come(request.subject, request.variant, reason)
        elif request.channel == "metaAndAssetCtxs":
            self._list.did_not_come(reason, now_ms, urgent=not self._intake.markets)

    def _use(self, request: Request, body: bytes, now_ms: int) -> None:
        if request.channel == "metaAndAssetCtxs":
            listed, refused = parse.parse_meta_and_contexts(body)
            for reason in refused:
                self._refused(reason)
            self._listed(listed, now_ms)
        elif request.channel == "candleSnapshot":
            market, candles = self._intake.market(request.subject), parse.parse_candles(body)
            self._intake.take_candles(market, request.variant, candles, now_ms)
            self._watch.past.came(request.subject, request.variant)
        elif request.channel == "recentTrades":
            market = self._intake.market(request.subject)
            trades = parse.parse_recent_trades(body, market.coin)
            self._intake.take_trades(market, trades, now_ms)
            self._connections.answered(market.coin, trades, now_ms)
        self._intake.events += 1

    def _listed(self, listed: list[tuple[Listing, MarketContext]], now_ms: int) -> None:
        by_coin = {listing.coin: (listing, context) for listing, context in listed}
        for missing in [coin for coin in self._settings.favourites if coin not in by_coin]:
            self._journal.say(now_ms, "warning", "markets", f"favourite {missing} is not listed by the venue")
        coins = select(listed, self._settings)
        for coin in coins:
            listing, context = by_coin[coin]
            market = self._intake.market(coin)
            market.on_listing(listing)
            market.on_context(context)
        self._journal.say(now_ms, "info", "markets", f"following {len(coins)} of {len(listed)} markets")
        self._list.came(len(coins), len(listed), now_ms)
        volumes = {c: context.day_notional_volume for c, (listing, context) in by_coin.items() if not listing.delisted}
        self._follow(coins, volumes)
