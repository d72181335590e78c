"""Answers what scans ask of the database, as inputs like those of a venue; and what is stored of wallets, put together
for the start of a run."""

import asyncio
from collections import Counter
from collections.abc import Set as AbstractSet

import msgspec

from app.config.wallet_settings import ScannerSettings
from app.core.calls import Call
from app.core.clock import Clock
from app.core.errors import DataError
from app.core.record import WITHDRAWN, Answer, Kind, Request
from app.core.text import clean
from app.engine.shelf_questions import MARKETS_KEPT, MARKETS_PAGE, Found, PastVerdictRow
from app.engine.wallet_book import (
    CLAIM_MS,
    CLAIMANT,
    MOST_CLAIMS,
    MOST_NOTES,
    ROWS,
    BookEntry,
    SavedWallets,
    best_rows,
    entry_of,
    followed_in,
    pack_saved,
)
from app.feeds.inbox import Inbox
from app.feeds.request_client import GIVEN_UP, MOST_BEGUN
from app.store.reader import Reader
from app.store.rows import StoredMarket, StoredVerdict, WalletCursor
from app.store.schema import CALLS, WALLET_NOTES, WALLET_SCANS, WALLET_VERDICTS
from app.store.store import Store
from app.store.table import Condition
from app.wallets.caches import BoundedCache, CacheFigures
from app.wallets.keeping import KeptRows, Shelf

_SCANS = 20
_HISTORY = 50
_VERDICTS = 4_000
_TURN_VERDICTS = 20
"""Verdicts that are read in one go: a fraction of a millisecond each."""
_pack = msgspec.msgpack.encode
_addresses = msgspec.json.Decoder(list[str]).decode


async def saved_wallets(reader: Reader, now_ms: int) -> bytes:
    """What a run begins with, empty when nothing is stored. Raises `DataError`."""
    verdicts = await reader.select(WALLET_VERDICTS, limit=_VERDICTS)
    notes = await reader.select(WALLET_NOTES, limit=MOST_NOTES)
    # Calls are looked for whatever the verdicts say: a profile makes TARGETs of which no verdict is stored.
    claims = await _claims(reader, now_ms - CLAIM_MS)
    open_claims = await _open_claims(reader)
    if not (verdicts or notes or claims or open_claims):
        return b""
    followed = followed_in(notes)
    verdicts += await _verdicts_on(reader, followed - {row.wallet for row in verdicts})
    entries = await _entries(best_rows(verdicts, followed))
    return pack_saved(SavedWallets(entries=entries, notes=tuple(notes), claims=claims, open_claims=tuple(open_claims)))


async def _verdicts_on(reader: Reader, wallets: AbstractSet[str]) -> list[StoredVerdict]:
    """The last two verdicts on each of these, as many as a deck can show."""
    rows: list[StoredVerdict] = []
    for wallet in sorted(wallets)[:ROWS]:
        rows += await reader.select(WALLET_VERDICTS, (Condition("wallet", "=", wallet),), limit=2)
    return rows


async def _entries(best: list[list[StoredVerdict]]) -> tuple[BookEntry, ...]:
    """The verdicts read in full; those that cannot be are left out. The loop is left to others meanwhile."""
    entries: list[BookEntry | None] = []
    for rows in best:
        entries.append(entry_of(rows))
        if len(entries) % _TURN_VERDICTS == 0:
            await asyncio.sleep(0)
    return tuple(each for each in entries if each is not None)


async def _claims(reader: Reader, since_ms: int) -> dict[str, int]:
    """When the newest call about a wallet was made."""
    conditions = (Condition("claimant", "=", CLAIMANT), Condition("made_at_ms", ">=", since_ms))
    calls = await reader.select(CALLS, conditions, limit=_VERDICTS)
    return {call.subject: call.made_at_ms for call in sorted(calls, key=lambda each: each.made_at_ms)}


async def _open_claims(reader: Reader) -> list[Call]:
    """Calls about wallets that have no outcome, oldest first."""
    found: list[Call] = []
    async for call in reader.undecided(claimant=CLAIMANT):
        found.append(call)
        if len(found) == MOST_CLAIMS:
            break
    return found


