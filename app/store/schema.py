"""The tables and their history. A migration that was released is never changed: what comes later is a new one."""

from collections.abc import Mapping
from operator import attrgetter
from typing import Any

import msgspec

from app.core.calls import Call, CostModel, Outcome
from app.core.events import Candle, ScalperRead
from app.store.rows import (
    Choice,
    FeedHole,
    PaperFill,
    PaperSaved,
    PaperTrade,
    StoredMarket,
    StoredRun,
    StoredScan,
    StoredVerdict,
    WalletCursor,
    WalletNote,
)
from app.store.table import Table, flat_table
from app.store.token_tables import STATEMENTS as _TOKEN_STATEMENTS
from app.store.token_tables import TABLES as _TOKEN_TABLES
from app.store.whale_tables import FILL_STATEMENTS, POSITIONS_BY_AGE
from app.store.whale_tables import STATEMENTS as _WHALE_STATEMENTS
from app.store.whale_tables import TABLES as _WHALE_TABLES


class Migration(msgspec.Struct, frozen=True):
    """One step of the database's form: all statements in one transaction."""

    name: str
    statements: tuple[str, ...]


class Schema(msgspec.Struct, frozen=True):
    """Tables, parents before children, and the migrations that make them; the version is the number of those."""

    tables: tuple[Table[Any], ...]
    migrations: tuple[Migration, ...]

    @property
    def version(self) -> int:
        """What a database of this schema is at."""
        return len(self.migrations)

    def by_row(self) -> Mapping[type, Table[Any]]:
        """The table of each type of row."""
        return {table.row: table for table in self.tables}

    def of_memory(self) -> "Schema":
        """As rows age in memory, where parents may be missing: each table by itself."""
        tables = (
            msgspec.structs.replace(table, age_column=table.age_column or table.orphan_age_column)
            for table in self.tables
        )
        return Schema(tuple(tables), self.migrations)


_COST_FIELDS = tuple(field.name for field in msgspec.structs.fields(CostModel))
_CALL_FIELDS = tuple(field.name for field in msgspec.structs.fields(Call) if field.name != "cost")
_call_fields = attrgetter(*_CALL_FIELDS)


def _call_values(call: Call) -> tuple[Any, ...]:
    return (call.call_id, *_call_fields(call), *msgspec.structs.astuple(call.cost))


def _build_call(values: dict[str, Any]) -> Call:
    del values["call_id"]
    cost = {name: values.pop(name) for name in _COST_FIELDS}
    return msgspec.convert({**values, "cost": cost}, Call, strict=False)


RUNS = flat_table("runs", StoredRun, ("session_id",), age_column="started_ms", replaces=True)
CALLS = Table(
    name="calls",
    row=Call,
    columns=("call_id", *_CALL_FIELDS, *_COST_FIELDS),
    key=("call_id",),
    values=_call_values,
    build=_build_call,
    age_column="made_at_ms",
)
OUTCOMES = flat_table("outcomes", Outcome, ("call_id",), orphan_age_column="decided_at_ms")
FEED_HOLES = flat_table("feed_holes", FeedHole, ("coin", "from_ms", "to_ms"), age_column="from_ms")
CANDLES = flat_table("candles", Candle, ("coin", "interval", "open_ms"), age_column="open_ms")
PAPER_FILLS = flat_table("paper_fills", PaperFill, ("at_ms", "number"), age_column="at_ms")
PAPER_TRADES = flat_table("paper_trades", PaperTrade, ("closed_ms", "number"), age_column="closed_ms")
# One row, and somebody's balance: it has no age, so that retention leaves it alone.
PAPER_STATE = flat_table("paper_state", PaperSaved, ("ledger",), replaces=True)
SCALPER_READS = flat_table("scalper_reads", ScalperRead, ("coin", "at_ms"), age_column="at_ms")
WALLET_VERDICTS = flat_table("wallet_verdicts", StoredVerdict, ("wallet", "at_ms"), age_column="at_ms")
WALLET_CURSORS = flat_table("wallet_cursors", WalletCursor, ("wallet",), age_column="scanned_ms", replaces=True)
PREDICTION_MARKETS = flat_table(
    "prediction_markets", StoredMarket, ("condition_id",), age_column="seen_ms", replaces=True
)
# The user's own words, as the paper ledger's balance, have no age.
WALLET_NOTES = flat_table("wallet_notes", WalletNote, ("wallet",), replaces=True)
CHOICES = flat_table("choices", Choice, ("name",), replaces=True)
WALLET_SCANS = flat_table("wallet_scans", StoredScan, ("scan_id",), age_column="started_ms", replaces=True)

