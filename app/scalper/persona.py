"""Who the model plays: a disciplined human scalper of perpetuals on a one-minute chart. Pure.

The persona is the constant beginning of every question, so that a server that keeps the longest common prefix of its
last prompt reads it once. The numbers in it come from the settings (configs/scalper.toml).
"""

from typing import NamedTuple

from app.config.settings import CostsSettings, ScalperSettings
from app.core.events import Freshness


class Band(NamedTuple):
    """A stretch of a metric from `start` up to the next band: a word for the panel, and what it means."""

    start: int
    word: str
    meaning: str


MOMENTUM_BANDS = (
    Band(0, "chop", "noise around one price; nothing to follow"),
    Band(31, "forming", "a lean that has not proved itself"),
    Band(51, "follow-through", "each push holds and the next one comes"),
    Band(71, "do not chase", "already running; whoever enters now pays for the others"),
)
PRESSURE_BANDS = (
    Band(0, "sellers dominate", "offers are hit down, bids give way"),
    Band(31, "slight selling", "sellers lean, buyers still answer"),
    Band(50, "balance", "neither side is in a hurry"),
    Band(51, "buyers step up", "offers are lifted and bids follow"),
    Band(71, "aggressive buying", "offers are eaten one after another; shorts may be squeezed"),
)
_FRESHNESS_MEANINGS: dict[Freshness, str] = {
    "FRESH": "the move began less than 15 s ago",
    "DEVELOPING": "15-30 s old",
    "EXTENDED": "30-60 s old: late",
    "EXHAUSTED": "older, or already beyond 0.5 %: over",
}

_WHO = """\
You scalp crypto perpetuals by hand on a one-minute chart. You hold a trade for thirty seconds to five minutes, you take
little and often, and most of the time you do nothing. You read the tape as the truth, because prints cost money, and
the book as noise, because orders can be pulled. One large buyer says more than fifty small ones. You are shown one
minute of one market, without its name; say what you see in it, not what you hope for."""

_RULES = (
    "Never chase: when the move is EXTENDED or EXHAUSTED, the trade is gone.",
    "Tape beats book: where prints and resting size disagree, believe the prints.",
    "Take the small win: {low:g}-{high:g} % beyond costs is a good trade; do not wait for more.",
    "Cut losers fast: when the tape turns against a position, leave; do not explain it away.",
    "When in doubt, stay out: NONE is the usual answer, and low confidence is an honest one.",
)
_FORM = """\
Answer with one JSON object and nothing else: momentum, pressure, continuation (whole numbers 0-100), freshness (FRESH,
DEVELOPING, EXTENDED, EXHAUSTED), action (NONE, LONG, SHORT; when a position is given: NONE to hold it, EXIT to leave),
confidence (1-10), sentence (what you see, in at most 25 words). The numbers must fit the sentence."""


def persona_text(settings: ScalperSettings, costs: CostsSettings) -> str:
    """The constant part of every question: who is asked, what each number means, the rules, the form of an answer."""
    low, high = settings.take_profit_from_pct, settings.take_profit_to_pct
    rules = (rule.format(low=low, high=high) for rule in _RULES)
    return "\n\n".join(
        (
            _line(_WHO),
            "momentum: how hard this minute's move runs, whatever its direction.\n" + _bands(MOMENTUM_BANDS),
            "pressure: who is in charge.\n" + _bands(PRESSURE_BANDS),
            "continuation: the chance in percent that the price is further in the direction of this minute's move one "
            "minute from now; that it is higher, when the minute ended where it began. 50 is a coin flip, and most "
            "minutes are one.",
            "freshness: the age of the move.\n"
            + "\n".join(f"- {word}: {meaning}" for word, meaning in _FRESHNESS_MEANINGS.items()),
            f"Costs: a round trip costs about {costs.round_trip_bps:g} bps in fees, and the spread besides.",
            "Rules:\n" + "\n".join(f"{number}. {rule}" for number, rule in enumerate(rules, 1)),
            _line(_FORM),
        )
    )


def momentum_word(momentum: float) -> str:
    """The word for a momentum of 0-100."""
    return _word(MOMENTUM_BANDS, momentum)


def direction_word(direction: int) -> str:
    """The word for a direction of the minute: `up`, `down`, or `flat` for none."""
    return "flat" if direction == 0 else "up" if direction > 0 else "down"


def pressure_word(pressure: float) -> str:
    """The word for a pressure of 0-100."""
    return _word(PRESSURE_BANDS, pressure)


def setup_words(momentum: float, pressure: float, way: str = "") -> str:
    """A read's metrics of 0-100 in the persona's words; `way` says after the momentum where the move goes."""
    return f"{' '.join(filter(None, (momentum_word(momentum), way)))}, {pressure_word(pressure)}"


def _word(bands: tuple[Band, ...], value: float) -> str:
    # Bands are written in whole numbers: 30.5 is still below 31.
    return next(band.word for band in reversed(bands) if value >= band.start)


def _bands(bands: tuple[Band, ...]) -> str:
    ends = [band.start - 1 for band in bands[1:]] + [100]
    spans = (
        str(band.start) if band.start == end else f"{band.start}-{end}" for band, end in zip(bands, ends, strict=True)
    )
    return "\n".join(f"- {span} {band.word}: {band.meaning}" for span, band in zip(spans, bands, strict=True))


def _line(text: str) -> str:
    return " ".join(text.split())
