"""Trades that third parties recorded: each file becomes columns, positions, measures and verdicts without an error.

The files hold a day or single markets, so that little of a wallet is seen; docs/wallets.md shows what comes out.
"""

import csv
import gzip
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from wallet_reference import uncompiled_measurer, uncompiled_positions

from app.core.prediction_market import PredictionMarket, WalletActivity
from app.core.text import clean
from app.feeds.polymarket.columns import columns_of as trade_columns_of
from app.feeds.polymarket.columns import joined
from app.wallets.columns import columns_of
from app.wallets.measure import measure
from app.wallets.pages import positions_of, token_table
from app.wallets.positions import KnownMarkets, ledger_of
from app.wallets.record import record_of
from app.wallets.thresholds import Thresholds
from app.wallets.values import WalletVerdict
from app.wallets.vectorised import measure_in_numpy
from app.wallets.verdict import Judge, RecordEvidence, TradesEvidence, judge_record, judge_trades

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "wallets"
pytestmark = [pytest.mark.real, pytest.mark.skipif(not FOLDER.exists(), reason="needs ../shared")]

DAY, FED, LARGE = "trades_1d_2026-01-08", "trades_fed_2026-02-26", "trades_large_2025-2026"
SPORTS = ("vs", "dota", "spread", "o/u", "game", "win on", "nba", "nfl", "counter-strike", "lol:")
CRYPTO = ("bitcoin", "ethereum", "solana", "xrp", "up or down")


class Recorded(NamedTuple):
    """Trades by wallet, oldest first, and the markets they are of.

    One file tells a later price of each outcome: one of at most 1 % or at least 99 % counts as what it pays. It does
    not tell what its markets are about, so that all of them are one category there.
    """

    trades: dict[str, list[WalletActivity]]
    known: KnownMarkets
    now_s: int


