from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from trader_samples import NOW_MS, a_trade, address

from app.config.whale_settings import WhalesSettings
from app.whales.refreshing import ANSWER_MS, Refreshing

TRADERS = [address(number) for number in range(5)]
SOME = st.sampled_from(TRADERS)


class RefreshingMachine(RuleBasedStateMachine):
    """Trades, answers, failures, changes of the followed, and restarts in any order; a venue that may lag."""

    @initialize()
    def begin(self) -> None:
        self.now_ms = NOW_MS
        self.followed = dict.fromkeys(TRADERS[:3], 1.0)
        self.traded: dict[str, int] = {}
        self.shown: dict[str, int] = {}
        self.flying: dict[str, int] = {}
        self.start()

    def start(self) -> None:
        self.refreshing = Refreshing(WhalesSettings())
        self.refreshing.follow(self.followed, self.now_ms)
        self.refreshing.restore(self.shown, self.now_ms)

    @rule(milliseconds=st.integers(1, 200_000))
    def wait(self, milliseconds: int) -> None:
        self.now_ms += milliseconds

    @rule(buyer=SOME, seller=SOME, late_ms=st.integers(0, 2_000))
    def trade(self, buyer: str, seller: str, late_ms: int) -> None:
        venue_ms = self.now_ms - late_ms
        seen = self.refreshing.saw_trade(a_trade(buyer, seller, time_ms=venue_ms), self.now_ms)
        assert set(seen) == {buyer, seller} & self.followed.keys()
        for trader in seen:
            self.traded[trader] = max(venue_ms, self.traded.get(trader, 0))

    @rule(allowed=st.integers(0, 4), polls=st.integers(0, 4))
    def ask(self, allowed: int, polls: int) -> None:
        self.flying = {trader: asked for trader, asked in self.flying.items() if asked > self.now_ms - ANSWER_MS}
        questions = self.refreshing.ask(self.now_ms, allowed, polls)
        assert len(questions) <= allowed
        assert sum(question.reason == "poll" for question in questions) <= polls
        for question in questions:
            assert question.trader in self.followed
            assert question.trader not in self.flying, "two questions in flight"
            self.flying[question.trader] = self.now_ms

    @rule(lag_ms=st.integers(0, 5_000), is_news=st.booleans(), data=st.data())
    def answer(self, lag_ms: int, is_news: bool, data: st.DataObject) -> None:
        if self.flying:
            trader = data.draw(st.sampled_from(sorted(self.flying)))
            del self.flying[trader]
            self.show(trader, self.now_ms - lag_ms, is_news)
            self.refreshing.answered(trader, self.now_ms)

    @rule(trader=SOME, lag_ms=st.integers(0, 5_000))
    def told_by_stream(self, trader: str, lag_ms: int) -> None:
        self.show(trader, self.now_ms - lag_ms, False)

    def show(self, trader: str, venue_ms: int, is_news: bool) -> None:
        self.refreshing.learned(trader, venue_ms, self.now_ms, is_news)
        if trader in self.followed:
            self.shown[trader] = max(venue_ms, self.shown.get(trader, 0))

    @rule(trader=SOME)
    def fail(self, trader: str) -> None:
        self.flying.pop(trader, None)
        self.refreshing.failed(trader, self.now_ms)

    @rule(traders=st.sets(SOME), streamed=st.sets(SOME))
    def follow(self, traders: set[str], streamed: set[str]) -> None:
        for trader in self.followed.keys() - traders:
            self.traded.pop(trader, None)
            self.shown.pop(trader, None)
        self.followed = dict.fromkeys(sorted(traders), 2.0)
        self.refreshing.follow(self.followed, self.now_ms)
        self.refreshing.follow_by_stream(streamed)

    @rule()
    def restart(self) -> None:
        """What was seen and not asked for is gone with the process; whoever is followed is asked again in time."""
        self.traded, self.flying = {}, {}
        self.start()

    @invariant()
    def what_a_trade_changed_is_always_about_to_be_asked(self) -> None:
        for trader, traded_ms in self.traded.items():
            if traded_ms > self.shown.get(trader, 0):
                tracked = self.refreshing.tracked.get(trader)
                assert tracked is not None
                assert tracked.due_ms is not None or tracked.asked_ms is not None
                assert trader in self.refreshing._due or trader in self.refreshing._in_flight

    @invariant()
    def what_is_known_of_each_agrees_with_what_was_shown(self) -> None:
        flying = self.refreshing._in_flight.keys()
        for one in self.refreshing.tracked.all():
            assert (one.known_ms is None) == (one.trader not in self.shown)
            assert one.state_venue_ms == self.shown.get(one.trader, 0)
            assert (one.asked_ms is not None) == (one.trader in flying)
        assert self.refreshing._due.keys() <= self.followed.keys()

    def teardown(self) -> None:
        """In the end everybody is heard of: whatever happened, nobody was lost from all queues."""
        for _ in range(60):
            self.now_ms += 35_000
            for question in self.refreshing.ask(self.now_ms, 9, 0):
                self.refreshing.learned(question.trader, self.now_ms, self.now_ms, is_news=False)
                self.refreshing.answered(question.trader, self.now_ms)
        for one in self.refreshing.tracked.all():
            age_ms = one.age_ms(self.now_ms)
            assert age_ms is not None
            assert age_ms <= 140_000


TestRefreshing = RefreshingMachine.TestCase
