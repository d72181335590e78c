"""What a model is told of a token: one way from candles and context to numbers, for training and for serving.

All is float32, finite, and a function of what was known at the moment. What is not known is 0, with a flag of 0 beside
it. The definitions are a schema with a hash: a model that was trained under another one is not fit to be asked.
"""

import hashlib
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from app.core.tokens import PoolState, TokenHolders
from app.tokens.candles import CLOSE, SLOT_S, SLOTS, VOLUME, CandleTable, Window, window
from app.tokens.indicators import INDICATORS, indicators

Singles = NDArray[np.float32]

CANDLE_COLUMNS = {
    "open": "ln(open / last close)",
    "high": "ln(high / last close)",
    "low": "ln(low / last close)",
    "close": "ln(close / last close)",
    "volume": "ln(1 + volume / mean of the known volumes of the window)",
}
CONTEXT = {
    "liquidity_usd": "ln(1 + dollars in the pool)",
    "market_cap_usd": "ln(1 + market cap in dollars, the diluted value where no market cap is told)",
    "holders": "ln(1 + accounts that hold the token)",
    "age_s": "ln(1 + seconds since the pool was made)",
    "volume_24h_usd": "ln(1 + dollars traded in the last 24 hours)",
    "trades_1h": "ln(1 + trades in the last hour)",
    "turnover": "ln(1 + volume of the last 24 hours / liquidity)",
}
_INDICATORS = {
    "rsi_14": "(RSI 14, Wilder, − 50) / 50",
    "macd_line": "(EMA 12 − EMA 26) / close",
    "macd_signal": "EMA 9 of EMA 12 − EMA 26, / close",
    "macd_histogram": "macd_line − macd_signal",
    "ema_12": "ln(close / EMA 12)",
    "ema_26": "ln(close / EMA 26)",
    "bollinger_width": "4 standard deviations of 20 closes / their mean",
}
LARGEST = 50.0
"""No number leaves the range ±50: logarithms of honest figures stay far inside."""
VERSION = 1


class Context(NamedTuple):
    """What is known of a token beside its candles; None is not known, 0 is none."""

    liquidity_usd: float | None = None
    market_cap_usd: float | None = None
    holders: float | None = None
    age_s: float | None = None
    volume_24h_usd: float | None = None
    trades_1h: float | None = None
    turnover: float | None = None


class Features(NamedTuple):
    """What a model is told. Shapes: `candles` (100, 5) oldest first, `mask` (100,), `context` and `context_known` (7,),
    `indicators` and `indicators_known` (7,). Flags and masks are 1 or 0."""

    candles: Singles
    mask: Singles
    context: Singles
    context_known: Singles
    indicators: Singles
    indicators_known: Singles

    def flat(self) -> Singles:
        """All numbers as one vector of `WIDTH`, in the order of the fields, candles slot by slot."""
        return np.concatenate([part.ravel() for part in self])


class Schema(msgspec.Struct, frozen=True):
    """How features are defined; whatever changes one of them must change this."""

    version: int
    slots: int
    slot_s: int
    candles: dict[str, str]
    context: dict[str, str]
    indicators: dict[str, str]
    largest: float

    @property
    def sha256(self) -> str:
        """Hash of the schema's JSON with sorted keys."""
        return hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()


def schema(slot_s: int = SLOT_S) -> Schema:
    """The schema of features with slots of `slot_s`."""
    named = {name: _INDICATORS[name] for name in INDICATORS}
    return Schema(VERSION, SLOTS, slot_s, CANDLE_COLUMNS, CONTEXT, named, LARGEST)


PARTS = (
    (SLOTS, len(CANDLE_COLUMNS)),
    (SLOTS,),
    (len(CONTEXT),),
    (len(CONTEXT),),
    (len(INDICATORS),),
    (len(INDICATORS),),
)
"""Shapes of the parts of `Features`."""
WIDTH = sum(int(np.prod(shape)) for shape in PARTS)