# SQLite turns a nan into NULL, which NOT NULL refuses; infinities are refused by the checks.
_FIRST = Migration(
    "runs, calls, outcomes, feed holes, candles",
    (
        """
        CREATE TABLE runs (
            session_id TEXT PRIMARY KEY NOT NULL,
            source TEXT NOT NULL,
            app_version TEXT NOT NULL,
            python_version TEXT NOT NULL,
            settings_sha256 TEXT NOT NULL,
            started_ms INTEGER NOT NULL,
            ended_ms INTEGER
        )
        """,
        "CREATE INDEX runs_by_age ON runs (started_ms)",
        """
        CREATE TABLE calls (
            call_id TEXT PRIMARY KEY NOT NULL,
            source TEXT NOT NULL,
            claimant TEXT NOT NULL,
            claimant_version TEXT NOT NULL,
            kind TEXT NOT NULL,
            subject TEXT NOT NULL,
            claim TEXT NOT NULL,
            probability REAL NOT NULL CHECK (probability BETWEEN 0 AND 1),
            direction INTEGER NOT NULL CHECK (direction IN (-1, 0, 1)),
            made_at_ms INTEGER NOT NULL,
            available_at_ms INTEGER NOT NULL,
            input_age_ms INTEGER NOT NULL,
            reference_kind TEXT NOT NULL,
            reference_price REAL NOT NULL CHECK (abs(reference_price) < 1e300),
            bid REAL NOT NULL CHECK (abs(bid) < 1e300),
            ask REAL NOT NULL CHECK (abs(ask) < 1e300),
            horizon_s INTEGER NOT NULL,
            regime TEXT NOT NULL,
            baseline_id TEXT NOT NULL,
            evidence INTEGER NOT NULL,
            taker_fee_bps REAL NOT NULL CHECK (abs(taker_fee_bps) < 1e300),
            slippage_bps REAL NOT NULL CHECK (abs(slippage_bps) < 1e300)
        )
        """,
        "CREATE INDEX calls_by_age ON calls (made_at_ms, call_id)",
        """
        CREATE TABLE outcomes (
            call_id TEXT PRIMARY KEY NOT NULL REFERENCES calls (call_id) ON DELETE CASCADE,
            status TEXT NOT NULL CHECK (status IN ('graded', 'ungraded')),
            decided_at_ms INTEGER NOT NULL,
            reason TEXT NOT NULL,
            entry_bid REAL CHECK (abs(entry_bid) < 1e300),
            entry_ask REAL CHECK (abs(entry_ask) < 1e300),
            entry_at_ms INTEGER,
            exit_bid REAL CHECK (abs(exit_bid) < 1e300),
            exit_ask REAL CHECK (abs(exit_ask) < 1e300),
            exit_at_ms INTEGER,
            graded_horizon_ms INTEGER,
            mid_move_bps REAL CHECK (abs(mid_move_bps) < 1e300),
            event_happened INTEGER CHECK (event_happened IN (0, 1)),
            hit INTEGER CHECK (hit IN (0, 1)),
            brier REAL CHECK (abs(brier) < 1e300),
            edge_bps REAL CHECK (abs(edge_bps) < 1e300)
        )
        """,
        """
        CREATE TABLE feed_holes (
            coin TEXT NOT NULL,
            from_ms INTEGER NOT NULL,
            to_ms INTEGER NOT NULL,
            noticed_ms INTEGER NOT NULL,
            PRIMARY KEY (coin, from_ms, to_ms)
        )
        """,
        "CREATE INDEX feed_holes_by_age ON feed_holes (from_ms)",
        """
        CREATE TABLE candles (
            coin TEXT NOT NULL,
            interval TEXT NOT NULL CHECK (interval IN ('1m', '1h')),
            open_ms INTEGER NOT NULL,
            open REAL NOT NULL CHECK (abs(open) < 1e300),
            high REAL NOT NULL CHECK (abs(high) < 1e300),
            low REAL NOT NULL CHECK (abs(low) < 1e300),
            close REAL NOT NULL CHECK (abs(close) < 1e300),
            volume REAL NOT NULL CHECK (abs(volume) < 1e300),
            trades INTEGER NOT NULL,
            PRIMARY KEY (coin, interval, open_ms)
        )
        """,
        "CREATE INDEX candles_by_age ON candles (open_ms)",
    ),
)

