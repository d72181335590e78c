"""Which market is read when, and for what reason."""

import itertools
from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from app.config.settings import ScalperSettings
from app.scalper.scheduler import Due, ReadScheduler

START_MS = 1_790_000_000_000
COINS = ("BTC", "ETH", "SOL")


class Hand:
    """A scheduler, and a hand on its clock; every read is answered at once."""

    def __init__(
        self, *coins: str, held: frozenset[str] = frozenset(), settings: ScalperSettings | None = None
    ) -> None:
        self.scheduler = ReadScheduler(settings or ScalperSettings())
        self.scheduler.follow(coins or COINS)
        self.now_ms = START_MS
        self.prices: dict[str, float | None] = dict.fromkeys(coins or COINS, 100.0)
        self.held = held

    def due(self) -> Due | None:
        return self.scheduler.next_due(self.now_ms, self.prices.get, self.held.__contains__)

    def read(self) -> Due | None:
        due = self.due()
        if due is not None:
            self.scheduler.asked(due, self.now_ms, self.prices[due.coin] or 0.0)
        return due

    def run(self, seconds: float) -> list[tuple[int, str, str]]:
        """Reads in this time, looked for every quarter of a second: when (ms), which, why."""
        reads: list[tuple[int, str, str]] = []
        for _ in range(round(seconds * 4)):
            due = self.read()
            if due is not None:
                reads.append((self.now_ms - START_MS, *due))
            self.now_ms += 250
        return reads


def test_three_quiet_coins_rotate_and_each_is_read_every_twelve_seconds() -> None:
    reads = Hand().run(120)
    assert [coin for _, coin, _ in reads[:6]] == ["BTC", "ETH", "SOL"] * 2
    assert {reason for _, _, reason in reads} == {"periodic"}
    for coin in COINS:
        times = [at for at, name, _ in reads if name == coin]
        assert {later - earlier for earlier, later in itertools.pairwise(times)} == {12_000}


def test_reads_keep_their_distance() -> None:
    times = [at for at, _, _ in Hand().run(60)]
    assert all(later - earlier >= 1_000 for earlier, later in itertools.pairwise(times))


def test_a_price_move_brings_a_read_before_its_time() -> None:
    hand = Hand("BTC")
    hand.read()
    hand.now_ms += 4_000
    hand.prices["BTC"] = 100.14
    assert hand.due() is None
    hand.prices["BTC"] = 100.16
    assert hand.due() == Due("BTC", "price move")
    hand.prices["BTC"] = 99.84
    assert hand.due() == Due("BTC", "price move")


def test_a_large_trade_brings_a_read_before_its_time_and_once() -> None:
    hand = Hand("BTC")
    hand.read()
    hand.now_ms += 10_000
    hand.scheduler.traded("BTC", size=2.9, average_size=1.0)
    assert hand.due() is None
    hand.scheduler.traded("BTC", size=3.0, average_size=1.0)
    assert hand.read() == Due("BTC", "large trade")
    hand.now_ms += 4_000
    assert hand.due() is None


def test_a_position_is_read_every_ten_seconds() -> None:
    hand = Hand("BTC", held=frozenset({"BTC"}))
    hand.read()
    hand.now_ms += 9_999
    assert hand.due() is None
    hand.now_ms += 1
    assert hand.due() == Due("BTC", "position")


def test_by_hand_comes_first_and_at_once() -> None:
    hand = Hand()
    hand.run(30)
    hand.prices["BTC"] = 200.0
    hand.now_ms += 1_000
    assert hand.scheduler.by_hand("SOL")
    assert hand.read() == Due("SOL", "by hand")
    assert not hand.scheduler.by_hand("DOGE")


