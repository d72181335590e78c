"""Numbers as the deck shows them. Pure: every function takes a value and gives a short text.

What is not known, not finite or not a number is shown as a dash, never as zero.
"""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

DASH = "–"
UP = "▲"
DOWN = "▼"
_BARS = "▁▂▃▄▅▆▇█"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND_MS = 1_000
_MINUTE_MS = 60 * _SECOND_MS
_HOUR_MS = 60 * _MINUTE_MS
_DAY_MS = 24 * _HOUR_MS
_MAXIMUM_DECIMALS = 10


def price(value: float | None, decimals: int) -> str:
    """A price with thousands separated and `decimals` places (0 to 10)."""
    if value is None or not math.isfinite(value):
        return DASH
    places = max(0, min(decimals, _MAXIMUM_DECIMALS))
    return f"{value:,.{places}f}"


def change(fraction: float | None) -> str:
    """A relative change as a percentage with arrow and sign: 0.0123 is `▲+1.23%`. What rounds to zero has neither."""
    if fraction is None or not math.isfinite(fraction):
        return DASH
    percent = fraction * 100
    if abs(percent) < 0.005:
        return "0.00%"
    arrow = UP if percent > 0 else DOWN
    return f"{arrow}{percent:+.2f}%" if abs(percent) < 99.995 else f"{arrow}{percent:+.0f}%"


def direction_arrow(direction: int) -> str:
    """`▲` for a positive direction, `▼` for a negative one, `=` for none."""
    if direction == 0:
        return "="
    return UP if direction > 0 else DOWN


def hourly_rate(fraction: float | None) -> str:
    """A funding rate as signed percent an hour with four places: 0.0000125 is `+0.0013`."""
    if fraction is None or not math.isfinite(fraction):
        return DASH
    percent = round(fraction * 100, 4)
    return f"{percent:+.4f}" if percent else "0.0000"


def score(value: float | None) -> str:
    """A metric between 0 and 100 as a whole number."""
    if value is None or not math.isfinite(value):
        return DASH
    return f"{value:.0f}"


def basis_points(value: float | None) -> str:
    """Basis points with one decimal, none from 100 up."""
    if value is None or not math.isfinite(value):
        return DASH
    return f"{value:.1f}" if abs(value) < 100 else f"{value:.0f}"


def compact(value: float | None) -> str:
    """A large amount with three significant digits and a letter: 1234567 is `1.23M`."""
    if value is None or not math.isfinite(value):
        return DASH
    for limit, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K")):
        # Half a last digit below the limit already rounds up to it.
        if abs(value) >= limit * 0.9995:
            return _three_digits(value / limit) + letter
    return f"{value:.0f}"


def amount(value: float | None) -> str:
    """A size in coins with about four significant digits: `0.000012`, `0.0123`, `1.234`, `1,234`, `1.23M`."""
    if value is None or not math.isfinite(value):
        return DASH
    if abs(value) >= 99_999.5:
        return compact(value)
    limits = ((999.5, 0), (99.95, 1), (0.9995, 3), (0.00995, 4))
    places = next((places for limit, places in limits if abs(value) >= limit), 6 if value else 0)
    return f"{value:,.{places}f}"


def sparkline(values: Sequence[float | None]) -> str:
    """One bar a value, from the lowest to the highest of them; a blank for one that is not known."""
    known = [value for value in values if value is not None and math.isfinite(value)]
    if len(known) < 2:
        return DASH
    low, high = min(known), max(known)
    step = (high - low) / len(_BARS) or math.inf
    return "".join(
        " " if value is None or not math.isfinite(value) else _BARS[min(len(_BARS) - 1, int((value - low) / step))]
        for value in values
    )


def age(milliseconds: float | None) -> str:
    """How old something is: `0.3s`, `14s`, `3m`, `2h`, `5d`."""
    if milliseconds is None or not math.isfinite(milliseconds):
        return DASH
    elapsed = max(0.0, milliseconds)
    if elapsed < 9_950:
        return f"{elapsed / _SECOND_MS:.1f}s"
    for limit, unit, letter in ((_MINUTE_MS, _SECOND_MS, "s"), (_HOUR_MS, _MINUTE_MS, "m"), (_DAY_MS, _HOUR_MS, "h")):
        if elapsed < limit:
            return f"{elapsed // unit:.0f}{letter}"
    return f"{elapsed // _DAY_MS:.0f}d"


def clock(wall_ms: int) -> str:
    """The time of day in UTC, `HH:MM:SS`, of milliseconds since 1970."""
    seconds = wall_ms // _SECOND_MS
    return f"{seconds // 3600 % 24:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def date(wall_ms: int) -> str:
    """The day in UTC, `YYYY-MM-DD`, of milliseconds since 1970; a dash beyond the years of the calendar."""
    moment = _moment(wall_ms)
    return DASH if moment is None else moment.date().isoformat()


def moment(wall_ms: int) -> str:
    """Day and time in UTC to the second, in ISO 8601, of milliseconds since 1970."""
    return f"{date(wall_ms)}T{clock(wall_ms)}Z"


def size(size_bytes: int) -> str:
    """A file size in decimal units: `12.3MB`."""
    for limit, unit in ((1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")):
        if size_bytes >= limit:
            return f"{size_bytes / limit:.1f}{unit}"
    return f"{size_bytes}B"


def duration(seconds: float) -> str:
    """How long something runs: `0:07`, `12:34`, `1:02:03`."""
    whole = int(max(0.0, seconds)) if math.isfinite(seconds) else 0
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"


def speed(multiple: float | None) -> str:
    """The speed of a tape as a multiple of real time: `4x`; `full` for as fast as it goes."""
    return "full" if multiple is None else f"{multiple:g}x"


def _moment(wall_ms: int) -> datetime | None:
    try:
        return _EPOCH + timedelta(milliseconds=wall_ms)
    except OverflowError:
        return None


def _three_digits(value: float) -> str:
    places = 2 if abs(value) < 9.995 else 1 if abs(value) < 99.95 else 0
    return f"{value:.{places}f}"
