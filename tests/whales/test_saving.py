import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from trader_samples import HOUR_MS, NOW_MS, a_state, address

from app.config.whale_settings import WhalesSettings
from app.whales.moves import KnownTrader, sizes
from app.whales.saving import PositionsToSave, Saving

SETTINGS = WhalesSettings()


def known(held: dict[str, float], at_ms: int = NOW_MS, equity_usd: float = 12e6) -> KnownTrader:
    return KnownTrader(a_state(held, at_ms, equity_usd), at_ms - 7)


def rows(saved: PositionsToSave | None) -> tuple[list[str], list[str]]:
    return ([], []) if saved is None else ([position.coin for position in saved.changed], list(saved.closed))


def test_the_first_state_is_saved_whole_and_an_equal_one_never_again() -> None:
    saving = Saving(SETTINGS)
    first = saving.to_save(known({"BTC": 1, "ETH": 2}), NOW_MS)
    assert first is not None
    assert (rows(first), first.at_ms, first.changed_ms) == ((["BTC", "ETH"], []), NOW_MS, NOW_MS - 7)
    assert saving.to_save(known({"BTC": 1, "ETH": 2}, NOW_MS + HOUR_MS), NOW_MS + HOUR_MS) is None
    assert (saving.counts.seen, saving.counts.saved) == (4, 2)


@pytest.mark.parametrize(
    ("size", "equity_usd", "is_saved"),
    [(102.0, 12e6, True), (101.0, 12e6, False), (98.0, 12e6, True), (102.0, 150e6, False), (0.0, 900e6, True),
     (-100.0, 12e6, True)],
)  # fmt: skip
def test_a_change_is_saved_if_it_is_large_for_the_position_and_the_account(
    size: float, equity_usd: float, is_saved: bool
) -> None:
    saving = Saving(SETTINGS)
    saving.to_save(known({"BTC": 100}), NOW_MS)
    saved = saving.to_save(known({"BTC": size}, NOW_MS + 1, equity_usd), NOW_MS + 1)
    assert (saved is not None) == is_saved


def test_small_changes_add_up_and_wait_no_longer_than_allowed() -> None:
    saving = Saving(SETTINGS)
    saving.to_save(known({"BTC": 100.0, "ETH": 1.0}), NOW_MS)
    assert saving.to_save(known({"BTC": 100.6, "ETH": 1.0}, NOW_MS + 1), NOW_MS + 1) is None
    assert rows(saving.to_save(known({"BTC": 101.2, "ETH": 1.0}, NOW_MS + 2), NOW_MS + 2)) == (["BTC"], [])
    assert saving.to_save(known({"BTC": 101.3, "ETH": 1.0}, NOW_MS + 3), NOW_MS + 300_001) is None
    assert rows(saving.to_save(known({"BTC": 101.3, "ETH": 1.0}, NOW_MS + 3), NOW_MS + 300_002)) == (["BTC"], [])


def test_what_was_told_is_saved_however_small() -> None:
    saving = Saving(SETTINGS)
    saving.to_save(known({"BTC": 100.0}), NOW_MS)
    assert rows(saving.to_save(known({"BTC": 100.001}, NOW_MS + 1), NOW_MS + 1, told=["BTC"])) == (["BTC"], [])


def test_a_restart_goes_on_from_what_the_database_holds() -> None:
    saving = Saving(SETTINGS)
    saving.restore([known({"BTC": 100.0, "ETH": 1.0})])
    assert rows(saving.to_save(known({"BTC": 100.1}, NOW_MS + 1), NOW_MS + 1)) == ([], ["ETH"])
    saving.forget(address(0))
    assert rows(saving.to_save(known({"BTC": 100.1}, NOW_MS + 2), NOW_MS + 2)) == (["BTC"], [])


@given(st.lists(st.tuples(st.dictionaries(st.sampled_from("AB"), st.floats(-5, 5)), st.integers(1, 200_000))))
def test_what_is_saved_stays_within_the_limits_of_what_is_held(history: list[tuple[dict[str, float], int]]) -> None:
    saving, saved, now_ms = Saving(SETTINGS), dict[str, float](), NOW_MS
    for held, passed_ms in history:
        now_ms += passed_ms
        now = known(held, now_ms, equity_usd=0)
        written = saving.to_save(now, now_ms)
        for position in written.changed if written else ():
            saved[position.coin] = position.size
        for coin in written.closed if written else ():
            del saved[coin]
        held_now = sizes(now.state)
        assert saved.keys() == held_now.keys()
        for coin, size in held_now.items():
            assert abs(size - saved[coin]) <= 0.01 * max(abs(size), abs(saved[coin])) + 1e-12


def test_a_realistic_day_takes_fewer_than_a_seventh_of_the_rows() -> None:
    """Two virtual hours of 200 traders, each refreshed every 50 s and after trades.

    Six in ten hold for hours, three in ten trade some times an hour, one in ten makes markets in a dozen coins and is
    never the same twice.
    """
    saving, generator = Saving(SETTINGS), np.random.default_rng(5)
    coins = [f"COIN{number}" for number in range(30)]
    traders = [_Account(number, coins, generator) for number in range(200)]
    for now_ms in range(NOW_MS, NOW_MS + 2 * HOUR_MS, 5_000):
        for account in traders:
            if account.trades(generator) or (now_ms // 5_000 + account.number) % 10 == 0:
                state = a_state(account.held, now_ms, 5e6, address(account.number))
                saving.to_save(KnownTrader(state, now_ms), now_ms)
    assert saving.counts.seen > 200_000
    assert 0.01 < saving.counts.saved / saving.counts.seen <= 0.15


class _Account:
    """Somebody who trades as often as his kind does."""

    def __init__(self, number: int, coins: list[str], generator: np.random.Generator) -> None:
        self.number = number
        self.is_maker = number % 10 == 0
        self.chance = 0.5 if self.is_maker else 0.008 if number % 10 < 4 else 0.0005
        count = 12 if self.is_maker else int(generator.integers(1, 9))
        self.coins = list(generator.choice(coins, count, replace=False))
        self.held = {coin: float(generator.normal(0, 20_000)) for coin in self.coins}

    def trades(self, generator: np.random.Generator) -> bool:
        if generator.random() >= self.chance:
            return False
        coin = str(generator.choice(self.coins))
        share = 0.05 if self.is_maker else float(generator.choice([0.02, 0.3, 1.0]))
        self.held[coin] = self.held.get(coin, 0.0) + float(generator.normal(0, 20_000)) * share
        return True
