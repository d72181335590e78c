"""Tables about followed traders, and the statements that make them."""

from typing import Any

import msgspec

from app.core.whale_events import TraderMoved
from app.store.table import Table, flat_table
from app.store.whale_rows import (
    StoredAlert,
    StoredFill,
    StoredHistory,
    StoredLeaderboard,
    StoredPosition,
    StoredTrader,
    WhaleNotes,
)

TRADER_MOVES = flat_table("trader_moves", TraderMoved, ("move_id",), age_column="at_ms")
# A position that nobody changes is saved once: it stands as long as its trader is in any set that was chosen.
TRADER_POSITIONS = flat_table(
    "trader_positions",
    StoredPosition,
    ("trader", "coin"),
    age_column="at_ms",
    replaces=True,
    stay_sql="trader IN (SELECT trader FROM tracked_traders)",
)
WHALE_ALERTS = flat_table("whale_alerts", StoredAlert, ("alert_id",), age_column="at_ms", replaces=True)
LEADERBOARDS = flat_table("leaderboards", StoredLeaderboard, ("at_ms",), age_column="at_ms")
TRACKED_TRADERS = flat_table("tracked_traders", StoredTrader, ("at_ms", "trader"), age_column="at_ms", replaces=True)
TRADER_HISTORIES = flat_table("trader_histories", StoredHistory, ("trader",), age_column="asked_ms", replaces=True)
TRADER_FILLS = flat_table(
    "trader_fills", StoredFill, ("trader", "at_ms", "coin", "trade_id", "side"), age_column="at_ms"
)
# Who was added by hand and what was muted are the user's own words: they have no age.
WHALE_NOTES = flat_table("whale_notes", WhaleNotes, ("name",), replaces=True)

TABLES: tuple[Table[Any], ...] = (
    TRADER_MOVES,
    TRADER_POSITIONS,
    WHALE_ALERTS,
    LEADERBOARDS,
    TRACKED_TRADERS,
    TRADER_HISTORIES,
    TRADER_FILLS,
    WHALE_NOTES,
)
ROWS: tuple[type[msgspec.Struct], ...] = tuple(table.row for table in TABLES)

STATEMENTS = (
    """
    CREATE TABLE trader_moves (
        move_id TEXT PRIMARY KEY NOT NULL,
        trader TEXT NOT NULL,
        coin TEXT NOT NULL,
        kind TEXT NOT NULL,
        size_before REAL NOT NULL CHECK (abs(size_before) < 1e300),
        size_after REAL NOT NULL CHECK (abs(size_after) < 1e300),
        price REAL NOT NULL CHECK (abs(price) < 1e300),
        change_usd REAL NOT NULL CHECK (abs(change_usd) < 1e300),
        equity_usd REAL NOT NULL CHECK (abs(equity_usd) < 1e300),
        at_ms INTEGER NOT NULL,
        venue_ms INTEGER NOT NULL,
        traded_ms INTEGER,
        learned TEXT NOT NULL
    )
    """,
    "CREATE INDEX trader_moves_by_age ON trader_moves (at_ms)",
    """
    CREATE TABLE trader_positions (
        trader TEXT NOT NULL,
        coin TEXT NOT NULL,
        at_ms INTEGER NOT NULL,
        changed_ms INTEGER NOT NULL,
        equity_usd REAL NOT NULL CHECK (abs(equity_usd) < 1e300),
        size REAL NOT NULL CHECK (abs(size) < 1e300),
        value_usd REAL NOT NULL CHECK (abs(value_usd) < 1e300),
        entry_price REAL CHECK (abs(entry_price) < 1e300),
        unrealized_pnl_usd REAL NOT NULL CHECK (abs(unrealized_pnl_usd) < 1e300),
        liquidation_price REAL CHECK (abs(liquidation_price) < 1e300),
        leverage REAL NOT NULL CHECK (abs(leverage) < 1e300),
        margin_usd REAL NOT NULL CHECK (abs(margin_usd) < 1e300),
        isolated INTEGER NOT NULL CHECK (isolated IN (0, 1)),
        PRIMARY KEY (trader, coin)
    )
    """,
    """
    CREATE TABLE whale_alerts (
        alert_id TEXT PRIMARY KEY NOT NULL,
        at_ms INTEGER NOT NULL,
        kind TEXT NOT NULL,
        severity TEXT NOT NULL,
        coin TEXT NOT NULL,
        alert BLOB NOT NULL CHECK (typeof(alert) = 'blob' AND length(alert) <= 1000000)
    )
    """,
    "CREATE INDEX whale_alerts_by_age ON whale_alerts (at_ms)",
    """
    CREATE TABLE leaderboards (
        at_ms INTEGER PRIMARY KEY NOT NULL,
        size_bytes INTEGER NOT NULL,
        rows_seen INTEGER NOT NULL,
        rows_kept INTEGER NOT NULL,
        refused INTEGER NOT NULL,
        tracked INTEGER NOT NULL,
        joined INTEGER NOT NULL,
        left_out INTEGER NOT NULL
    )
    """,
    """
    CREATE TABLE tracked_traders (
        at_ms INTEGER NOT NULL,
        trader TEXT NOT NULL,
        rank INTEGER,
        standing TEXT NOT NULL,
        score REAL CHECK (score BETWEEN 0 AND 100),
        equity_usd REAL NOT NULL CHECK (abs(equity_usd) < 1e300),
        member BLOB NOT NULL CHECK (typeof(member) = 'blob' AND length(member) <= 1000000),
        PRIMARY KEY (at_ms, trader)
    )
    """,
    """
    CREATE TABLE trader_histories (
        trader TEXT PRIMARY KEY NOT NULL,
        asked_ms INTEGER NOT NULL,
        record BLOB NOT NULL CHECK (typeof(record) = 'blob' AND length(record) <= 1000000)
    )
    """,
    "CREATE INDEX trader_histories_by_age ON trader_histories (asked_ms)",
    """
    CREATE TABLE whale_notes (
        name TEXT PRIMARY KEY NOT NULL,
        saved_ms INTEGER NOT NULL,
        notes BLOB NOT NULL CHECK (typeof(notes) = 'blob' AND length(notes) <= 10000000)
    )
    """,
)

POSITIONS_BY_AGE = ("CREATE INDEX trader_positions_by_age ON trader_positions (at_ms)",)
"""Came after the tables."""

FILL_STATEMENTS = (
    """
    CREATE TABLE trader_fills (
        trader TEXT NOT NULL,
        coin TEXT NOT NULL,
        side TEXT NOT NULL,
        price REAL NOT NULL CHECK (abs(price) < 1e300),
        size REAL NOT NULL CHECK (abs(size) < 1e300),
        at_ms INTEGER NOT NULL,
        trade_id INTEGER NOT NULL,
        start_size REAL NOT NULL CHECK (abs(start_size) < 1e300),
        closed_pnl_usd REAL NOT NULL CHECK (abs(closed_pnl_usd) < 1e300),
        fee_usd REAL NOT NULL CHECK (abs(fee_usd) < 1e300),
        crossed INTEGER NOT NULL CHECK (crossed IN (0, 1)),
        direction TEXT NOT NULL,
        liquidated INTEGER NOT NULL CHECK (liquidated IN (0, 1)),
        liquidated_other TEXT NOT NULL,
        PRIMARY KEY (trader, at_ms, coin, trade_id, side)
    )
    """,
    "CREATE INDEX trader_fills_by_age ON trader_fills (at_ms)",
)
