"""Judging from stage to stage, and again by other thresholds."""

import msgspec
import pytest
from wallet_facts import NOW_S, WALLET, act, market, stats

from app.core.prediction_market import PredictionMarket, WalletActivity
from app.wallets.again import judged_again
from app.wallets.funnel import Evidence
from app.wallets.judging import Judging
from app.wallets.thresholds import Thresholds

DAY_S = 86_400


def evidence(bets: int = 30, last_s: int = NOW_S - DAY_S) -> Evidence:
    """What is known after stage 2 of a wallet that bets once a day on one category and wins two of three."""
    trades: list[WalletActivity] = []
    markets: dict[str, PredictionMarket] = {}
    for place in range(bets):
        name, at_s = f"m{place}", last_s - (bets - place) * DAY_S
        trades.append(act("BUY", name, 200.0, 100.0, at_s))
        markets[name] = market(name, yes_pays=float(place % 3 > 0), closed_s=at_s + DAY_S // 2)
    return Evidence(WALLET, stats(), tuple(trades), markets)


def test_a_record_takes_recent_trades_as_they_were_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    judging, known = Judging(Thresholds()), evidence()
    assert judging.trades(known, NOW_S) is None
    whole = known._replace(positions=(), pnl=(), markets={**known.markets, "other": market("other")})
    fresh = Judging(Thresholds()).record(whole, NOW_S)
    with monkeypatch.context() as patched:
        patched.setattr("app.wallets.judging.ledger_of", None)
        assert judging.record(whole, NOW_S) == fresh


def test_a_record_looks_again_where_more_is_known_of_the_markets() -> None:
    judging, known = Judging(Thresholds()), evidence()
    assert judging.trades(known._replace(markets=dict(list(known.markets.items())[5:])), NOW_S) is None
    whole = known._replace(positions=(), pnl=())
    assert judging.record(whole, NOW_S) == Judging(Thresholds()).record(whole, NOW_S)


def test_who_is_dormant_stays_so_by_other_thresholds_and_who_fell_by_a_pillar_is_looked_at_again() -> None:
    old = Thresholds()
    new = msgspec.structs.replace(old, minimum_specialisation=0.1, profile="wide")
    dormant = Judging(old).trades(evidence(last_s=NOW_S - 90 * DAY_S), NOW_S)
    narrow = msgspec.structs.replace(old, minimum_specialisation=1.0)
    mixed = evidence()
    tags = {
        name: market(name, yes_pays=1.0, closed_s=each.closed_s, tag="sports")
        for name, each in mixed.markets.items()
        if name < "m15"
    }
    broad = Judging(narrow).trades(mixed._replace(markets={**mixed.markets, **tags}), NOW_S)
    assert dormant is not None
    assert broad is not None
    assert dormant.reason.startswith("dormant")
    assert [(each.profile, each.reason) for each in judged_again([dormant], old, new)] == [("wide", dormant.reason)]
    assert judged_again([broad], narrow, new) == []
