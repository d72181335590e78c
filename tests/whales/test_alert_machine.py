"""Moves from the venue to the record of alerts, through states that come late, twice and out of order, and restarts."""

from collections import Counter
from dataclasses import dataclass, field

from alert_samples import a_desk
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from trader_samples import NOW_MS, a_state, address, from_rows

from app.config.whale_settings import AlertsSettings
from app.core.traders import TraderState
from app.core.whale_events import TraderMoved, WhaleAlert
from app.whales.alert_book import Taken
from app.whales.alert_values import RestoreAlerts
from app.whales.moves import KnownTrader, KnownTraders

EQUITY_USD = (5e6, 12e6, 15e6, 30e6)
SETTINGS = AlertsSettings(quiet_from="09:00", quiet_to="09:30", expires_s=3_600)
TRADERS = st.integers(0, len(EQUITY_USD) - 1)
COINS = st.sampled_from(["BTC", "ETH"])
SIZES = st.sampled_from([-40.0, 0.0, 10.0, 10.3, 40.0, 41.0, 42.0, 43.0, 44.0, 45.0, 400.0])


@dataclass
class Written:
    """What one state made: written in one transaction."""

    moves: tuple[TraderMoved, ...]
    taken: list[tuple[str, Taken]]
    kept: RestoreAlerts
    known: KnownTrader | None


@dataclass
class Database:
    """What survives."""

    moves: list[TraderMoved] = field(default_factory=list)
    known: dict[str, KnownTrader] = field(default_factory=dict)
    kept: RestoreAlerts = field(default_factory=RestoreAlerts)
    record: dict[str, WhaleAlert] = field(default_factory=dict)
    fates: list[tuple[str, Taken]] = field(default_factory=list)

    def write(self, written: Written) -> None:
        self.moves += written.moves
        self.kept = written.kept
        for move_id, taken in written.taken:
            self.fates.append((move_id, taken))
            if taken.alert is not None and taken.fate != "held":
                self.record[taken.alert.alert_id] = taken.alert
        if written.known is not None:
            self.known[written.known.state.trader] = written.known


class AlertMachine(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.now_ms = NOW_MS
        self.held: list[dict[str, float]] = [{} for _ in EQUITY_USD]
        self.seen: list[TraderState] = []
        self.database, self.pending = Database(), list[Written]()
        self.start()
        for trader in range(len(EQUITY_USD)):
            self.look(trader, save=True)
        self.commit()

    def start(self) -> None:
        self.known = KnownTraders(gap_ms=10**12)
        self.known.restore(from_rows(self.database.known.values(), self.database.moves), self.now_ms)
        self.desk = a_desk(SETTINGS, self.database.kept)

    def learn(self, state: TraderState, save: bool) -> None:
        moves = self.known.learn(state, "poll", self.now_ms).moves
        taken = [(move.move_id, taken) for move in moves for taken in self.desk.moved(move, self.now_ms)]
        known = self.known.get(state.trader) if save else None
        self.pending.append(Written(moves, taken, self.desk.state(), known))

    @rule(milliseconds=st.integers(1, 600_000))
    def wait(self, milliseconds: int) -> None:
        self.now_ms += milliseconds
        self.desk.tick(self.now_ms)

    @rule(trader=TRADERS, coin=COINS, size=SIZES)
    def trade(self, trader: int, coin: str, size: float) -> None:
        self.now_ms += 1
        self.held[trader][coin] = size

    @rule(trader=TRADERS, save=st.booleans())
    def look(self, trader: int, save: bool) -> None:
        self.now_ms += 1
        state = a_state(self.held[trader], self.now_ms, EQUITY_USD[trader], address(trader))
        self.seen.append(state)
        self.learn(state, save)

    @rule(data=st.data(), save=st.booleans())
    def an_old_state_comes_again(self, data: st.DataObject, save: bool) -> None:
        self.learn(data.draw(st.sampled_from(self.seen)), save)

    @rule(data=st.data())
    def a_move_is_told_again(self, data: st.DataObject) -> None:
        if self.database.moves:
            move = data.draw(st.sampled_from(self.database.moves))
            self.pending.append(
                Written(
                    (), [(move.move_id, taken) for taken in self.desk.moved(move, self.now_ms)], self.desk.state(), None
                )
            )

    @rule()
    def commit(self) -> None:
        for written in self.pending:
            self.database.write(written)
        self.pending = []

    @rule(data=st.data())
    def kill(self, data: st.DataObject) -> None:
        """The process dies; of what it had not written yet, some of the oldest still gets through."""
        through = data.draw(st.integers(0, len(self.pending)))
        for written in self.pending[:through]:
            self.database.write(written)
        self.pending = []
        self.start()

    @rule(coin=COINS)
    def snooze(self, coin: str) -> None:
        self.desk.book.snooze("coin", coin, self.now_ms)

    @rule()
    def unmute(self) -> None:
        for silence in self.desk.book.silences():
            self.desk.book.unsilence(silence.of, silence.name)

    def teardown(self) -> None:
        for trader in range(len(EQUITY_USD)):
            self.look(trader, save=True)
        self.commit()
        self.all_changes_were_learned_once()
        self.all_worth_telling_had_one_fate()
        self.repeats_add_up()

    def all_changes_were_learned_once(self) -> None:
        assert len({move.move_id for move in self.database.moves}) == len(self.database.moves)
        for number, held in enumerate(self.held):
            sizes: dict[str, float] = {}
            for move in self.database.moves:
                if move.trader == address(number):
                    assert sizes.get(move.coin, 0.0) == move.size_before
                    sizes[move.coin] = move.size_after
            assert all(sizes.get(coin, 0.0) == size for coin, size in held.items())

    def all_worth_telling_had_one_fate(self) -> None:
        singles, others = Counter[str](), Counter[str]()
        for move_id, taken in self.database.fates:
            if taken.fate != "known":
                is_single = taken.alert is None or taken.alert.kind != "whales_together"
                (singles if is_single else others)[move_id] += 1
        for move in self.database.moves:
            if self.desk._moves.is_large(move):
                assert 1 <= singles[move.move_id] + others[move.move_id] <= 2
        assert all(n == 1 for n in others.values())
        # A move is silenced at most twice: by itself, and with the group it completes.
        assert all(n <= 2 for n in singles.values())
        assert singles.keys() | others.keys() <= {move.move_id for move in self.database.moves}

    def repeats_add_up(self) -> None:
        fates = Counter(taken.fate for _, taken in self.database.fates)
        assert sum(alert.times for alert in self.database.record.values()) == fates["told"] + fates["folded"]
        assert len(self.database.record) == fates["told"]


TestAlerts = AlertMachine.TestCase
