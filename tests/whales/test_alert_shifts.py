import msgspec
import pytest
from alert_samples import MINUTE_MS, a_desk
from hypothesis import given
from hypothesis import strategies as st
from trader_samples import HOUR_MS, NOW_MS, a_state, address

from app.core.whale_events import SmartMoneySignal
from app.whales.alert_book import Taken
from app.whales.alert_desk import AlertDesk
from app.whales.alert_shifts import SMOOTHED_MIN
from app.whales.alert_values import RestoreAlerts, WhaleLean
from app.whales.whale_bias import WhaleBias


def lean(bias: float, whales: int = 3, *, is_rebased: bool = False) -> WhaleLean:
    return WhaleLean(
        coin="BTC", at_ms=NOW_MS, bias=bias, whales=whales, value_usd=5e6, traders=("t",), is_rebased=is_rebased
    )


def signal(change: float | None, bias: float = 0.3, effective: float = 6.0) -> SmartMoneySignal:
    return SmartMoneySignal(
        coin="BTC", at_ms=NOW_MS, lean="LONG", bias=bias, breadth=0.1, concentration=0.2,
        effective_traders=effective, confidence=0.5,
        change_1h=change, long_traders=7, short_traders=3, stale_traders=0, value_usd=9e6, plain_bias=0.1,
        plain_lean="NEUTRAL",
    )  # fmt: skip


def flips(desk: AlertDesk, *leans: WhaleLean) -> list[int]:
    """The places of the leans that were told."""
    return [number for number, one in enumerate(leans) if desk.leaned(one, 60_000.0, NOW_MS + number * 10 * MINUTE_MS)]


@pytest.mark.parametrize(
    ("biases", "told"),
    [
        ([0.5, -0.1], [1]),
        ([0.2, -0.05], []),  # 25 %
        ([0.2, -0.05, -0.11], [2]),
        ([0.5, 0.1], []),  # no other sign
        ([0.1, 0.5, -0.01], [2]),  # from the furthest
        ([0.5, -0.01, 0.01, -0.02, 0.2, 0.27], [1]),  # about zero, and too near to have turned again
        ([0.5, -0.1, 0.25], [1, 2]),
        ([0.5, 0.0, -0.5], [2]),
    ],
)
def test_a_flip_is_a_change_of_sign_and_of_thirty_percent(biases: list[float], told: list[int]) -> None:
    assert flips(a_desk(), *map(lean, biases)) == told


def test_who_joins_or_leaves_the_whales_turns_nothing() -> None:
    assert flips(a_desk(), lean(0.5), lean(-0.5, is_rebased=True), lean(-0.6), lean(0.1)) == [3]
    assert flips(a_desk(), lean(1.0, whales=1), lean(-0.5, whales=2)) == []


def test_a_flip_says_from_where_and_is_told_once_over_a_restart() -> None:
    desk = a_desk()
    desk.leaned(lean(0.5), 60_000.0, NOW_MS)
    kept = desk.state()
    (taken,) = desk.leaned(lean(-0.1), 60_000.0, NOW_MS + HOUR_MS)
    assert taken.alert is not None
    assert taken.alert.text == "3 whales turned short in BTC: bias +0.50 → -0.10 in 1.0 h, $5 M held"
    assert (taken.alert.severity, taken.alert.direction, taken.alert.traders) == ("MEDIUM", -1, ("t",))
    old_rules = RestoreAlerts(kept.rules, desk.state().book)
    (again,) = a_desk(kept=old_rules).leaned(lean(-0.1), 60_000.0, NOW_MS + HOUR_MS + 1)
    assert again.fate == "known"
    assert a_desk(kept=desk.state()).leaned(lean(-0.2), 60_000.0, NOW_MS + HOUR_MS + 1) == ()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ([0.1, 0.19], []),
        ([0.2], [0]),
        ([-0.25], [0]),
        ([None, 0.2, None, 0.3], [1]),
        ([0.199], []),
        ([0.2, 0.19, 0.2, 0.11, 0.25], [0]),
        ([0.2, 0.09, 0.2], [0, 2]),
        ([0.2, -0.2], [0, 1]),
    ],
)
def test_a_shift_is_told_once_until_it_is_over(changes: list[float | None], told: list[int]) -> None:
    desk = a_desk()
    assert [number for number, one in enumerate(changes) if shifts(desk, signal(one), number * SMOOTHED_MIN)] == told


