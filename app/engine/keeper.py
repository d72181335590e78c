"""Puts what a run derives into the store, and says whether it is saved."""

import platform
from uuid import uuid4

import msgspec

from app import __version__
from app.config.settings import Settings
from app.config.toml import settings_sha256
from app.core.calls import Call
from app.core.clock import Clock
from app.core.events import CandleClosed, FeedHole, ScalperRead
from app.engine.protocol import Mode, StoreView
from app.engine.saved_before import saved_before
from app.paper.events import CopyClosed, Fill, PositionClosed, TokenSold
from app.paper.rows import row_of, saved_row, state_of
from app.paper.state import PaperState, encode_state
from app.scorecards.grader import Graded
from app.store import rows
from app.store.reader import Reader
from app.store.schema import PAPER_STATE
from app.store.store import Store
from app.store.token_tables import ROWS as TOKEN_ROWS
from app.store.whale_tables import ROWS as WHALE_ROWS

_AS_IT_IS: tuple[type, ...] = (
    *WHALE_ROWS,
    *TOKEN_ROWS,
    rows.StoredVerdict,
    rows.WalletCursor,
    rows.StoredMarket,
    rows.WalletNote,
    rows.StoredScan,
    rows.Choice,
)


class Keeper:
    """Calls, outcomes, holes and the longer candles of one run."""

    def __init__(self, store: Store, mode: Mode, settings: Settings, clock: Clock) -> None:
        self._store = store
        self._saves_paper = False
        self._clock = clock
        self._run = rows.StoredRun(
            session_id=uuid4().hex,
            source=mode,
            app_version=__version__,
            python_version=platform.python_version(),
            settings_sha256=settings_sha256(settings),
            started_ms=self._now_ms(),
        )

    async def open(self) -> None:
        """Open the database; a run goes on without one, and says so."""
        self._store.put(self._run)
        await self._store.open()

    async def saved_paper(self) -> tuple[bytes, str]:
        """The paper ledger as it was saved, empty when nothing was; and why this run's is not saved, empty when it is.

        Where what was saved cannot be read, nothing is saved over it.
        """
        saved, why_not_saved = await saved_before(self._store, _paper)
        self._saves_paper = not why_not_saved
        return saved, why_not_saved

    def keep(self, event: object) -> None:
        """Take one derived event; what belongs in no table is left out."""
        match event:
            case Call() | ScalperRead():
                self._store.put(event)
            case Graded():
                self._store.put(event.outcome)
            case PaperState():
                if self._saves_paper:
                    self._store.put(saved_row(event))
            case Fill() | PositionClosed() | CopyClosed() | TokenSold():
                row = row_of(event)
                # Rows of a ledger that is not saved would stand among those of the saved one.
                if row is not None and self._saves_paper:
                    self._store.put(row)
            case FeedHole():
                self._store.put(rows.FeedHole(event.coin, event.from_ms, event.to_ms, self._now_ms()))
            case CandleClosed(candle) if candle.interval in rows.STORED_INTERVALS:
                self._store.put(candle)
            case _ if isinstance(event, _AS_IT_IS):
                self._store.put(event)
            case _:
                pass

    def view(self) -> StoreView:
        """What the deck shows of the store."""
        status = self._store.status()
        is_over = status.state == "closed"
        return StoreView(
            status.state,
            status.reason or status.refusal,
            status.written,
            status.pending,
            lost=status.refused + status.dropped + (status.unsaved if is_over else 0),
            unsaved=0 if is_over else status.unsaved,
            loss=status.lost if is_over else status.gone,
            moved_aside=status.moved_aside,
        )

    async def close(self) -> None:
        """Write what is pending and note the end of the run."""
        self._store.put(msgspec.structs.replace(self._run, ended_ms=self._now_ms()))
        await self._store.close()

    def _now_ms(self) -> int:
        return self._clock.wall_ns() // 1_000_000


async def _paper(reader: Reader) -> bytes:
    state = state_of(await reader.select(PAPER_STATE))
    return b"" if state is None else encode_state(state)
