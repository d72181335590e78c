"""One token opened up, as a deck shows it: what its newest verdict rests on. Reads only.

A verdict never changes, so what is made of it is kept until there is another one.
"""

from collections import OrderedDict
from collections.abc import Iterator

import msgspec
import numpy as np

from app.core.text import clean
from app.engine.looks import MOST_LOOKS
from app.engine.protocol_detail import CandleView
from app.engine.protocol_token_detail import (
    TokenAttributions,
    TokenDetail,
    TokenEffect,
    TokenFeature,
    TokenWorking,
)
from app.engine.token_desk import TokenDesk
from app.engine.token_looks import Judgement
from app.tokens.attribution import CHART_PARTS, GROUPS, Attributions
from app.tokens.candles import CLOSE, HIGH, LOW, SLOT_S, SLOTS, VOLUME, CandleTable
from app.tokens.features import CONTEXT, Features, context_of, parts, schema
from app.tokens.indicators import INDICATORS
from app.tokens.workings import workings

_HOUR_SLOTS = 12
_MEANINGS = schema().indicators
_SUMMARIES = {
    "candles": "slots with a candle / 100",
    "candles_1h": "slots of the last hour with a candle / 12",
    "highest": "ln(highest price / last close)",
    "lowest": "ln(lowest price / last close)",
    "mean_close": "mean of ln(close / last close)",
    "deviation": "standard deviation of ln(close / last close)",
    "mean_body": "mean of |ln(close / open)|",
    "mean_range": "mean of ln(high / low)",
    "volume_1h": "mean over the 12 slots of the last hour of ln(1 + volume / mean volume)",
}


class TokenDetails:
    """Makes details of one desk's tokens."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[Judgement, TokenDetail]] = OrderedDict()

    def of(self, desk: TokenDesk, mint: str) -> TokenDetail | None:
        """Everything a deck shows of a token; None for one without a verdict."""
        judgement, row = desk.judgements.get(mint), desk.rows.get(mint)
        if judgement is None or row is None:
            return None
        kept = self._kept.get(mint)
        if kept is None or kept[0] is not judgement:
            kept = judgement, _detail(desk, judgement, mint)
            self._kept[mint] = kept
            if len(self._kept) > MOST_LOOKS:
                self._kept.popitem(last=False)
        found, trouble = desk.looks.of(mint)
        told = None if found is None else _attributions(found)
        return msgspec.structs.replace(kept[1], attributions=told, attributions_trouble=trouble)


def _detail(desk: TokenDesk, judgement: Judgement, mint: str) -> TokenDetail:
    seen, said = judgement.seen, judgement.said
    liquidity = seen.liquidity_usd
    steps = workings(
        judgement.verdict, judgement.strategy, seen.window.candles, liquidity, desk.rules, desk.sizes
    )  # fmt: skip
    told = parts(np.frombuffer(judgement.row, dtype="<f4").astype(np.float32))
    return TokenDetail(
        row=desk.rows[mint],
        pool=seen.listed.pool,
        seen_ms=seen.at_s * 1_000,
        interval_ms=SLOT_S * 1_000,
        slots=SLOTS,
        candles=tuple(_candles(seen.table)),
        volumes_missing=int(np.isnan(seen.table.volume).sum()),
        features=(*_context(judgement, told), *_indicators(told), *_window(told)),
        said=None if said is None else (said.p_rise, said.gain_pct, said.p_rug),
        workings=tuple(TokenWorking(*step) for step in steps),
    )


def _candles(table: CandleTable) -> Iterator[CandleView]:
    columns = (table.time_s, table.open, table.high, table.low, table.close, np.nan_to_num(table.volume, nan=0.0))
    for time_s, opened, high, low, close, volume in zip(*(column.tolist() for column in columns), strict=True):
        yield CandleView(time_s * 1_000, opened, high, low, close, volume)


def _context(judgement: Judgement, told: Features) -> Iterator[TokenFeature]:
    seen = judgement.seen
    figures = context_of(seen.state, seen.holders, seen.at_s)
    columns = (CONTEXT, told.context.tolist(), told.context_known.tolist(), figures)
    for name, value, flag, figure in zip(*columns, strict=True):
        yield TokenFeature(name, "context", flag > 0, value, None if figure is None else float(figure), CONTEXT[name])


def _indicators(told: Features) -> Iterator[TokenFeature]:
    columns = (INDICATORS, told.indicators.tolist(), told.indicators_known.tolist())
    for name, value, flag in zip(*columns, strict=True):
        yield TokenFeature(name, "indicators", flag > 0, value, meaning=_MEANINGS[name])


def _window(told: Features) -> Iterator[TokenFeature]:
    """The nine summaries that the model makes of the candles, before they are scaled (docs/tokens.md)."""
    candles = told.candles[told.mask > 0].astype(np.float64)
    hour = told.mask[-_HOUR_SLOTS:]
    yield _summary("candles", len(candles) / SLOTS, len(candles))
    yield _summary("candles_1h", float(hour.mean()), float(hour.sum()))
    if not len(candles):
        return
    close, body = candles[:, CLOSE], np.abs(candles[:, CLOSE] - candles[:, 0])
    volumes = told.candles[-_HOUR_SLOTS:, VOLUME].astype(np.float64)
    figures = {
        "highest": candles[:, HIGH].max(),
        "lowest": candles[:, LOW].min(),
        "mean_close": close.mean(),
        "deviation": close.std(),
        "mean_body": body.mean(),
        "mean_range": (candles[:, HIGH] - candles[:, LOW]).mean(),
        "volume_1h": volumes.mean(),
    }
    for name, value in figures.items():
        yield _summary(name, float(value))


def _summary(name: str, value: float, told: float | None = None) -> TokenFeature:
    return TokenFeature(name, "window", True, value, told, _SUMMARIES[name])


def _attributions(found: Attributions) -> TokenAttributions:
    """All groups and parts in one order; those that were not known have no effect."""
    worth = {(each.name, each.group): each.worth for each in found.effects}
    names = [
        *((name, "") for name in GROUPS),
        *((name, "chart") for name in CHART_PARTS),
        *((name, "context") for name in CONTEXT),
        *((name, "indicators") for name in INDICATORS),
    ]
    effects = tuple(TokenEffect(name, group, worth.get((name, group))) for name, group in names)
    return TokenAttributions(clean(found.version, 100), found.whole, found.nothing, found.beyond, effects)
