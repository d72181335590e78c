"""One wallet opened up: every stage, whatever the first of them says, and what stands behind the verdict."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from app.config.settings import Settings
from app.core.clock import Clock, SystemClock
from app.core.errors import FrameError, UsageError, VenueError
from app.core.prediction_market import PnlPoint, WalletActivity, WalletStats, wallet_of
from app.core.text import SafeText, clean
from app.feeds.polymarket import questions
from app.feeds.polymarket.client import PolymarketClient
from app.feeds.polymarket.limits import CALLS
from app.feeds.polymarket.parse import parse_activity
from app.store.reader import Reader
from app.store.schema import WALLET_VERDICTS
from app.store.store import Store
from app.store.table import Condition
from app.wallets.api import carrier_settings, judging_of
from app.wallets.behind import CategoryRow, ChaseRow, EquityPoint, categories_of, chases_of, equity_of
from app.wallets.copying import DELAYS_S, copy_result, prints_of
from app.wallets.funnel import Evidence
from app.wallets.judging import Judging
from app.wallets.keeping import Shelf
from app.wallets.scan_values import Finished, ScanPlan
from app.wallets.scanner import Caches, Scanner
from app.wallets.values import ClosedPosition, CopyResult, Ledger, OpenPosition, WalletVerdict

PRINT_PAGES = 2
COPIED_MARKETS = 5
NOT_FOLLOWED = "no trade of others followed its own closely enough"
_POSITIONS = 100
HISTORY = 50
CHECK_NETWORK = "check the network and the settings polymarket.data_url and polymarket.gamma_url, then try again"


class PastVerdict(msgspec.Struct, frozen=True):
    """An earlier verdict on the wallet, by whatever thresholds it was given."""

    at_ms: int
    verdict: str
    stage: int
    score: float | None


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """A wallet opened up.

    `verdict` is what a scan says; `opened` judges everything, also where a scan would have stopped before (None where
    that cannot be known). `categories` and `chases` stand behind specialisation and behaviour and come from recent
    trades, `positions` (newest first) and `equity` from the whole record. `copies` say what following it late would
    have brought, on `copied_markets` of its markets. `history` is newest first, `unknown` what could not be learned.
    """

    wallet: str
    verdict: WalletVerdict
    opened: WalletVerdict | None
    stats: WalletStats | None
    categories: tuple[CategoryRow, ...]
    chases: tuple[ChaseRow, ...]
    positions: tuple[ClosedPosition, ...]
    open_positions: tuple[OpenPosition, ...]
    equity: tuple[EquityPoint, ...]
    daily: tuple[PnlPoint, ...]
    copies: tuple[CopyResult, ...]
    copied_markets: int
    history: tuple[PastVerdict, ...]
    unknown: tuple[SafeText, ...]
    calls: int


class Onward:
    """A judge that never stops before the end, and remembers what it would have said first."""

    def __init__(self, judging: Judging) -> None:
        self.profile = judging.profile
        self.first: WalletVerdict | None = None
        self._judging = judging

    def stats(self, evidence: Evidence, now_s: int) -> None:
        """After stage 1."""
        self.first = self.first or self._judging.stats(evidence, now_s)

    def trades(self, evidence: Evidence, now_s: int) -> None:
        """After stage 2."""
        self.first = self.first or self._judging.trades(evidence, now_s)

    def record(self, evidence: Evidence, now_s: int) -> WalletVerdict:
        """After stage 3."""
        return self._judging.record(evidence, now_s)


async def explain_wallet(
    settings: Settings,
    address: str,
    *,
    reader: Reader | None = None,
    clock: Clock | None = None,
    calls: Mapping[str, int] = CALLS,
) -> Explanation:
    """Open up one wallet; `reader` gives its history where a database is open, `calls` is as for `scan_wallets`.

    Raises `UsageError` for what is no address and `ConfigError` for a list that cannot be read. What the venue does not
    tell is in `unknown`, and the verdict NOT SCORED says why where nothing can be said.
    """
    wallet = wallet_of(address.strip())
    if wallet is None:
        raise UsageError(f"{clean(address, 64)} is not a wallet's address; write 0x and 40 hex digits")
    clock = clock or SystemClock()
    judging, notes = judging_of(settings.wallets)
    client = PolymarketClient(carrier_settings(settings.polymarket), clock, np.random.default_rng(), calls)
    try:
        judge = Onward(judging)
        finished = await _through(wallet, judge, client, settings, clock)
        copies, markets, unknown = await _copies(finished.evidence, client, judging, clock)
        made = sum(usage.calls for usage in client.usage() if usage.group in ("data", "gamma"))
    finally:
        await client.close()
    explained = explanation_of(finished, judge.first, judging, clock.wall_ns() // 1_000_000_000)
    return msgspec.structs.replace(
        explained,
        copies=copies,
        copied_markets=markets,
        unknown=(*explained.unknown, *unknown, *notes),
        history=() if reader is None else await _history(reader, wallet),
        calls=made,
    )


async def _through(wallet: str, judge: Onward, client: PolymarketClient, settings: Settings, clock: Clock) -> Finished:
    """The wallet through all stages. Nothing is kept: an opened wallet is no new verdict."""
    finished: list[Finished] = []
    plan = ScanPlan(listed=(wallet,), limit=1, position_pages=settings.scanner.position_pages)
    store = Store(None, settings.store, clock)
    await store.open()
    try:
        caches = Caches(settings.scanner)
        shelf = Shelf(store, caches.verdicts, "", 0.0)
        scanner = Scanner(plan, judge, client.carrier, shelf, caches, clock, on_finished=finished.append)
        report = await scanner.run()
    finally:
        await store.close()
    if not finished:
        raise VenueError(f"{wallet} was not looked at: {report.stopped}; {CHECK_NETWORK}")
    return finished[0]


def explanation_of(finished: Finished, first: WalletVerdict | None, judging: Judging, now_s: int) -> Explanation:
    """What is known of a wallet that went through all stages; `first` is what a scan would have said."""
    evidence, opened = finished.evidence, finished.verdict
    is_opened = opened.verdict != "NOT SCORED"
    trades = judging.ledger(evidence, now_s)
    record = judging.whole_record(evidence, now_s) if evidence.positions is not None else Ledger(wallet=evidence.wallet)
    return Explanation(
        wallet=evidence.wallet,
        verdict=first or opened,
        opened=opened if is_opened else None,
        stats=evidence.stats,
        categories=categories_of(trades),
        chases=chases_of(trades, judging.thresholds.chase_ratio),
        positions=tuple(reversed(record.closed[-_POSITIONS:])),
        open_positions=record.opened[:_POSITIONS],
        equity=equity_of(record),
        daily=evidence.pnl or (),
        copies=(),
        copied_markets=0,
        history=(),
        unknown=opened.unknown if is_opened else (*opened.unknown, opened.reason),
        calls=0,
    )


async def _copies(
    evidence: Evidence, client: PolymarketClient, judging: Judging, clock: Clock
) -> tuple[tuple[CopyResult, ...], int, tuple[SafeText, ...]]:
    """Results of copying its newest markets late, how many those are, and what could not be learned."""
    conditions = newest_conditions(evidence.trades or ())
    if not conditions:
        return (), 0, ()
    try:
        walked = await client.walk(questions.market_trades(conditions, limit=1_000), parse_activity, PRINT_PAGES)
    except (VenueError, FrameError) as error:
        return (), 0, (clean(f"copying it late: {error}", 200),)
    found = copies_of(evidence, walked.rows, judging, clock.wall_ns() // 1_000_000_000)
    unknown = () if found else (clean(f"copying it late: {NOT_FOLLOWED}"),)
    return found, len(conditions), unknown


def copies_of(
    evidence: Evidence, prints: Sequence[WalletActivity], judging: Judging, now_s: int
) -> tuple[CopyResult, ...]:
    """Results of copying its newest markets late, from what others traded in them; empty where none can be told."""
    conditions = newest_conditions(evidence.trades or ())
    mine = [trade for trade in evidence.trades or () if trade.condition_id in conditions]
    others = prints_of([trade for trade in prints if trade.wallet != evidence.wallet])
    results = [copy_result(mine, others, judging.known_markets(evidence), now_s, delay_s) for delay_s in DELAYS_S]
    return tuple(result for result in results if result is not None)


def newest_conditions(trades: Sequence[WalletActivity]) -> list[str]:
    """The few markets it traded in last, which one question may name."""
    conditions = dict.fromkeys(trade.condition_id for trade in reversed(trades) if trade.condition_id)
    return list(conditions)[:COPIED_MARKETS]


async def _history(reader: Reader, wallet: str) -> tuple[PastVerdict, ...]:
    rows = await reader.select(WALLET_VERDICTS, (Condition("wallet", "=", wallet),), limit=HISTORY)
    return tuple(PastVerdict(row.at_ms, row.wallet_class, row.stage, row.score) for row in rows)
