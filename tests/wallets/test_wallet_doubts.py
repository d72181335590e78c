"""Each doubt says itself with its number, and only beyond its limit."""

from typing import Any

import msgspec
import pytest
from wallet_facts import DAY_S, START_S, act, ledger, market, stats

from app.core.prediction_market import WalletActivity, WalletStats
from app.wallets.doubts import doubts_of, viral_doubt
from app.wallets.measure import measure
from app.wallets.thresholds import Thresholds
from app.wallets.values import Doubt, ViralWallets

LONG = 100


def bets(count: int = LONG, size: float = 100, days: float = 1.0) -> list[WalletActivity]:
    return [
        each
        for place in range(count)
        for each in (
            act("BUY", f"m{place}", 200, size, START_S + int(place * days * DAY_S)),
            act("SELL", f"m{place}", 200, size * 1.2, START_S + int((place + 0.5) * days * DAY_S)),
        )
    ]


def doubts(
    activity: list[WalletActivity], *, totals: WalletStats | None = None, idle_days: float = 1.0
) -> dict[str, Doubt]:
    now_s = int(max(each.at_s for each in activity) + idle_days * DAY_S)
    found = ledger(activity, *(market(name) for name in {each.condition_id for each in activity}), now_s=now_s)
    (measures,) = measure([found], now_s, Thresholds())
    listed = doubts_of(totals, found, measures, found, measures, Thresholds(), now_s)
    return {doubt.name: doubt for doubt in listed}


def test_nothing_speaks_against_a_long_even_record() -> None:
    assert doubts(bets(), totals=stats()) == {}


@pytest.mark.parametrize(
    ("activity", "kwargs", "name", "text", "bars"),
    [
        (bets(), {"idle_days": 31}, "dormant", "last trade 31 days ago", True),
        (bets(29, days=3), {}, "short track", "29 closed positions in 86 days", False),
        (bets(LONG, days=0.5), {}, "short track", "100 closed positions in 50 days", False),
        ([*bets(), act("BUY", "x", 100, 50), act("SELL", "x", 100, 2_200, START_S + DAY_S)], {}, "one hit",
         "one position made 52% of the profit", False),
        (bets(), {"totals": stats(unrealized_pnl_usdc=1_000.0)}, "paper", "17% of the profit is not realised", False),
        (bets(), {"totals": stats(realized_pnl_usdc=-5.0, unrealized_pnl_usdc=1.0)}, "paper",
         "more than the profit is not realised", False),
        ([*bets(), act("SPLIT", "h", 9_000, 9_000), act("MERGE", "h", 9_000, 9_000, START_S + 9 * DAY_S)], {}, "hedged",
         "both outcomes held at once in 47% of the volume", False),
        (bets(), {"totals": stats(maker_rebate_usdc=50.0)}, "mostly maker",
         "rebates of 10.0 basis points of the volume", False),
        ([*bets(), act("REBATE", "", 0, 22)], {}, "mostly maker", "rebates of 10.0 basis points of the volume", False),
        (bets(days=100 / DAY_S), {}, "too fast", "holds for 50 s in the median, too fast to copy", True),
        ([*bets(), *(each for place in range(150) for each in (
            act("BUY", f"w{place}", 200, 100, START_S + place * DAY_S),
            act("SELL", f"w{place}", 200, 100.2, START_S + place * DAY_S + 600)))], {}, "suspected wash",
         "60% of the volume went round for nothing within an hour", True),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_doubt(activity: list[WalletActivity], kwargs: dict[str, Any], name: str, text: str, bars: bool) -> None:
    found = doubts(activity, **kwargs)
    assert name in found
    assert (found[name].text, found[name].bars) == (text, bars)


def test_a_viral_wallet_is_flagged_with_its_penalty() -> None:
    wallet = "0x" + "ab" * 20
    viral = ViralWallets(wallets=frozenset({wallet}))
    (doubt,) = viral_doubt(wallet, viral, msgspec.structs.replace(Thresholds(), viral_penalty=0.2))
    assert (doubt.name, doubt.penalty) == ("viral", 0.2)
    assert viral_doubt("0x" + "cd" * 20, viral, Thresholds()) == ()
