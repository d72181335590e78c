"""What scans leave in the database, and what the next one knows from it."""

from collections.abc import Iterable

import msgspec
import zstandard

from app.core.errors import DataError
from app.core.prediction_market import PredictionMarket, WalletActivity, WalletStats
from app.core.text import clean
from app.feeds.polymarket.categories import category
from app.store.reader import Reader
from app.store.rows import StoredMarket, StoredScan, StoredVerdict, WalletCursor
from app.store.schema import PREDICTION_MARKETS, WALLET_CURSORS, WALLET_SCANS, WALLET_VERDICTS
from app.store.store import Store
from app.store.table import Condition
from app.wallets.caches import BoundedCache
from app.wallets.funnel import Evidence, KnownWallet
from app.wallets.market_desk import SeenMarket
from app.wallets.scan_values import Finished, ScanPlan, plan_sha256
from app.wallets.stored import UNREADABLE, is_plain, read_verdict, safe, same

_LARGEST = 8_000_000
"""Bytes that what is kept of one wallet may grow to when it is read."""
_MARKETS = 50_000
_DAY_MS = 86_400_000
_encode = msgspec.msgpack.encode
_read_market = msgspec.msgpack.Decoder(PredictionMarket).decode


class _Kept(msgspec.Struct, array_like=True):
    """What need not be asked for again of a wallet that got beyond stage 1. Rows that do not say when the totals came
    have them from long ago."""

    stats: WalletStats
    trades: tuple[WalletActivity, ...]
    stats_s: int = 0


_read_kept = msgspec.msgpack.Decoder(_Kept).decode


def verdict_row(finished: Finished, at_ms: int, config: str) -> StoredVerdict:
    """A new verdict as a row."""
    verdict = finished.verdict
    return StoredVerdict(
        wallet=verdict.wallet,
        at_ms=at_ms,
        config_sha256=config,
        stage=verdict.stage,
        wallet_class=verdict.verdict,
        score=verdict.score,
        verdict=_encode(verdict),
    )


def cursor_row(finished: Finished, at_ms: int) -> WalletCursor:
    """How far a wallet is known now."""
    stats, trades, stats_s = finished.evidence.stats, finished.evidence.trades, finished.evidence.stats_s
    # What the packer gives holds the room of the worst case: a copy has none to spare.
    packed = b"" if stats is None or not trades else zstandard.compress(_encode(_Kept(stats, trades, stats_s)), 3)
    kept = bytes(memoryview(packed))
    candidate = finished.candidate
    return WalletCursor(
        wallet=candidate.wallet,
        scanned_ms=at_ms,
        board=candidate.board,
        board_pnl=candidate.board_pnl,
        board_volume=candidate.board_volume,
        last_trade_s=trades[-1].at_s if trades else None,
        trades=kept,
    )


def market_row(market: PredictionMarket, seen_s: float) -> StoredMarket:
    """What is known of a market since `seen_s` (epoch seconds)."""
    return StoredMarket(
        condition_id=market.condition_id,
        seen_ms=round(seen_s * 1000),
        category=category(market.tags),
        resolved=market.payouts is not None,
        market=_encode(market),
    )


def read_market(row: StoredMarket) -> PredictionMarket:
    """The market in a row, its texts cleaned. Raises `DataError` when it is damaged or another one."""
    try:
        market = _read_market(row.market)
        same("market", market.condition_id, row.condition_id)
        texts = (market.condition_id, market.event_slug, market.title, *market.tags, *market.token_ids)
    except UNREADABLE as error:
        name = clean(row.condition_id, 80)
        raise DataError(f"what is kept of market {name} cannot be read ({clean(str(error), 120)})") from error
    return market if is_plain(texts) else safe(market)


def read_evidence(row: WalletCursor) -> Evidence | None:
    """What is kept of a wallet, its texts cleaned; None where there is nothing.

    Raises `DataError` when it is damaged or on another wallet.
    """
    if not row.trades:
        return None
    try:
        # The size in the frame's head is what decompressing would take, whatever limit is given.
        if not 0 <= zstandard.frame_content_size(row.trades) <= _LARGEST:
            raise ValueError("it is too large, or does not say how large it is")
        kept = _read_kept(zstandard.ZstdDecompressor().decompress(row.trades))
        for wallet in {kept.stats.wallet, *(trade.wallet for trade in kept.trades)}:
            same("wallet", wallet, row.wallet)
        texts = [trade.condition_id + trade.token_id + trade.event_slug for trade in kept.trades]
        trades = kept.trades if is_plain(texts) else safe(kept.trades)
    except (*UNREADABLE, zstandard.ZstdError) as error:
        raise DataError(f"what is kept of {clean(row.wallet, 48)} cannot be read ({clean(str(error), 120)})") from error
    return Evidence(row.wallet, stats=safe(kept.stats), stats_s=kept.stats_s, trades=trades)


class KeptRows(msgspec.Struct, frozen=True, gc=False):
    """What is kept of one wallet: its cursor, and its last verdict if there is one."""

    cursor: WalletCursor
    verdict: StoredVerdict | None

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        return 400 + len(self.cursor.trades) + (len(self.verdict.verdict) if self.verdict else 0)


