"""The scalper's work on one coin → what the deck shows when it is opened. Reads only."""

from app.core.events import NoRead, ScalperRead
from app.core.text import clean
from app.engine.core import Core
from app.engine.protocol_detail import ExchangeView, PastRead, ScalperDetail
from app.markets.market import Market
from app.scalper.claims import HORIZONS_S
from app.scalper.desk import Exchange
from app.scalper.persona import persona_text

_LONGEST_TEXT = 4_000
_READS_SHOWN = 120


class ScalperDetails:
    """Makes details, each at most once a second and answer: nothing in them changes oftener."""

    def __init__(self) -> None:
        self._made_of: tuple[object, ...] = ()
        self._made: ScalperDetail | None = None

    def of(self, core: Core, coin: str) -> ScalperDetail | None:
        """The scalper's work on a coin as it stands; None for one that is not read."""
        made_of = (core, coin, core.now_ms // 1_000, core.journal.ai_reads, core.journal.no_reads)
        if made_of != self._made_of:
            self._made_of, self._made = made_of, scalper_detail(core, coin)
        return self._made


def scalper_detail(core: Core, coin: str) -> ScalperDetail | None:
    """What was asked and answered about a coin; None for one that is not read."""
    desk, market = core.reading.desk.coins.get(coin), core.markets.get(coin)
    if desk is None or market is None:
        return None
    newest = list(desk.reads)[: -_READS_SHOWN - 1 : -1]
    return ScalperDetail(
        persona=persona_text(core.settings.scalper, core.settings.costs),
        exchanges=tuple(map(_exchange, reversed(desk.exchanges))),
        reads=tuple(_past_read(read, market, core.now_ms) for read in newest),
    )


def _exchange(exchange: Exchange) -> ExchangeView:
    reply, outcome = exchange.reply, exchange.outcome
    return ExchangeView(
        asked_ms=outcome.asked_ms,
        at_ms=outcome.at_ms,
        reason=outcome.reason,
        model=clean(exchange.question.model, 64),
        asked=_text(exchange.question.variable),
        answer="" if reply is None else _text(reply.content),
        outcome=outcome.why if isinstance(outcome, NoRead) else "",
        prompt_tokens=reply.prompt_tokens if reply else 0,
        answer_tokens=reply.answer_tokens if reply else 0,
        load_ms=reply.load_ms if reply else 0.0,
        prompt_ms=reply.prompt_ms if reply else 0.0,
        answer_ms=reply.answer_ms if reply else 0.0,
    )


def _text(text: str) -> str:
    """Lines made safe one by one."""
    return "\n".join(clean(line, 400) for line in text[:_LONGEST_TEXT].splitlines())


def _past_read(read: ScalperRead, market: Market, now_ms: int) -> PastRead:
    price = market.price_at(read.at_ms)
    first, second, third = (_move(price, market, read.at_ms + 1_000 * seconds, now_ms) for seconds in HORIZONS_S)
    return PastRead(
        at_ms=read.at_ms,
        reason=read.reason,
        momentum=read.momentum,
        pressure=read.pressure,
        continuation=read.continuation,
        freshness=read.freshness,
        direction=read.direction,
        action=read.action,
        confidence=read.confidence,
        conflict=read.conflict,
        sentence=read.sentence,
        price=price,
        moves_bps=(first, second, third),
        in_position=read.in_position,
    )


def _move(price: float | None, market: Market, at_ms: int, now_ms: int) -> float | None:
    later = market.price_at(at_ms) if at_ms <= now_ms else None
    return None if price is None or later is None else 1e4 * (later / price - 1)
