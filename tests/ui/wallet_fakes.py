"""Wallets as an engine tells of them: a list with a scan, and one of them opened up; and how views of them are read."""

from collections.abc import Mapping
from typing import Any

import msgspec
from deck_fakes import DEMO, SOURCE, WALL_MS, snapshot

from app.core.text import clean
from app.engine.protocol import Snapshot
from app.engine.protocol_wallets import (
    BudgetView,
    CacheView,
    PastVerdictView,
    ScanView,
    StageTime,
    StageView,
    UnscoredWallet,
    WalletDetail,
    WalletMetrics,
    WalletPositionView,
    WalletRow,
    WalletsView,
)
from app.ui.state import DeckView
from app.ui.widgets.columns import Row, TableView
from app.wallets.behind import CategoryRow, ChaseRow
from app.wallets.values import CopyResult, Doubt, Part, Pillar

_NOW_S = WALL_MS // 1_000
_DAY_S = 86_400


def address(n: int) -> str:
    """The address of the wallet number `n`."""
    return f"0x{n:04x}{'0123456789abcdef' * 2}{n * 7:04x}"


def wallet_row(n: int = 1, **changes: Any) -> WalletRow:
    """A TARGET that was judged three minutes ago for the second time."""
    row = WalletRow(
        address=address(n),
        wallet_class="TARGET",
        stage=3,
        score=0.83,
        specialisation=0.75,
        behaviour=0.94,
        structure=1.0,
        roi_7d=0.021,
        roi_30d=0.1234,
        win_rate=0.571,
        decided=190,
        flags=("short track",),
        age_s=185,
        score_change=0.04,
        class_before="WATCHLIST",
        origin="leaderboard month",
        found_now=True,
        profile="balanced",
    )
    return msgspec.structs.replace(row, **changes)


NOTE = "Bets late on district races; check whether the hedges are real."
WALLET_ROWS = (
    wallet_row(1, alias="polls professor", tag="politics", note=NOTE, review="accepted", followed=True),
    wallet_row(2, score=0.74, score_change=None, class_before=None, flags=(), decided=1_190, age_s=12, roi_30d=12.3),
    wallet_row(3, wallet_class="WATCHLIST", score=0.61, score_change=-0.05, class_before="TARGET",
               flags=("one hit", "hedged", "mostly maker"), roi_30d=-0.071, win_rate=0.482),
    wallet_row(4, wallet_class="WATCHLIST", score=0.52, score_change=0.0, flags=("dormant",), age_s=3 * _DAY_S,
               found_now=False),
    wallet_row(5, wallet_class="REJECTED", stage=2, score=None, behaviour=None, structure=None, specialisation=0.2,
               roi_7d=None, roi_30d=None, win_rate=None, decided=0, flags=(), score_change=None, review="rejected",
               class_before="REJECTED", reason="top category politics holds 20% of the volume, less than 50%"),
)  # fmt: skip

STAGES = (StageView(1, 312, 201, 1), StageView(2, 110, 71, 1), StageView(3, 38, 27, 0))
RUNNING_SCAN = ScanView(
    state="running",
    since_ms=WALL_MS - 21_000,
    seen=312,
    total=1_000,
    limit=1_000,
    under_way=41,
    unchanged=7,
    targets=3,
    watchlist=8,
    rejected=299,
    not_scored=2,
    stages=STAGES,
    unscored=(UnscoredWallet(address(99), 1, "the venue answered HTML instead of JSON"),),
    calls=1_204,
    waiting=31,
    budget_name="positions",
    budget_used=132,
    budget_limit=150,
)
DONE_SCAN = msgspec.structs.replace(
    RUNNING_SCAN,
    state="done",
    ended_ms=WALL_MS - 1_000,
    seen=1_000,
    under_way=0,
    waiting=0,
    message="1,000 wallets in 44 s: 3 TARGET, 8 WATCHLIST.",
)
FAILED_SCAN = msgspec.structs.replace(
    RUNNING_SCAN,
    state="failed",
    ended_ms=WALL_MS - 1_000,
    under_way=0,
    waiting=0,
    message="The venue cannot be reached; what was scored is kept.",
    troubles=("leaderboard month did not answer within 10 s", "leaderboard week did not answer within 10 s"),
)
METRICS = WalletMetrics(
    wallets_per_minute=1_371.2,
    ms_per_wallet=1.84,
    stages=(StageTime(1, 312, 201, 0.21), StageTime(2, 110, 71, 1.9), StageTime(3, 38, 27, None)),
    caches=(
        CacheView(name="answers", entries=1_204, bytes=12_300_000, limit_bytes=64_000_000, hits=820, misses=1_180,
                  evictions=12, hit_ratio=0.41, oldest_age_s=58.0),
        CacheView(name="verdicts", entries=0, bytes=0, limit_bytes=64_000_000, hits=0, misses=0, evictions=0,
                  hit_ratio=None, oldest_age_s=None),
    ),
    budgets=(BudgetView("positions", 132, 150), BudgetView("general", 402, 1_000)),
    calls=1_204,
    errors=3,
    retries=2,
    memory_mb=212.0,
    target_share=0.0101,
    warnings=("1.0 % of wallets are TARGETs, less than 2 %: lower wallets.target_score or choose another profile.",),
)  # fmt: skip