def test_the_strongest_reason_of_one_coin_is_told() -> None:
    hand = Hand("BTC", held=frozenset({"BTC"}))
    hand.read()
    hand.now_ms += 20_000
    assert hand.due() == Due("BTC", "position")
    hand.scheduler.traded("BTC", 9.0, 1.0)
    assert hand.due() == Due("BTC", "large trade")
    hand.prices["BTC"] = 101.0
    assert hand.due() == Due("BTC", "price move")
    hand.scheduler.by_hand("BTC")
    assert hand.due() == Due("BTC", "by hand")


def test_what_comes_while_the_model_is_busy_is_merged() -> None:
    hand = Hand("BTC")
    hand.read()
    for _ in range(5):
        hand.scheduler.traded("BTC", 9.0, 1.0)
    hand.scheduler.by_hand("BTC")
    hand.scheduler.by_hand("BTC")
    assert hand.scheduler.merged == 5
    hand.now_ms += 4_000
    assert hand.read() == Due("BTC", "by hand")
    hand.now_ms += 4_000
    assert hand.due() is None


def test_a_coin_without_a_usable_price_waits_and_holds_up_nobody() -> None:
    hand = Hand()
    hand.prices["BTC"] = None
    assert {coin for _, coin, _ in hand.run(60)} == {"ETH", "SOL"}
    hand.prices["BTC"] = 100.0
    assert hand.due() == Due("BTC", "periodic")


def test_a_coin_that_cannot_be_described_yet_lets_others_go_first() -> None:
    hand = Hand("BTC", "ETH")
    hand.scheduler.postpone("BTC", hand.now_ms + 1_000)
    assert hand.read() == Due("ETH", "periodic")
    hand.now_ms += 1_000
    assert hand.due() == Due("BTC", "periodic")


def test_a_storm_in_one_coin_does_not_starve_the_others() -> None:
    hand = Hand()
    reads = []
    for _ in range(480):
        hand.scheduler.traded("BTC", 9.0, 1.0)
        due = hand.read()
        if due:
            reads.append(due.coin)
        hand.now_ms += 250
    assert min(map(reads.count, COINS)) >= 5


def test_a_clock_set_back_does_not_stop_the_reads() -> None:
    hand = Hand()
    hand.run(30)
    hand.now_ms -= 3_600_000
    hand.scheduler.clock_set_back(hand.now_ms)
    assert len(hand.run(30)) >= 6


def test_a_coin_that_is_followed_no_more_is_not_read() -> None:
    hand = Hand()
    hand.scheduler.follow(("ETH",))
    assert {coin for _, coin, _ in hand.run(30)} == {"ETH"}


EVENTS = st.lists(
    st.tuples(st.sampled_from(COINS), st.sampled_from(["move", "large", "hand", "wait"]), st.integers(0, 5_000)),
    max_size=60,
)


@given(EVENTS)
def test_whatever_happens_reads_keep_their_gaps(events: list[tuple[str, str, int]]) -> None:
    hand = Hand()
    last: dict[str, int] = {}
    any_read: int | None = None
    for coin, kind, wait_ms in events:
        if kind == "move":
            hand.prices[coin] = (hand.prices[coin] or 1.0) * 1.01
        elif kind == "large":
            hand.scheduler.traded(coin, 9.0, 1.0)
        elif kind == "hand":
            hand.scheduler.by_hand(coin)
        hand.now_ms += wait_ms
        due = hand.read()
        if due is not None:
            assert any_read is None or hand.now_ms - any_read >= 1_000
            gap_ms = {"by hand": 0, "price move": 3_000, "large trade": 10_000}.get(due.reason, 12_000)
            assert hand.now_ms - last.get(due.coin, 0) >= gap_ms
            any_read = last[due.coin] = hand.now_ms


def test_reasons_do_not_depend_on_the_order_of_coins() -> None:
    def first(prices: Mapping[str, float], *coins: str) -> Due | None:
        hand = Hand(*coins)
        hand.run(10)
        hand.prices.update(prices)
        return hand.due()

    moved = {"SOL": 200.0}
    assert first(moved, "BTC", "ETH", "SOL") == first(moved, "SOL", "ETH", "BTC") == Due("SOL", "price move")
