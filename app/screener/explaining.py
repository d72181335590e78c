"""Why a bar is a candidate, or not, and why it was entered, or not: each condition with its number and its limit."""

from math import isfinite, isnan
from typing import NamedTuple

from app.config.screener_settings import ScreenSettings, SentinelName
from app.screener.bars import HOUR_MS
from app.screener.columns import RANKED
from app.screener.replay_columns import Rules
from app.screener.replay_passes import ADVISORY, CONFIRM, FUSION_ONLY, PREFILTER
from app.screener.screen import FLAGS
from app.screener.strategy_stream import Seen

UNKNOWN = "not known"
_MODE_NAMES = {FUSION_ONLY: "fusion only", CONFIRM: "confirm", PREFILTER: "prefilter", ADVISORY: "advisory"}


class Check(NamedTuple):
    """One condition: its name, the number at this bar and the limit it stands against, in words.

    `met` is None for what forbids nothing and allows nothing by itself: one of several sentinels, or what is not known.
    """

    name: str
    value: str
    limit: str
    met: bool | None


def screen_checks(seen: Seen, before: Seen, settings: ScreenSettings, interval_ms: int) -> list[Check]:
    """The conditions of a candidate, at the bar after `before`. The bar passed where none of them is False."""
    features = seen.features
    wanted = [name for name in FLAGS if name in settings.sentinels]
    struck = any(features.sentinels & FLAGS[name] for name in wanted)
    return [
        Check("a sentinel struck", "yes" if struck else "no", f"one of {len(wanted)}", struck),
        *(_sentinel(name, seen, before, settings, interval_ms) for name in wanted),
        Check("score", _score_words(seen, settings), f"≥ {settings.minimum_score:g}",
              features.score >= settings.minimum_score),
        Check("side of most trends", side_name(features.side), "long or short", features.side != 0),
    ]  # fmt: skip


def entry_checks(seen: Seen, rules: Rules) -> list[Check]:
    """The conditions of an entry at the open after this bar, for a candidate.

    A candidate is entered exactly where none of them is False: an index of volatility and funding are not known where
    bars come one by one, and forbid nothing.
    """
    way = wanted_way(seen, rules)
    return [
        Check("candidate", "yes" if seen.passed else "no", "yes", seen.passed),
        Check("position at the close", side_name(seen.held), "none", seen.held == 0),
        Check("rest after losses", f"{seen.rest} bars left", "0", seen.rest == 0),
        *_fusion_checks(seen, rules),
        _trends_check(seen, way, rules),
        Check("ATR of the price", _percent(seen.features.atr / seen.bar.close), f"≤ {_percent(rules.most_atr_share)}",
              0 < seen.features.atr <= rules.most_atr_share * seen.bar.close),
        Check("volatility index", UNKNOWN, _limit(rules.most_volatility), None),
        Check("funding of 8 h", UNKNOWN, _limit(rules.most_funding * 8e4, " bp"), None),
    ]  # fmt: skip


def wanted_way(seen: Seen, rules: Rules) -> int:
    """The side that the mode would enter, before all other conditions: 1, −1 or 0."""
    way, hint = _sign(seen.domains.fusion), seen.features.side
    if rules.mode == ADVISORY:
        return hint
    if rules.mode == PREFILTER:
        return hint if way == hint else 0
    sure = abs(seen.domains.fusion) >= rules.threshold
    return way if sure and (rules.mode == FUSION_ONLY or way == hint) else 0


def side_name(side: int) -> str:
    """A side in a word."""
    return "long" if side > 0 else "short" if side < 0 else "none"


def _sentinel(name: SentinelName, seen: Seen, before: Seen, settings: ScreenSettings, interval_ms: int) -> Check:
    features, struck = seen.features, bool(seen.features.sentinels & FLAGS[name])
    said = {
        "sma_20_cross": ("close crosses SMA 20", f"close {number(seen.bar.close)}, SMA {number(features.sma_20)}",
                         "the other side than before"),
        "sma_50_cross": ("close crosses SMA 50", f"close {number(seen.bar.close)}, SMA {number(features.sma_50)}",
                         "the other side than before"),
        "atr_regime": ("ATR regime changes", f"above {_percent(features.atr_rank)} of its last {RANKED}, before "
                       f"{_percent(before.features.atr_rank)}", f"to cross {_percent(settings.atr_percentile)}"),
        "volume_spike": ("volume spikes", number(seen.bar.volume), f"> {number(_volume_limit(before, settings))} "
                         f"= mean + {settings.volume_sigma:g} σ"),
        "session_break": ("session breaks", f"{(seen.bar.time_ms - before.bar.time_ms - interval_ms) / HOUR_MS:g} h "
                          "without a bar", f"> {settings.session_gap_h:g} h"),
    }[name]  # fmt: skip
    return Check(said[0], f"{said[1]}: {'struck' if struck else 'not'}", said[2], True if struck else None)