class WalletShelf:
    """`run` works until it is cancelled, one question after another; `request` and `withdraw` never block."""

    def __init__(self, store: Store, settings: ScannerSettings, inbox: Inbox, clock: Clock) -> None:
        self._store = store
        self._inbox = inbox
        self._clock = clock
        self._cache: BoundedCache[str, KeptRows] = BoundedCache(
            ttl_s=settings.holds_h * 3_600, limit_bytes=settings.cache_mb * 1_000_000
        )
        self._shelf: Shelf | None = None
        self._verdict: StoredVerdict | None = None
        self._markets: list[StoredMarket] = []
        self._waiting: asyncio.Queue[Request] = asyncio.Queue()
        self._outstanding: dict[int, Request] = {}
        self._begun: Counter[int] = Counter()

    def outstanding(self) -> list[Request]:
        """Questions that have not been answered."""
        return list(self._outstanding.values())

    def request(self, request: Request) -> None:
        """Ask; the answer arrives as an input with the request's id."""
        self._outstanding[request.request_id] = request
        self._inbox.put(0, Kind.REQUEST, _pack(request))
        self._waiting.put_nowait(request)

    def withdraw(self, request_id: int) -> None:
        """Answer a question that still waits as failed."""
        self._answered(Answer(request_id, 0, b"", WITHDRAWN))

    def remember(self, row: object) -> None:
        """A row is on its way to the database: of a wallet its verdict comes first, then how far it is known."""
        if isinstance(row, StoredVerdict):
            self._verdict = row
        elif isinstance(row, WalletCursor):
            verdict = self._verdict if self._verdict is not None and self._verdict.wallet == row.wallet else None
            kept = KeptRows(row, verdict)
            self._cache.put(row.wallet, kept, kept.size, row.scanned_ms / 1000)

    def halve(self) -> None:
        """Forget the older half of what is remembered: it is read again when it is wanted."""
        self._cache.halve()

    def figures(self) -> CacheFigures:
        """What is remembered of wallets."""
        return self._cache.figures(self._clock.wall_ns() / 1e9)

    async def run(self) -> None:
        """Answer what is asked; run again after a failure it begins with all that has no answer yet."""
        self._waiting = asyncio.Queue()
        for request in self._outstanding.values():
            self._waiting.put_nowait(request)
        while True:
            request = await self._waiting.get()
            if request.request_id in self._outstanding:
                self._begun[request.request_id] += 1
                is_hopeless = self._begun[request.request_id] > MOST_BEGUN
                failed = Answer(request.request_id, 0, b"", GIVEN_UP)
                self._answered(failed if is_hopeless else await self._answer_to(request))

    async def _answer_to(self, request: Request) -> Answer:
        try:
            body = await self._body(request)
        except (DataError, msgspec.MsgspecError, ValueError) as error:
            return Answer(request.request_id, 0, b"", clean(str(error), 240))
        return Answer(request.request_id, 200, body)

    async def _body(self, request: Request) -> bytes:
        match request.channel:
            case "scans":
                return _pack(await self._store.current_reader().select(WALLET_SCANS, limit=_SCANS))
            case "markets":
                return _pack(await self._markets_from(int(request.body)))
            case "wallets":
                return _pack(Found(tuple(await self._kept(_addresses(request.body)))))
            case "history":
                return _pack(await self._history(request.subject))
            case _:
                raise DataError(f"request {request.request_id} asks nothing that the store answers")

    async def _markets_from(self, start: int) -> list[StoredMarket]:
        """A page of markets; an empty one is the last, after which none is held in memory."""
        if start == 0:
            self._markets = await self._opened().market_rows(MARKETS_KEPT)
        page = self._markets[start : start + MARKETS_PAGE]
        if not page:
            self._markets = []
        return page

    async def _history(self, wallet: str) -> list[PastVerdictRow]:
        is_it = (Condition("wallet", "=", wallet),)
        rows = await self._store.current_reader().select(WALLET_VERDICTS, is_it, limit=_HISTORY)
        return [PastVerdictRow(row.at_ms, row.wallet_class, row.stage, row.score) for row in rows]

    async def _kept(self, wallets: list[str]) -> list[KeptRows]:
        now_ms = self._clock.wall_ns() // 1_000_000
        rows = [await self._opened().kept(wallet, now_ms) for wallet in wallets]
        return [each for each in rows if each is not None]

    def _opened(self) -> Shelf:
        if self._shelf is None:
            self._shelf = Shelf(self._store, self._cache, "", 0.0)
        return self._shelf

    def _answered(self, answer: Answer) -> None:
        self._begun.pop(answer.request_id, None)
        if self._outstanding.pop(answer.request_id, None) is not None:
            self._inbox.put(0, Kind.ANSWER, _pack(answer))
