"""The deck on a market made up on the spot, to look at.

`python tests/ui/playground.py live|demo|tape|empty|refused|ends|hostile [THEME]`
"""

import asyncio
import math
import sys

import msgspec
from deck_fakes import DEMO, THEMES, ScriptedLink, detail, feed, market, snapshot, tape_snapshot
from hostile_corpus import HOSTILE

from app.core.clock import SystemClock
from app.engine.protocol import LogLine, MarketRow, RecordingView, Snapshot
from app.ui.deck_options import DeckOptions
from app.ui.run import run_deck


class MovingLink(ScriptedLink):
    """Says a new snapshot ten times a second."""

    def __init__(self, kind: str) -> None:
        super().__init__(
            DEMO if kind == "demo" else snapshot().source, refuses="no engine runs; start one" * (kind == "refused")
        )
        self._kind = kind
        self._step = 0

    async def snapshot(self) -> Snapshot | None:
        await asyncio.sleep(0.1)
        self._step += 1
        if self._kind == "ends" and self._step > 20:
            return None
        return self._made()

    def _made(self) -> Snapshot:
        if self._kind == "hostile":
            return _hostile(self._step)
        base = tape_snapshot() if self._kind == "tape" else snapshot()
        if self._kind == "demo":
            base = msgspec.structs.replace(base, source=DEMO)
        if self._kind == "empty":
            return msgspec.structs.replace(
                base,
                markets=(),
                feeds=(feed(state="connecting", age_ms=None),),
                waiting_for="Waiting for the venue's list of markets.",
            )
        return msgspec.structs.replace(
            base,
            wall_ms=base.wall_ms + self._step * 100,
            markets=tuple(self._moved(row, index) for index, row in enumerate(base.markets)),
            feeds=(
                feed(age_ms=self._step * 37 % 900),
                feed(name="books", state="stale", age_ms=14_000),
                feed(name="rest", state="down", retry_in_s=3.0, age_ms=None),
            ),
            log=(
                *base.log,
                *(
                    LogLine(base.wall_ms + at * 2_000, "info", "markets", f"refreshed, round {at}")
                    for at in range(self._step // 20)
                ),
            ),
            recording=RecordingView("session.tape", 120_000 * self._step, self._step / 10),
        )

    def _moved(self, row: MarketRow, index: int) -> MarketRow:
        if index % 3 == self._step % 3:
            row = msgspec.structs.replace(row, price=(row.price or 1) * (1 + math.sin(self._step / 9 + index) / 500))
        if index == 4:
            return msgspec.structs.replace(row, stale=True, age_ms=14_000 + self._step * 100, rules=None)
        if index == 6:
            return msgspec.structs.replace(row, hole=True, rules=None)
        return msgspec.structs.replace(row, age_ms=self._step * (index + 3) * 17 % 2_000)


def _hostile(step: int) -> Snapshot:
    """Every market hostile, and with each step the next feeds, events and recording."""
    texts = [HOSTILE[(4 * step + place) % len(HOSTILE)] for place in range(4)]
    return snapshot(
        step,
        markets=(market("SENTINEL", 1.0), *(market(text, 1.0) for text in HOSTILE)),
        feeds=tuple(feed(name=text, message=text) for text in texts),
        log=tuple(LogLine(step, "warning", text, text) for text in texts),
        recording=RecordingView(texts[0], 1_000, 1.0),
        detail=detail(coin=HOSTILE[0]),
    )


if __name__ == "__main__":
    link = MovingLink(sys.argv[1] if len(sys.argv) > 1 else "live")
    sys.exit(run_deck(link, DeckOptions(sys.argv[2] if len(sys.argv) > 2 else "tape", [THEMES]), SystemClock()))