class Shelf:
    """What scans keep in one store. `config` stands for what verdicts depend on (`Judging.config_sha256`).

    `cache` holds rows that were read or written lately; it may serve several shelves of one store.

    A verdict of another `config` is history: its wallet is judged again, from what is kept where that suffices.
    """

    def __init__(self, store: Store, cache: BoundedCache[str, KeptRows], config: str, holds_h: float) -> None:
        self.damaged = 0
        self._store = store
        self._cache = cache
        self._reader: Reader = store.current_reader()
        self._config = config
        self._holds_ms = round(holds_h * 3_600_000)
        self._resumed_ms: int | None = None

    async def begin(self, plan: ScanPlan, now_ms: int) -> StoredScan:
        """Note that a scan begins. One of the same plan that was broken off within a day is gone on with."""
        name = plan_sha256(plan, self._config)
        broken = await self._reader.select(
            WALLET_SCANS,
            (Condition("plan_sha256", "=", name), Condition("started_ms", ">=", now_ms - _DAY_MS)),
            limit=1,
        )
        if broken and broken[0].ended_ms is None:
            self._resumed_ms = broken[0].started_ms
            return broken[0]
        scan = StoredScan(scan_id=f"{now_ms}-{name[:12]}", plan_sha256=name, started_ms=now_ms)
        self._store.put(scan)
        return scan

    @property
    def is_resumed(self) -> bool:
        """Whether the scan goes on with one that was broken off."""
        return self._resumed_ms is not None

    async def market_rows(self, limit: int = _MARKETS) -> list[StoredMarket]:
        """Markets as they are kept, newest first."""
        return await self._reader.select(PREDICTION_MARKETS, limit=limit)

    async def markets(self) -> list[SeenMarket]:
        """Markets that are kept, newest first."""
        markets: list[SeenMarket] = []
        for row in await self.market_rows():
            try:
                markets.append((read_market(row), row.seen_ms / 1000))
            except DataError:
                self.damaged += 1
        return markets

    async def kept(self, wallet: str, now_ms: int) -> KeptRows | None:
        """What is kept of a wallet, as rows; None for a new one. Raises `DataError`."""
        return self._cache.get(wallet, now_ms / 1000) or await self._read(wallet, now_ms)

    async def known(self, wallets: Iterable[str], now_ms: int) -> dict[str, KnownWallet]:
        """What is kept of these wallets; a row that cannot be read is counted in `damaged` and its wallet is new."""
        known: dict[str, KnownWallet] = {}
        for wallet in wallets:
            try:
                kept = await self._known(wallet, now_ms)
            except DataError:
                self.damaged += 1
                continue
            if kept is not None:
                known[wallet] = kept
        return known

    def keep(self, finished: Finished, now_ms: int) -> None:
        """Keep a verdict and how far its wallet is known. An old verdict is kept already, one that is none is not."""
        if finished.is_old or finished.verdict.verdict == "NOT SCORED":
            return
        rows = KeptRows(cursor_row(finished, now_ms), verdict_row(finished, now_ms, self._config))
        self._store.put(rows.verdict)
        self._store.put(rows.cursor)
        self._cache.put(rows.cursor.wallet, rows, rows.size, now_ms / 1000)

    def keep_markets(self, markets: Iterable[SeenMarket]) -> None:
        """Keep what was told of markets."""
        for market, seen_s in markets:
            self._store.put(market_row(market, seen_s))

    async def end(self, scan: StoredScan, now_ms: int, scored: int, not_scored: int) -> None:
        """Note that a scan is over, and wait until all it brought is saved."""
        ended = msgspec.structs.replace(scan, ended_ms=now_ms, scored=scored, not_scored=not_scored)
        await self._store.put_durably(ended)

    async def _known(self, wallet: str, now_ms: int) -> KnownWallet | None:
        rows = await self.kept(wallet, now_ms)
        return None if rows is None else self._from_rows(rows, now_ms)

    async def _read(self, wallet: str, now_ms: int) -> KeptRows | None:
        is_it = (Condition("wallet", "=", wallet),)
        cursors = await self._reader.select(WALLET_CURSORS, is_it, limit=1)
        if not cursors:
            return None
        verdicts = await self._reader.select(WALLET_VERDICTS, is_it, limit=1)
        rows = KeptRows(cursors[0], verdicts[0] if verdicts else None)
        self._cache.put(wallet, rows, rows.size, now_ms / 1000)
        return rows

    def _from_rows(self, rows: KeptRows, now_ms: int) -> KnownWallet:
        return known_wallet(rows, self._config, now_ms, holds_ms=self._holds_ms, resumed_ms=self._resumed_ms)


def known_wallet(rows: KeptRows, config: str, now_ms: int, *, holds_ms: int, resumed_ms: int | None) -> KnownWallet:
    """What rows say of a wallet to a scan that judges by `config`. Raises `DataError` for rows that cannot be read.

    A verdict of a scan that is resumed (`resumed_ms`: when it began) is given again in any case; another one counts
    for `holds_ms`, and so do totals, which verdicts on newer trades do not make any younger.
    """
    cursor, stored = rows.cursor, rows.verdict
    evidence = read_evidence(cursor)
    if evidence is not None and not _is_young(evidence.stats_s * 1_000, now_ms, holds_ms):
        evidence = evidence._replace(stats=None, stats_s=0)
    if stored is None or stored.config_sha256 != config:
        return KnownWallet(evidence=evidence, board=cursor.board, board_volume=cursor.board_volume)
    is_resumed = resumed_ms is not None and stored.at_ms >= resumed_ms
    holds = is_resumed or _is_young(cursor.scanned_ms, now_ms, holds_ms)
    return KnownWallet(
        verdict=read_verdict(stored) if holds else None,
        evidence=evidence,
        board=cursor.board,
        board_volume=cursor.board_volume,
        holds=is_resumed,
    )


def _is_young(at_ms: int, now_ms: int, holds_ms: int) -> bool:
    """What a clock that was ahead has dated is as old as what it has dated too early."""
    return abs(now_ms - at_ms) <= holds_ms