_SECOND = Migration(
    "paper ledger",
    (
        """
        CREATE TABLE paper_fills (
            number INTEGER NOT NULL,
            at_ms INTEGER NOT NULL,
            coin TEXT NOT NULL,
            direction INTEGER NOT NULL CHECK (direction IN (-1, 1)),
            reason TEXT NOT NULL,
            opener TEXT NOT NULL,
            size REAL NOT NULL CHECK (abs(size) < 1e300),
            decided_ms INTEGER NOT NULL,
            due_ms INTEGER NOT NULL,
            priced_ms INTEGER NOT NULL,
            mid REAL CHECK (abs(mid) < 1e300),
            touch_price REAL NOT NULL CHECK (abs(touch_price) < 1e300),
            average_price REAL NOT NULL CHECK (abs(average_price) < 1e300),
            worst_price REAL NOT NULL CHECK (abs(worst_price) < 1e300),
            levels INTEGER NOT NULL,
            beyond_size REAL NOT NULL CHECK (abs(beyond_size) < 1e300),
            fee_usd REAL NOT NULL CHECK (abs(fee_usd) < 1e300),
            slippage_bps REAL CHECK (abs(slippage_bps) < 1e300),
            taken_over INTEGER NOT NULL CHECK (taken_over IN (0, 1)),
            PRIMARY KEY (at_ms, number)
        )
        """,
        """
        CREATE TABLE paper_trades (
            number INTEGER NOT NULL,
            closed_ms INTEGER NOT NULL,
            opened_ms INTEGER NOT NULL,
            coin TEXT NOT NULL,
            direction INTEGER NOT NULL CHECK (direction IN (-1, 1)),
            size REAL NOT NULL CHECK (abs(size) < 1e300),
            leverage INTEGER NOT NULL,
            opener TEXT NOT NULL,
            reason TEXT NOT NULL,
            entry_price REAL NOT NULL CHECK (abs(entry_price) < 1e300),
            exit_price REAL NOT NULL CHECK (abs(exit_price) < 1e300),
            gross_usd REAL NOT NULL CHECK (abs(gross_usd) < 1e300),
            fees_usd REAL NOT NULL CHECK (abs(fees_usd) < 1e300),
            funding_usd REAL NOT NULL CHECK (abs(funding_usd) < 1e300),
            result_usd REAL NOT NULL CHECK (abs(result_usd) < 1e300),
            result_bps REAL NOT NULL CHECK (abs(result_bps) < 1e300),
            unseen_ms INTEGER NOT NULL,
            PRIMARY KEY (closed_ms, number)
        )
        """,
        """
        CREATE TABLE paper_state (
            saved_ms INTEGER NOT NULL,
            state BLOB NOT NULL CHECK (typeof(state) = 'blob' AND length(state) <= 1000000),
            ledger TEXT PRIMARY KEY NOT NULL CHECK (ledger = 'paper')
        )
        """,
    ),
)

_THIRD = Migration(
    "reads of the language model",
    (
        """
        CREATE TABLE scalper_reads (
            coin TEXT NOT NULL,
            at_ms INTEGER NOT NULL,
            asked_ms INTEGER NOT NULL,
            reason TEXT NOT NULL,
            model TEXT NOT NULL,
            version TEXT NOT NULL,
            momentum REAL NOT NULL CHECK (momentum BETWEEN 0 AND 100),
            pressure REAL NOT NULL CHECK (pressure BETWEEN 0 AND 100),
            continuation REAL NOT NULL CHECK (continuation BETWEEN 0 AND 100),
            freshness TEXT NOT NULL,
            action TEXT NOT NULL,
            confidence INTEGER NOT NULL CHECK (confidence BETWEEN 1 AND 10),
            sentence TEXT NOT NULL,
            direction INTEGER NOT NULL CHECK (direction IN (-1, 0, 1)),
            in_position INTEGER NOT NULL CHECK (in_position IN (0, 1)),
            PRIMARY KEY (coin, at_ms)
        )
        """,
        "CREATE INDEX scalper_reads_by_age ON scalper_reads (at_ms)",
    ),
)

