"""The question to the model: the constant persona first, then one minute of one market without its name. Pure.

Only numbers and our own words reach the model; nothing that a venue or anybody on it can name or write.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from app.config.settings import CostsSettings, ScalperSettings
from app.core.errors import FrameError
from app.core.events import Side
from app.scalper.answer import answer_schema
from app.scalper.description import Description
from app.scalper.persona import persona_text

KEEP_ALIVE = "30m"
_OPTIONS: Mapping[str, float | int] = {"temperature": 0, "seed": 7, "num_ctx": 4096, "num_predict": 160}
"""Constant: a server loads the model anew when some of them change."""
CHARACTERS_PER_TOKEN = 3.5
"""A cautious rule of thumb for English with many numbers."""

_encode = msgspec.json.encode


class _Message(msgspec.Struct):
    role: str
    content: str


class Question(msgspec.Struct):
    """A question as far as we read it back from a tape.

    `direction` is that of the minute it shows, +1, −1 or 0: what `continuation` in the answer is about.
    """

    model: str
    messages: Annotated[list[_Message], Meta(min_length=1, max_length=8)]
    in_position: bool = False
    direction: Annotated[int, Meta(ge=-1, le=1)] = 0

    @property
    def constant(self) -> str:
        """The part that is the same in every question."""
        return self.messages[0].content

    @property
    def variable(self) -> str:
        """The part that is about this minute."""
        return self.messages[-1].content

    def version(self, digest: str) -> str:
        """Twelve hexadecimal digits that change with the model's name, the `digest` of its weights, or the persona."""
        return hashlib.sha256(f"{self.model}\n{digest}\n{self.constant}".encode()).hexdigest()[:12]


_decode = msgspec.json.Decoder(Question).decode


def ask(description: Description, settings: ScalperSettings, costs: CostsSettings) -> bytes:
    """The question as JSON: a chat with the model server, and what is needed to take the answer."""
    in_position = description.position is not None
    return _encode(
        {
            "model": settings.model,
            "messages": [
                {"role": "system", "content": persona_text(settings, costs)},
                {"role": "user", "content": minute_text(description)},
            ],
            "stream": True,
            "think": False,
            "keep_alive": KEEP_ALIVE,
            "options": dict(_OPTIONS),
            "format": answer_schema(in_position),
            "in_position": in_position,
            "direction": (description.change > 0) - (description.change < 0),
        }
    )


def warm_up(settings: ScalperSettings, costs: CostsSettings) -> bytes:
    """As JSON, a question that has a server load the model and read the constant part; its answer means nothing."""
    return _encode(
        {
            "model": settings.model,
            "messages": [
                {"role": "system", "content": persona_text(settings, costs)},
                {"role": "user", "content": "Ready?"},
            ],
            "stream": True,
            "think": False,
            "keep_alive": KEEP_ALIVE,
            # One token will do. How many there may be is the one option that loads nothing anew.
            "options": {**_OPTIONS, "num_predict": 1},
        }
    )


def question_of(body: bytes) -> Question:
    """A question that was asked. Raises `FrameError` for a body that is none."""
    try:
        return _decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise FrameError("a question to the model cannot be read; the tape is damaged") from error


def tokens_estimate(text: str) -> int:
    """About how many tokens a model makes of a text."""
    return round(len(text) / CHARACTERS_PER_TOKEN)


def minute_text(description: Description) -> str:
    """The variable part: the minute in words and numbers, at most some 400 tokens."""
    return "\n".join(_lines(description))


def _lines(said: Description) -> Iterator[str]:
    tape, span = said.tape, "THIS MINUTE" if said.span_s >= 60 else f"LAST {said.span_s} s"
    yield (
        f"{span}: price {said.price:g}, {_percent(said.change)} in {said.span_s} s, {said.trajectory} "
        f"({_percent(said.first_half)} then {_percent(said.second_half)})."
    )
    yield f"Price each 5 s in bps from {said.span_s} s ago: " + " ".join(map(_bps, said.steps)) + "."
    yield (
        f"Tape: {tape.buys} buys of {tape.bought:.4g}, {tape.sells} sells of {tape.sold:.4g} in the minute; average "
        f"print {tape.average_size:.4g}."
    )
    flow = ("?" if step is None else f"{step[0]:.3g}/{step[1]:.3g}" for step in tape.flow)
    yield "Bought/sold each 10 s: " + " ".join(flow) + "."
    yield _notable(said)
    yield _book(said)
    if said.position is not None:
        side = "long" if said.position.direction > 0 else "short"
        yield (
            f"You are {side} from {said.position.entry_price:g}, {said.position.result_bps:+.1f} bps after "
            f"{said.position.held_s:.0f} s. Hold (NONE) or EXIT?"
        )
    else:
        yield "You have no position."


def _notable(said: Description) -> str:
    if not said.large:
        return "No print stands out."
    prints = ", ".join(
        f"{'bought' if trade.side is Side.BUY else 'sold'} {trade.size / said.tape.average_size:.1f}x average "
        f"{max(0, said.at_ms - trade.time_ms) / 1000:.0f} s ago"
        for trade in said.large
    )
    return f"Large prints: {prints}; {said.prints}."


def _book(said: Description) -> str:
    if said.bid_depth is None or said.ask_depth is None or said.imbalance is None:
        return "No book."
    spread = "" if said.spread_bps is None else f", spread {said.spread_bps:.2g} bps"
    moved = "" if said.imbalance_change is None else f" ({said.imbalance_change:+.2f} in {said.books_span_s:.0f} s)"
    spoofs = "; " + ", ".join(dict.fromkeys(said.spoofs)) if said.spoofs else ""
    return (
        f"Book, five levels: {said.bid_depth:.4g} bid, {said.ask_depth:.4g} offered, imbalance "
        f"{said.imbalance:+.2f}{moved}{spread}{spoofs}."
    )


def _percent(fraction: float) -> str:
    return f"{100 * fraction:+.3f} %"


def _bps(fraction: float) -> str:
    return f"{1e4 * fraction:+.1f}"
