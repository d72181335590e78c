"""The Polymarket client: questions in, values out. For whoever asks outside an engine's own requests."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import numpy as np

from app.core.clock import Clock
from app.core.errors import VenueError
from app.core.prediction_market import (
    Holder,
    LeaderboardRow,
    PnlPoint,
    PositionStatus,
    PredictionMarket,
    WalletActivity,
    WalletPosition,
    WalletStats,
)
from app.core.text import clean
from app.feeds.polymarket import gamma, parse, questions
from app.feeds.polymarket.carrier import Carrier, CarrierSettings
from app.feeds.polymarket.columns import TradeColumns, trade_columns
from app.feeds.polymarket.limits import CALLS, KEYS_IN_A_CALL
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

    async def stats(self, wallet: str) -> WalletStats | None:
        """A wallet's totals; None where the venue knows nothing of it."""
        return parse.parse_stats(await self.body(questions.stats(wallet)))

    async def trades(
        self, wallet: str, start_s: int | None = None, *, limit: int = 100, page_cap: int = 1
    ) -> Walked[WalletActivity]:
        """A wallet's newest trades, oldest first: `page_cap` pages of `limit`."""
        return await self.walk(questions.trades(wallet, start_s, limit), parse.parse_activity, page_cap)

    async def trade_columns(self, wallet: str, start_s: int | None = None, limit: int = 100) -> TradeColumns:
        """One page of the same as columns."""
        return trade_columns(await self.body(questions.trades(wallet, start_s, limit)))

    async def activity(
        self, wallet: str, start_s: int | None = None, *, limit: int = 500, page_cap: int = PAGE_CAP
    ) -> Walked[WalletActivity]:
        """All a wallet did, oldest first."""
        return await self.walk(questions.activity(wallet, start_s, limit), parse.parse_activity, page_cap)

    async def positions(
        self, wallet: str, status: PositionStatus, *, limit: int = 500, page_cap: int = PAGE_CAP
    ) -> Walked[WalletPosition]:
        """A wallet's positions of one status."""
        return await self.walk(questions.positions(wallet, status, limit), parse.parse_positions, page_cap)

    async def pnl(self, wallet: str, fidelity: questions.Fidelity = "1d") -> Page[PnlPoint]:
        """A wallet's cumulative results, oldest first."""
        return parse.parse_pnl(await self.body(questions.pnl(wallet, fidelity)))

    async def leaderboard(
        self,
        window: questions.Window = "month",
        category: str = "overall",
        sort: questions.Sort = "PNL",
        *,
        page_cap: int = 1,
    ) -> Walked[LeaderboardRow]:
        """The wallets with the most profit or volume, best first: `page_cap` pages of 50."""
        question = questions.leaderboard(window, category, sort)
        return await self.walk(question, parse.parse_leaderboard, page_cap)

    async def holders(self, condition_id: str, *, page_cap: int = 1) -> Walked[Holder]:
        """The largest holders of each outcome of a market."""
        return await self.walk(questions.holders(condition_id), parse.parse_holders, page_cap)

    async def market_trades(
        self, condition_ids: Sequence[str] = (), minimum_usdc: float = 0.0, *, limit: int = 500, page_cap: int = 1
    ) -> Walked[WalletActivity]:
        """Recent trades of all wallets in these markets (none: everywhere), oldest first."""
        question = questions.market_trades(condition_ids, minimum_usdc, limit)
        return await self.walk(question, parse.parse_activity, page_cap)

    async def markets(self, condition_ids: Sequence[str]) -> Walked[PredictionMarket]:
        """These markets with their tags and payouts; those the venue does not know are missing.

        Resolved ones are asked for first, fifty a call, and what is missing among open ones.
        """
        wanted = list(dict.fromkeys(condition_ids))
        walks: list[Walked[PredictionMarket]] = []
        for closed in (True, False):
            found = {market.condition_id for walk in walks for market in walk.rows}
            missing = [condition for condition in wanted if condition not in found]
            for start in range(0, len(missing), KEYS_IN_A_CALL):
                question = questions.markets(missing[start : start + KEYS_IN_A_CALL], closed=closed)
                walks.append(await self.walk(question, gamma.parse_markets))
        return _together(walks)

    def usage(self) -> tuple[Usage, ...]:
        """How much of each of the venue's limits was used since its first call."""
        return self.carrier.windows.usage()

    async def close(self) -> None:
        """Close all connections."""
        await self.carrier.close()


def _together(walks: Sequence[Walked[Row]]) -> Walked[Row]:
    return Walked(
        rows=tuple(row for walk in walks for row in walk.rows),
        pages=sum(walk.pages for walk in walks),
        is_whole=all(walk.is_whole for walk in walks),
        stopped=next((walk.stopped for walk in walks if walk.stopped), clean("")),
        repeated=sum(walk.repeated for walk in walks),
        refused=sum(walk.refused for walk in walks),
        refusal=next((walk.refusal for walk in walks if walk.refusal), clean("")),
        passed_over=sum(walk.passed_over for walk in walks),
    )