def features(table: CandleTable, context: Context, at_s: int, slot_s: int = SLOT_S) -> Features:
    """What is known of a token at `at_s`: candles that had ended by then, and the context of that moment.

    Raises `ValueError` when the table's candles do not fill slots of `slot_s`.
    """
    return with_context(chart_of(window(table, at_s, slot_s)), context)


class ChartFeatures(NamedTuple):
    """What candles alone tell a model; shapes as in `Features`."""

    candles: Singles
    mask: Singles
    indicators: Singles
    indicators_known: Singles


def chart_of(seen: Window) -> ChartFeatures:
    """The part of the features that stays while the slots do."""
    values, known = _with_flags(indicators(seen.values[seen.mask, CLOSE]))
    return ChartFeatures(_candle_matrix(seen), seen.mask.astype(np.float32), values, known)


def with_context(chart: ChartFeatures, context: Context) -> Features:
    """All features: of a chart, and of what venues tell at a moment."""
    told, told_known = _with_flags(_context_values(context))
    return Features(chart.candles, chart.mask, told, told_known, chart.indicators, chart.indicators_known)


def parts(flat: Singles) -> Features:
    """The features in a vector of `Features.flat`. Raises `ValueError` for one of another length or type."""
    if flat.shape != (WIDTH,) or flat.dtype != np.float32:
        raise ValueError(f"features are {WIDTH} float32, not {flat.shape} of {flat.dtype}")
    ends = np.cumsum([int(np.prod(shape)) for shape in PARTS])[:-1]
    return Features(*(piece.reshape(shape) for piece, shape in zip(np.split(flat, ends), PARTS, strict=True)))


def context_of(state: PoolState | None, holders: TokenHolders | None, at_s: int) -> Context:
    """The context that venues tell; what none of them says stays None."""
    held = None if holders is None else holders.count
    if state is None:
        return Context(holders=held)
    cap = state.diluted_value_usd if state.market_cap_usd is None else state.market_cap_usd
    return Context(
        liquidity_usd=state.liquidity_usd,
        market_cap_usd=cap,
        holders=held,
        age_s=None if state.created_s is None else max(0, at_s - state.created_s),
        volume_24h_usd=state.volume_24h_usd,
        trades_1h=state.trades_1h,
        turnover=turnover(state.volume_24h_usd, state.liquidity_usd),
    )


def turnover(volume: float | None, liquidity: float | None) -> float | None:
    """Volume over liquidity, in any one unit of money; None unless both are known and there is liquidity."""
    return None if volume is None or not liquidity else volume / liquidity


def _candle_matrix(seen: Window) -> Singles:
    matrix = np.zeros((SLOTS, len(CANDLE_COLUMNS)))
    if not seen.candles:
        return matrix.astype(np.float32)
    rows = seen.values[seen.mask]
    # A difference of logarithms is finite for all positive prices, the ratio of two prices is not.
    logarithms = np.log(rows[:, :VOLUME])
    matrix[seen.mask, :VOLUME] = logarithms - logarithms[-1, CLOSE]
    matrix[seen.mask, VOLUME] = _relative_volumes(rows[:, VOLUME])
    return np.clip(matrix, -LARGEST, LARGEST).astype(np.float32)


def _relative_volumes(volumes: NDArray[np.float64]) -> NDArray[np.float64]:
    known = volumes[np.isfinite(volumes)]
    mean = float(known.mean()) if len(known) else 0.0
    if mean <= 0:
        return np.zeros(len(volumes))
    relative: NDArray[np.float64] = np.log1p(np.nan_to_num(volumes, nan=0.0) / mean)
    return relative


def _context_values(context: Context) -> NDArray[np.float64]:
    told = np.array([np.nan if value is None else value for value in context], dtype=np.float64)
    with np.errstate(invalid="ignore"):
        return np.where(np.isfinite(told) & (told >= 0), np.log1p(np.maximum(told, 0)), np.nan)


def _with_flags(values: NDArray[np.float64]) -> tuple[Singles, Singles]:
    """Values with 0 for what is not known, and whether each is known."""
    known = np.isfinite(values)
    bounded = np.clip(np.where(known, values, 0.0), -LARGEST, LARGEST)
    return bounded.astype(np.float32), known.astype(np.float32)