def _volume_limit(before: Seen, settings: ScreenSettings) -> float:
    return before.features.volume_mean + settings.volume_sigma * before.features.volume_deviation


def _score_words(seen: Seen, settings: ScreenSettings) -> str:
    """The score and the four parts that it is the sum of (docs/screener.md)."""
    features = seen.features
    if isnan(features.score):
        return f"{UNKNOWN}: too few bars for {', '.join(_unknown_parts(seen)) or 'a part of it'}"
    adx = 0.3 * min(1.0, features.adx / 50)
    rsi = 0.2 * min(1.0, max(0.0, (features.rsi - 30) / 40))
    calm = 0.2 if features.atr_rank < settings.atr_percentile else 0.0
    return (
        f"{features.score:.3f} = ADX {adx:.3f} + RSI {rsi:.3f} + trends {0.3 * abs(sum(trends_of(seen))) / 3:.3f} "
        f"+ calm {calm:g}"
    )


def _unknown_parts(seen: Seen) -> list[str]:
    features = seen.features
    parts = {"ADX of 4 h": features.adx, "RSI": features.rsi, "SMA 50": features.sma_50,
             "ATR rank": features.atr_rank, "trend of days": features.trend}  # fmt: skip
    return [name for name, value in parts.items() if isnan(value)]


def trends_of(seen: Seen) -> tuple[int, int, int]:
    """The trends of bars (SMA 20 against 50), of 4 h and of days: 1, −1, or 0 for none or one that is not known."""
    features = seen.features
    return _sign(features.sma_20 - features.sma_50), _sign(features.direction), _sign(features.trend)


def _fusion_checks(seen: Seen, rules: Rules) -> list[Check]:
    fusion, hint = seen.domains.fusion, seen.features.side
    mode = f"mode {_MODE_NAMES[rules.mode]}"
    checks = []
    if rules.mode in (FUSION_ONLY, CONFIRM):
        sure = _sign(fusion) != 0 and abs(fusion) >= rules.threshold
        checks.append(Check("confidence of fusion", number(abs(fusion), 3), f"≥ {rules.threshold:g}", sure))
    if rules.mode in (CONFIRM, PREFILTER):
        agree = _sign(fusion) == hint and hint != 0
        checks.append(Check("side of fusion", side_name(_sign(fusion)), f"{side_name(hint)}, {mode}", agree))
    if rules.mode == ADVISORY:
        checks.append(Check("side of the screen", side_name(hint), f"long or short, {mode}", hint != 0))
    return checks


def _trends_check(seen: Seen, way: int, rules: Rules) -> Check:
    trends = trends_of(seen)
    words = ", ".join(
        f"{name} {'up' if trend > 0 else 'down' if trend < 0 else 'none'}"
        for name, trend in zip(("bars", "4 h", "days"), trends, strict=True)
    )
    if not way:  # there is no side for trends to be on
        return Check("trends on its side", words, f"≥ {rules.aligned_trends:g} of 3", None)
    aligned = sum(trend == way for trend in trends)
    return Check("trends on its side", f"{aligned} of 3: {words}", f"≥ {rules.aligned_trends:g}",
                 aligned >= rules.aligned_trends)  # fmt: skip


def number(value: float, places: int = 0) -> str:
    """A number for people: `places` digits behind the point, else about six that count."""
    if not isfinite(value):
        return UNKNOWN
    return f"{value:.{places}f}" if places else f"{value:,.2f}" if abs(value) >= 1_000 else f"{value:.6g}"


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %" if isfinite(share) else UNKNOWN


def _limit(value: float, unit: str = "") -> str:
    return f"≤ {value:g}{unit}" if isfinite(value) else "no limit"


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)
