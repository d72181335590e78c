"""The Polymarket client: questions in, values out. For whoever asks outside an engine's own requests."""

from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np

from app.core.clock import Clock
from app.core.errors import VenueError
from app.core.text import clean
from app.feeds.polymarket.carrier import Carrier, CarrierSettings
from app.feeds.polymarket.limits import CALLS
from app.feeds.polymarket.pages import Page
from app.feeds.polymarket.questions import Question
from app.feeds.polymarket.walk import PAGE_CAP, Walk, Walked
from app.feeds.windows import Usage

Row = TypeVar("Row")


class PolymarketClient:
    """The venue as a scanner asks it; any number of tasks may ask at once.

    Every method raises `VenueError` when no usable answer comes after some tries, and `FrameError` for an answer that
    is not what was asked for. What one call brings is never more than the venue tells: see `Walked.is_whole`.
    """

    def __init__(
        self,
        settings: CarrierSettings,
        clock: Clock,
        generator: np.random.Generator,
        calls: Mapping[str, int] = CALLS,
    ) -> None:
        self.carrier = Carrier(settings, clock, generator, calls)

    async def body(self, question: Question) -> bytes:
        """The venue's answer to one question, as it came."""
        carried = await self.carrier.carry(question)
        if carried.error:
            about = f" of {clean(question.subject, 48)}" if question.subject else ""
            raise VenueError(f"polymarket {question.name}{about}: {carried.error} ({carried.tries} tries)")
        return carried.body

    async def walk(
        self, question: Question, parse_page: Callable[[bytes], Page[Row]], page_cap: int = PAGE_CAP
    ) -> Walked[Row]:
        """Ask for page after page, at most `page_cap`."""
        walk: Walk[Row] = Walk(question, page_cap)
        while walk.question is not None:
            walk.take(parse_page(await self.body(walk.question)))
        return walk.result()

    def usage(self) -> tuple[Usage, ...]:
        """How much of each of the venue's limits was used since its first call."""
        return self.carrier.windows.usage()

    async def close(self) -> None:
        """Close all connections."""
        await self.carrier.close()
