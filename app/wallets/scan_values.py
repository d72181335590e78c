"""What a scan is told and what it tells. Values, no I/O."""

import hashlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from app.feeds.polymarket.questions import Question
from app.wallets.funnel import Evidence
from app.wallets.sources import Candidate
from app.wallets.values import Stage, WalletVerdict

STAGE_OF: Mapping[str, Stage] = MappingProxyType({"stats": 1, "trades": 2, "markets": 2, "pnl": 3, "positions": 3})
"""The stage that a question's answer is for, by its name; those of sources belong to none."""


class ScanPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What is scanned: questions of sources in order, listed wallets, at most `limit` wallets.

    `finders` are sources that only name markets, whose holders are the wallets.

    `max_concurrent` wallets are under way at a time; `batch_size` wallets are looked up and cleaned up after together;
    `position_pages` bounds a record, `market_fresh_s` how long what is told of an open market holds.
    """

    sources: tuple[Question, ...] = ()
    finders: tuple[Question, ...] = ()
    listed: tuple[str, ...] = ()
    limit: int = 1_000
    max_concurrent: int = 50
    batch_size: int = 50
    position_pages: int = 4
    market_fresh_s: float = 3_600.0


def plan_sha256(plan: ScanPlan, config: str) -> str:
    """A name for scans of the same wallets by the same thresholds (`config`), so that a broken one is gone on with."""
    return hashlib.sha256(msgspec.json.encode((plan, config))).hexdigest()


class Finished(NamedTuple):
    """A wallet that is through. `is_old` says that its verdict is an earlier one, which nothing was asked for."""

    candidate: Candidate
    verdict: WalletVerdict
    evidence: Evidence
    is_old: bool


class StageCount(msgspec.Struct, frozen=True):
    """Wallets that came into a stage, and how they left the scan there."""

    seen: int = 0
    rejected: int = 0
    not_scored: int = 0


class ScanProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a scan is. `unchanged` wallets cost nothing; `wanted` is how many it goes to at most."""

    wanted: int
    found: int
    finished: int
    unchanged: int
    under_way: int
    targets: int
    watchlist: int
    not_scored: int
    stages: tuple[StageCount, StageCount, StageCount]
    is_over: bool
    is_cancelled: bool


class Ask(NamedTuple):
    """A question to be carried; its answer comes back under `number`."""

    number: int
    question: Question