def wallets(**changes: Any) -> WalletsView:
    """Five wallets of 812 after a scan."""
    told = WalletsView(
        profile="balanced",
        profiles=("conservative", "balanced", "aggressive"),
        rows=WALLET_ROWS,
        known=812,
        scan=DONE_SCAN,
        metrics=METRICS,
    )
    return msgspec.structs.replace(told, **changes)


NO_WALLETS = wallets(rows=(), known=0, scan=None, metrics=None, waiting_for="No wallet has been scanned yet.")


def wallet_detail(n: int = 1, **changes: Any) -> WalletDetail:
    """A TARGET opened up, with everything known."""
    positions = tuple(
        WalletPositionView(
            event=f"Who wins the election in district {place}?",
            category="politics" if place % 4 else "sports",
            closed_s=_NOW_S - place * _DAY_S,
            size_usdc=100.0 + 10 * place,
            pnl_usdc=(40.0 - 3 * place) * (-1) ** place,
            hold_s=None if place % 5 == 4 else 3_600.0 * (place + 1),
            entry_price=None if place % 5 == 4 else 0.43,
            hedged=place % 6 == 5,
        )
        for place in range(14)
    )
    detail = WalletDetail(
        address=address(n),
        row=wallet_row(n, alias="polls professor", tag="politics", note=NOTE, review="accepted", followed=True),
        note=NOTE,
        pillars=(
            Pillar(name="specialisation", score=0.75, weight=0.35, parts=(
                Part("share of politics", 0.75, 190, 0.25),
                Part("categories above the small share", 2, 190, 0.0, "count"))),
            Pillar(name="behaviour", score=0.94, weight=0.40, parts=(
                Part("losses chased", 0.05, 40, 0.06), Part("drawdown", None, 190, 0.0))),
            Pillar(name="structure", score=1.0, weight=0.25, parts=(
                Part("median hold", 4.0, 190, 0.0, "hours"), Part("win rate", 0.571, 180, 0.0))),
        ),
        unshrunk_score=0.88,
        confidence=0.94,
        edge=0.571,
        edge_low=0.531,
        edge_high=0.611,
        bets=187.5,
        doubts=(
            Doubt(name="short track", text=clean("28 closed positions in 40 days", 160)),
            Doubt(name="dormant", text=clean("last trade 31 days ago", 160), bars=True, penalty=0.0),
        ),
        categories=(
            CategoryRow("politics", 150, 15_000.0, 0.75, 1_234.5),
            CategoryRow("sports", 40, 5_000.0, 0.25, -80.0),
        ),
        chases=(
            ChaseRow(_NOW_S - 5 * _DAY_S, "politics", 100.0, 100.0, _NOW_S - 5 * _DAY_S + 900, 120.0, 1.2, False),
            ChaseRow(_NOW_S - 3 * _DAY_S, "sports", 50.0, 100.0, _NOW_S - 3 * _DAY_S + 60, 200.0, 2.0, True),
        ),
        positions=positions,
        equity=tuple((_NOW_S - (40 - day) * _DAY_S, day * 30.0 - (day % 7) * 25.0) for day in range(40)),
        profit_factor=1.8,
        sharpe=0.21,
        max_drawdown=0.12,
        median_hold_s=14_400.0,
        pnl_usdc=1_154.5,
        volume_usdc=20_000.0,
        copies=(CopyResult(delay_s=2, pnl_usdc=903.2, own_pnl_usdc=1_001.0, positions=40, all_positions=52),
                CopyResult(delay_s=60, pnl_usdc=0.0, own_pnl_usdc=0.0, positions=0, all_positions=52)),
        history=(
            PastVerdictView(WALL_MS - 3_600_000, "WATCHLIST", 3, 0.79),
            PastVerdictView(WALL_MS - 90_000_000, "REJECTED", 3, 0.41),
        ),
        unknown=("what 3 markets are about",),
    )  # fmt: skip
    return msgspec.structs.replace(detail, **changes)


def scanned(told: WalletsView | None = None, sequence: int = 1, **changes: Any) -> Snapshot:
    """A demo's snapshot with wallets."""
    return snapshot(sequence, **{"source": DEMO, "wallets": told or wallets(), **changes})


def seen(shown: Snapshot, **changes: object) -> DeckView:
    """A deck that is connected and shows this."""
    view: dict[str, object] = {"source": shown.source, "newest": shown, "shown": shown, **changes}
    return DeckView("connected", **view)  # type: ignore[arg-type]


def ended(shown: Snapshot) -> DeckView:
    """A deck whose engine has ended."""
    return DeckView("ended", source=SOURCE, newest=shown, shown=shown)


def later(shown: Snapshot, seconds: int) -> DeckView:
    """The same picture, held for some seconds."""
    return seen(shown, newest=msgspec.structs.replace(shown, wall_ms=shown.wall_ms + seconds * 1_000), frozen_s=seconds)


def opened(**changes: Any) -> Snapshot:
    """As `scanned`, with the first wallet opened up."""
    return scanned(wallet=wallet_detail(**changes))


def texts(table: TableView, row: Row) -> Mapping[str, str]:
    """The cells of a row by the names of their columns."""
    names = (column.name for column in table.columns)
    return dict(zip(names, (cell.text for cell in row.cells), strict=True))


def lines(table: TableView) -> list[tuple[str, str]]:
    """A table of lines: names with whole texts, each line once."""
    return list(dict.fromkeys((row.cells[0].value, row.cells[1].value) for row in table.rows))
