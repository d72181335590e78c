import pytest
from hypothesis import given
from hypothesis import strategies as st
from wallet_facts import DAY_S, NOW_S, START_S, act, known, market

from app.wallets.measure import measure
from app.wallets.payouts import with_payouts
from app.wallets.positions import ledger_of
from app.wallets.thresholds import Thresholds
from app.wallets.values import Ledger, Measures


def measures_of(ledger: Ledger) -> Measures:
    return measure([ledger], NOW_S, Thresholds())[0]


def resolved(name: str, *, yes_pays: float | None) -> Ledger:
    """A bet at 0.5 that was sold even, on a market that paid so later."""
    told = known(market(name, yes_pays=yes_pays, closed_s=START_S + 9 * DAY_S))
    acts = [act("BUY", name, 100, 50, START_S), act("SELL", name, 100, 50, START_S + 3_600)]
    return ledger_of(acts[0].wallet, acts, told, NOW_S)


@pytest.mark.parametrize(("pays", "surplus", "variance"), [(1.0, 0.5, 0.25), (0.0, -0.5, 0.25), (None, 0.0, 0.0)])
def test_a_bet_that_was_sold_counts_by_what_its_market_paid(
    pays: float | None, surplus: float, variance: float
) -> None:
    ledger = resolved("m", yes_pays=pays)
    told = known(market("m", yes_pays=pays, closed_s=START_S + 9 * DAY_S))
    measures = with_payouts(measures_of(ledger), ledger, told, NOW_S)
    assert (measures.surplus, measures.surplus_variance) == pytest.approx((surplus, variance))


def test_a_payout_that_lies_ahead_is_not_known() -> None:
    ledger = resolved("m", yes_pays=1.0)
    told = known(market("m", yes_pays=1.0, closed_s=NOW_S + 1))
    assert with_payouts(measures_of(ledger), ledger, told, NOW_S).surplus == pytest.approx(0.0)


def paid_bets(*bets: tuple[str, float, float]) -> Measures:
    """Bets of 100 shares held to the end: event, price, and what a share paid; each on a market of its own."""
    names = [f"m{number}" for number in range(len(bets))]
    end_s = START_S + 9 * DAY_S
    told = known(
        *(
            market(name, yes_pays=pays, closed_s=end_s, event=event)
            for name, (event, _, pays) in zip(names, bets, strict=True)
        )
    )
    acts = [act("BUY", name, 100, 100 * price, START_S) for name, (_, price, _) in zip(names, bets, strict=True)]
    ledger = ledger_of(acts[0].wallet, acts, told, NOW_S)
    return with_payouts(measures_of(ledger), ledger, told, NOW_S)


def test_bets_that_win_with_their_event_count_as_one() -> None:
    measures = paid_bets(("e", 0.5, 1.0), ("e", 0.5, 1.0))
    assert (measures.bets, measures.surplus, measures.surplus_variance) == pytest.approx((1.0, 0.5, 0.25))


def test_two_lucky_long_shots_on_one_event_count_as_one_and_no_less() -> None:
    measures = paid_bets(("e", 0.05, 1.0), ("e", 0.05, 1.0))
    assert (measures.bets, measures.surplus) == pytest.approx((1.0, 0.95))


def test_bets_that_differ_within_their_event_count_one_by_one() -> None:
    measures = paid_bets(("e", 0.5, 1.0), ("e", 0.5, 0.0), ("f", 0.5, 1.0), ("f", 0.5, 0.0))
    assert (measures.bets, measures.surplus, measures.surplus_variance) == pytest.approx((4.0, 0.0, 1.0))


BETS = st.lists(
    st.tuples(st.sampled_from(("e", "f", "g")), st.floats(0.05, 0.95), st.sampled_from((0.0, 1.0))),
    min_size=1,
    max_size=12,
)


@given(BETS)
def test_bets_on_one_event_never_count_for_more_than_apart(bets: list[tuple[str, float, float]]) -> None:
    joined = paid_bets(*bets)
    apart = paid_bets(*((f"e{number}", price, pays) for number, (_, price, pays) in enumerate(bets)))
    assert apart.bets == len(bets)
    assert 1.0 - 1e-9 <= joined.bets <= apart.bets + 1e-9
    shrunk = joined.bets / apart.bets
    assert joined.surplus == pytest.approx(shrunk * apart.surplus, abs=1e-9)
    assert joined.surplus_variance == pytest.approx(shrunk * apart.surplus_variance, abs=1e-9)


def test_held_bets_measure_the_same_by_their_payouts() -> None:
    told = known(*(market(f"m{n}", yes_pays=float(n % 2), closed_s=START_S + 9 * DAY_S) for n in range(7)))
    acts = [act("BUY", f"m{n}", 100, 10 + 11 * n, START_S + n) for n in range(7)]
    ledger = ledger_of(acts[0].wallet, acts, told, NOW_S)
    measures = measures_of(ledger)
    assert with_payouts(measures, ledger, told, NOW_S).surplus == pytest.approx(measures.surplus)
    assert with_payouts(measures, ledger, told, NOW_S).surplus_variance == pytest.approx(measures.surplus_variance)