_FOURTH = Migration(
    "wallets",
    (
        """
        CREATE TABLE wallet_verdicts (
            wallet TEXT NOT NULL,
            at_ms INTEGER NOT NULL,
            config_sha256 TEXT NOT NULL,
            stage INTEGER NOT NULL CHECK (stage BETWEEN 1 AND 3),
            wallet_class TEXT NOT NULL,
            score REAL CHECK (score BETWEEN 0 AND 1),
            verdict BLOB NOT NULL CHECK (typeof(verdict) = 'blob' AND length(verdict) <= 1000000),
            PRIMARY KEY (wallet, at_ms)
        )
        """,
        "CREATE INDEX wallet_verdicts_by_age ON wallet_verdicts (at_ms)",
        """
        CREATE TABLE wallet_cursors (
            wallet TEXT PRIMARY KEY NOT NULL,
            scanned_ms INTEGER NOT NULL,
            board TEXT NOT NULL,
            board_pnl REAL CHECK (abs(board_pnl) < 1e300),
            board_volume REAL CHECK (abs(board_volume) < 1e300),
            last_trade_s INTEGER,
            trades BLOB NOT NULL CHECK (typeof(trades) = 'blob' AND length(trades) <= 1000000)
        )
        """,
        "CREATE INDEX wallet_cursors_by_age ON wallet_cursors (scanned_ms)",
        """
        CREATE TABLE prediction_markets (
            condition_id TEXT PRIMARY KEY NOT NULL,
            seen_ms INTEGER NOT NULL,
            category TEXT NOT NULL,
            resolved INTEGER NOT NULL CHECK (resolved IN (0, 1)),
            market BLOB NOT NULL CHECK (typeof(market) = 'blob' AND length(market) <= 1000000)
        )
        """,
        "CREATE INDEX prediction_markets_by_age ON prediction_markets (seen_ms)",
        """
        CREATE TABLE wallet_notes (
            wallet TEXT PRIMARY KEY NOT NULL,
            changed_ms INTEGER NOT NULL,
            alias TEXT NOT NULL,
            tag TEXT NOT NULL,
            note TEXT NOT NULL,
            review TEXT NOT NULL CHECK (review IN ('new', 'accepted', 'rejected')),
            followed INTEGER NOT NULL CHECK (followed IN (0, 1))
        )
        """,
        """
        CREATE TABLE wallet_scans (
            scan_id TEXT PRIMARY KEY NOT NULL,
            plan_sha256 TEXT NOT NULL,
            started_ms INTEGER NOT NULL,
            ended_ms INTEGER,
            scored INTEGER NOT NULL,
            not_scored INTEGER NOT NULL
        )
        """,
        "CREATE INDEX wallet_scans_by_age ON wallet_scans (started_ms)",
    ),
)

_FIFTH = Migration("followed traders", _WHALE_STATEMENTS)

_SIXTH = Migration(
    "choices",
    (
        """
        CREATE TABLE choices (
            name TEXT PRIMARY KEY NOT NULL,
            value TEXT NOT NULL,
            changed_ms INTEGER NOT NULL
        )
        """,
    ),
)

_SEVENTH = Migration("positions of followed traders by age", POSITIONS_BY_AGE)

_EIGHTH = Migration("fills of followed traders", FILL_STATEMENTS)

_NINTH = Migration("predictions about new tokens and their outcomes", _TOKEN_STATEMENTS)

SCHEMA = Schema(
    tables=(
        RUNS,
        CALLS,
        OUTCOMES,
        FEED_HOLES,
        CANDLES,
        PAPER_FILLS,
        PAPER_TRADES,
        PAPER_STATE,
        SCALPER_READS,
        WALLET_VERDICTS,
        WALLET_CURSORS,
        PREDICTION_MARKETS,
        WALLET_NOTES,
        WALLET_SCANS,
        CHOICES,
        *_WHALE_TABLES,
        *_TOKEN_TABLES,
    ),
    migrations=(_FIRST, _SECOND, _THIRD, _FOURTH, _FIFTH, _SIXTH, _SEVENTH, _EIGHTH, _NINTH),
)
