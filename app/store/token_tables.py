"""Tables about new tokens: what the model was told and said of them, and what became of them (docs/tokens.md)."""

from typing import Any

import msgspec

from app.store.table import Table, flat_table


class StoredPrediction(msgspec.Struct, frozen=True, kw_only=True):
    """What the token model said of a token at `at_ms`, with all that it was told.

    `seen_s` is the moment the features are of; `created_s` when the pool was made. `price` in dollars and
    `liquidity_usd` of the pool are those of that moment, None where no venue told them. `features` is the row of
    float32 numbers, little-endian, that went to the model, under the schema of that hash.
    """

    mint: str
    at_ms: int
    pool: str
    seen_s: int
    created_s: int
    price: float | None
    liquidity_usd: float | None
    version: str
    p_rise: float
    gain_pct: float
    p_rug: float
    schema_sha256: str
    features: bytes


class StoredTokenOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a prediction within `horizon_s`: of one hour `rises`, `gain_pct` and `high_gain_pct`, of 24 hours
    `falls` and `drains` (`tokens/labels.py`). What is not known is None, and `reason` says why."""

    mint: str
    at_ms: int
    horizon_s: int
    decided_ms: int
    rises: bool | None
    gain_pct: float | None
    high_gain_pct: float | None
    falls: bool | None
    drains: bool | None
    reason: str


class PredictionMade(msgspec.Struct, frozen=True, kw_only=True):
    """Of a stored prediction what its labels are reckoned from, and what they are held against."""

    mint: str
    at_ms: int
    pool: str
    seen_s: int
    price: float | None
    liquidity_usd: float | None
    version: str
    p_rise: float
    p_rug: float


class OutcomeTold(msgspec.Struct, frozen=True, kw_only=True):
    """Which horizon of which prediction has an outcome, and what it says of rises and rugs."""

    mint: str
    at_ms: int
    horizon_s: int
    rises: bool | None
    falls: bool | None
    drains: bool | None
    reason: str


KEPT_DAYS = 30
"""With their features predictions are large: kept as long as all else, they would push it out of a full database."""
TOKEN_PREDICTIONS = flat_table(
    "token_predictions", StoredPrediction, ("mint", "at_ms"), age_column="at_ms", most_days=KEPT_DAYS
)
# By the time of its prediction, so that both go together.
TOKEN_OUTCOMES = flat_table(
    "token_outcomes", StoredTokenOutcome, ("mint", "at_ms", "horizon_s"), age_column="at_ms", most_days=KEPT_DAYS
)
PREDICTIONS_MADE = flat_table("token_predictions", PredictionMade, ("mint", "at_ms"), age_column="at_ms")
OUTCOMES_TOLD = flat_table("token_outcomes", OutcomeTold, ("mint", "at_ms", "horizon_s"), age_column="at_ms")
"""Both tables again, to be read without what is large in them."""

TABLES: tuple[Table[Any], ...] = (TOKEN_PREDICTIONS, TOKEN_OUTCOMES)
ROWS: tuple[type[msgspec.Struct], ...] = tuple(table.row for table in TABLES)

STATEMENTS = (
    """
    CREATE TABLE token_predictions (
        mint TEXT NOT NULL,
        at_ms INTEGER NOT NULL,
        pool TEXT NOT NULL,
        seen_s INTEGER NOT NULL,
        created_s INTEGER NOT NULL,
        price REAL CHECK (abs(price) < 1e300),
        liquidity_usd REAL CHECK (abs(liquidity_usd) < 1e300),
        version TEXT NOT NULL,
        p_rise REAL NOT NULL CHECK (p_rise BETWEEN 0 AND 1),
        gain_pct REAL NOT NULL CHECK (abs(gain_pct) < 1e300),
        p_rug REAL NOT NULL CHECK (p_rug BETWEEN 0 AND 1),
        schema_sha256 TEXT NOT NULL,
        features BLOB NOT NULL CHECK (typeof(features) = 'blob' AND length(features) <= 100000),
        PRIMARY KEY (mint, at_ms)
    )
    """,
    "CREATE INDEX token_predictions_by_age ON token_predictions (at_ms)",
    """
    CREATE TABLE token_outcomes (
        mint TEXT NOT NULL,
        at_ms INTEGER NOT NULL,
        horizon_s INTEGER NOT NULL,
        decided_ms INTEGER NOT NULL,
        rises INTEGER CHECK (rises IN (0, 1)),
        gain_pct REAL CHECK (abs(gain_pct) < 1e300),
        high_gain_pct REAL CHECK (abs(high_gain_pct) < 1e300),
        falls INTEGER CHECK (falls IN (0, 1)),
        drains INTEGER CHECK (drains IN (0, 1)),
        reason TEXT NOT NULL,
        PRIMARY KEY (mint, at_ms, horizon_s)
    )
    """,
    "CREATE INDEX token_outcomes_by_age ON token_outcomes (at_ms)",
)