def test_what_is_undone_within_minutes_is_no_shift_and_what_stands_is_one() -> None:
    desk = a_desk()
    shifts(desk, signal(0.0))
    for minute, change in enumerate((*[0.9] * 3, *[0.0] * 12)):
        assert desk.signalled(signal(change), 60_000.0, NOW_MS + (20 + minute) * MINUTE_MS) == ()
    shifts(desk, signal(0.0), 40)
    taken = [desk.signalled(signal(0.31), 60_000.0, NOW_MS + (60 + minute) * MINUTE_MS) for minute in range(15)]
    # The mean of fifteen minutes reaches 0.20 with the tenth of 0.31.
    assert [minute for minute, one in enumerate(taken) if one] == [9]


def test_what_one_or_two_do_is_no_shift_of_a_consensus() -> None:
    desk = a_desk()
    assert shifts(desk, signal(0.9, effective=4.9)) == []
    assert len(shifts(desk, signal(0.9, effective=5.0), 15)) == 1


def shifts(desk: AlertDesk, one: SmartMoneySignal, from_min: int = 0) -> list[Taken]:
    """What is told while a signal stands for as long as shifts are smoothed over."""
    at_ms = [NOW_MS + (from_min + minute) * MINUTE_MS for minute in range(SMOOTHED_MIN)]
    return [taken for now_ms in at_ms for taken in desk.signalled(one, 60_000.0, now_ms)]


def test_a_shift_is_the_same_over_a_restart_and_says_what_shifted() -> None:
    desk = a_desk()
    shifts(desk, signal(0.0))
    old = desk.state()
    (taken,) = shifts(desk, signal(0.25), 15)
    assert taken.alert is not None
    assert taken.alert.text == "smart money in BTC shifted long: bias +0.05 → +0.30 in 1 h, 7 long, 3 short"
    assert (taken.alert.severity, taken.alert.direction) == ("LOW", 1)
    mixed = RestoreAlerts(old.rules, desk.state().book)
    assert [one.fate for one in shifts(a_desk(kept=mixed), signal(0.25), 30)] == ["known"]


HELD = st.dictionaries(st.sampled_from(["BTC", "ETH"]), st.sampled_from([-3.0, -1.0, 0.0, 1.0, 2.0]))
EQUITY = st.sampled_from([1e6, 9.5e6, 10e6, 30e6])


@given(st.lists(st.tuples(st.integers(0, 3), HELD, EQUITY, st.booleans()), max_size=25))
def test_the_bias_is_that_of_what_all_whales_hold(steps: list[tuple[int, dict[str, float], float, bool]]) -> None:
    bias = WhaleBias(10e6)
    whales: dict[str, dict[str, float]] = {}
    for number, (trader, held, equity_usd, is_gone) in enumerate(steps):
        name = address(trader)
        if is_gone:
            whales.pop(name, None)
            bias.forget(name, NOW_MS)
            continue
        was_whale = name in whales
        leans = bias.learn(a_state(held, NOW_MS + number, equity_usd, name))
        is_whale = equity_usd >= (9e6 if was_whale else 10e6)
        assert all(one.is_rebased != (was_whale and is_whale) for one in leans)
        whales.pop(name, None)
        if is_whale:
            whales[name] = held
        for coin in ("BTC", "ETH"):
            sizes = [one[coin] for one in whales.values() if one.get(coin)]
            now = bias.lean(coin, NOW_MS)
            assert (now is None) == (not sizes)
            if now is not None:
                assert now.bias == pytest.approx(sum(sizes) / sum(map(abs, sizes)))
                assert now.whales == len(sizes)


def test_a_whale_that_moves_is_news_of_the_bias_and_names_the_largest() -> None:
    bias = WhaleBias(10e6)
    bias.restore([a_state({"BTC": 5}, trader=address(1)), a_state({"BTC": 2}, trader=address(2))])
    (now,) = bias.learn(a_state({"BTC": -20}, NOW_MS + 1, trader=address(1)))
    assert now.bias == pytest.approx(-18 / 22)
    assert (now.whales, now.is_rebased) == (2, False)
    assert now.traders == (address(1), address(2))
    assert now.value_usd == pytest.approx(22 * 60_000)
    assert bias.learn(a_state({"BTC": -20}, NOW_MS + 2, trader=address(1))) == ()
    assert msgspec.json.decode(msgspec.json.encode(now), type=WhaleLean) == now