def rows(name: str) -> Iterator[dict[str, str]]:
    """The rows of a file, each once: pollers overlap, and one file numbers what it has twice."""
    with gzip.open(FOLDER / f"polymarket_{name}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        seen: set[tuple[str, ...]] = set()
        for row in csv.DictReader(file):
            key = tuple(value for name, value in row.items() if name != "trade_id")
            if key not in seen:
                seen.add(key)
                yield row


def trade(wallet: str, market: str, outcome: str, side: str, size: float, price: float, at: datetime) -> WalletActivity:
    return WalletActivity(
        wallet=wallet.lower() if wallet.startswith("0x") else "0x" + hashlib.sha256(wallet.encode()).hexdigest()[:40],
        kind="BUY" if side == "BUY" else "SELL", condition_id=hashlib.sha256(market.encode()).hexdigest(),
        token_id=hashlib.sha256(f"{market} {outcome}".encode()).hexdigest(), size=size, price=price, usdc=size * price,
        at_s=int(at.timestamp()), event_slug=clean(""), outcome_index=None,
    )  # fmt: skip


def trades_of(name: str) -> Iterator[tuple[WalletActivity, str]]:
    """Each trade with its market's category."""
    for row in rows(name):
        if name == DAY:
            at = datetime.strptime(row["timestamp"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
            size, price = float(row["size"]), float(row["price"])
            yield (
                trade(row["proxyWallet"], row["title"], row["outcome"], row["side"], size, price, at),
                about(row["title"]),
            )
        elif name == FED:
            text = row["timestamp"].removesuffix(" EST")
            at = datetime.strptime(text, "%A, %B %d, %Y %H:%M:%S").replace(tzinfo=timezone(timedelta(hours=-5)))
            size, price = float(row["shares"]), float(row["price"])
            outcome, side = row["option_yes_no"], row["trade_direction"]
            yield trade(row["user_id"], row["option_type"], outcome, side, size, price, at), "economics"
        else:
            at = datetime.fromisoformat(row["trade_date"])
            size, price = float(row["amount"]), float(row["price"])
            yield trade(row["user_id"], row["market_id"], row["outcome"], row["side"], size, price, at), "other"


def about(title: str) -> str:
    words = title.lower()
    if any(word in words for word in SPORTS):
        return "sports"
    return "crypto" if any(word in words for word in CRYPTO) else "other"


def recorded(name: str) -> Recorded:
    trades: dict[str, list[WalletActivity]] = {}
    tokens: dict[str, set[str]] = {}
    categories: dict[str, str] = {}
    for each, category in trades_of(name):
        trades.setdefault(each.wallet, []).append(each)
        tokens.setdefault(each.condition_id, set()).add(each.token_id)
        categories[each.condition_id] = category
    later = later_prices() if name == LARGE else {}
    for listed in trades.values():
        listed.sort(key=lambda each: each.at_s)
    markets = {
        condition: PredictionMarket(
            condition_id=condition, event_slug=clean(""), title=clean(""), tags=(clean(category),),
            token_ids=tuple(sorted(tokens[condition])), closed_s=None,
            payouts=payouts(sorted(tokens[condition]), later),
        )
        for condition, category in categories.items()
    }  # fmt: skip
    newest = max(each[-1].at_s for each in trades.values())
    return Recorded(trades, KnownMarkets(markets, first_of), newest + 60)


def later_prices() -> dict[str, float]:
    """The price of each outcome when the file was made, by token."""
    return {
        hashlib.sha256(f"{row['market_id']} {row['outcome']}".encode()).hexdigest(): float(row["current_price"])
        for row in rows(LARGE)
    }


def payouts(tokens: list[str], later: dict[str, float]) -> tuple[float, ...] | None:
    """What the outcomes pay, where the later price of each is nearly 0 or 1."""
    prices = [later.get(token, 0.5) for token in tokens]
    return tuple(map(round, prices)) if all(not 0.01 < price < 0.99 for price in prices) else None


def first_of(tags: Iterable[str]) -> str:
    return next(iter(tags))


def verdicts(found: Recorded) -> list[WalletVerdict]:
    judge = Judge(Thresholds(), found.now_s)
    ledgers = [ledger_of(wallet, each, found.known, found.now_s) for wallet, each in found.trades.items()]
    given: list[WalletVerdict] = []
    for ledger, measures in zip(ledgers, measure(ledgers, found.now_s, Thresholds()), strict=True):
        early = judge_trades(TradesEvidence(ledger.wallet, None, ledger, measures), judge)
        record = record_of(ledger, (), found.known, found.now_s)
        whole = RecordEvidence(ledger.wallet, None, ledger, measures, record, measures)
        given.append(early or judge_record(whole, judge))
    return given


@pytest.mark.parametrize(("name", "wallets"), [(DAY, 686), (FED, 2_315), (LARGE, 1_308)])
def test_recorded_trades_are_scored(name: str, wallets: int) -> None:
    given = verdicts(recorded(name))
    assert len(given) == wallets
    classes = Counter(verdict.verdict for verdict in given)
    # A day, or trades without their markets' ends, prove no edge of anybody.
    assert classes["TARGET"] == 0
    assert classes["WATCHLIST"] == 0
    assert all(verdict.reason for verdict in given)
    assert all(verdict.score is None or 0 <= verdict.score <= 1 for verdict in given)


@pytest.mark.parametrize("name", [DAY, FED, LARGE])
def test_recorded_trades_measure_the_same_by_all_ways(name: str) -> None:
    found = recorded(name)
    ledgers = [ledger_of(wallet, each, found.known, found.now_s) for wallet, each in found.trades.items()]
    pages = [trade_columns_of(each) for each in found.trades.values()]
    table = token_table(found.known.markets.values(), first_of)
    columns = columns_of(ledgers)
    by_page = positions_of(joined(pages), table, found.now_s, uncompiled_positions())
    figures = measure_in_numpy(columns, found.now_s, 0.05, 1.5)
    for other, measurer in ((columns, uncompiled_measurer()), (by_page.columns, measure_in_numpy)):
        same = measurer(other, found.now_s, 0.05, 1.5)
        np.testing.assert_allclose(same, figures, rtol=1e-9, atol=1e-6)
    assert by_page.unmatched.tolist() == [ledger.unmatched for ledger in ledgers]
