"""The desk in a core: when it asks, what it asks, and what it takes from the answers."""

import json
from typing import Any

import msgspec
import pytest
from core_driver import Driver, trade
from hostile_corpus import injected_names

from app.config.settings import CostsSettings, MarketsSettings, PaperSettings, ScalperSettings, Settings
from app.core.calls import Call
from app.core.events import RulesRead, Side, Trade
from app.core.record import Answer, Connected, Dropped, Kind, Request
from app.engine.freeze import Outside, freeze
from app.engine.protocol import CancelJob, MarketRow, ScalperView, SourceView, StartJob
from app.scalper.description import Description, describe
from app.scalper.desk import data_window
from app.scalper.question import ask, question_of
from app.scalper.reply import Reply, encode_reply

GOOD: dict[str, Any] = {
    "momentum": 72, "pressure": 68, "continuation": 60, "freshness": "FRESH", "action": "LONG", "confidence": 6,
    "sentence": "Buyers lift every offer.",
}  # fmt: skip


class Deck(Driver):
    """A driver whose venue is lively and whose model answers when told."""

    def __init__(
        self, *, model_up: bool = True, paper: PaperSettings | None = None, costs: CostsSettings | None = None,
        **scalper: Any,
    ) -> None:  # fmt: skip
        settings = Settings(
            markets=MarketsSettings(favourites=("BTC", "ETH"), top=2),
            scalper=ScalperSettings(**scalper),
            paper=paper or PaperSettings(),
            costs=costs or CostsSettings(),
        )
        super().__init__(settings)
        self.start()
        self.list_markets()
        for coin in ("BTC", "ETH"):
            for channel in ("trades", "bbo", "l2Book"):
                self.open(channel, coin)
        self.asked.requests.clear()
        if model_up:
            self.model_up()
        self._number = 0
        self._price = 100.0

    def live(self, seconds: float, *, step: float = 0.01, coins: tuple[str, ...] = ("BTC", "ETH")) -> None:
        """Let a lively market pass; the price moves by `step` a second."""
        for _ in range(round(seconds)):
            price = self._price = self._price + step
            for coin in coins:
                self.quote(coin, price - 0.005, price + 0.005)
                self._number += 1
                data = trade(coin, price, self._number, self.now_ms, "BA"[self._number % 2])
                self.frame("trades", coin, [data | {"sz": "1"}])
            for _ in range(4):
                self.tick()

    def model_up(self) -> None:
        self.put(Kind.CONNECT, Connected("ollama", "model"))

    @property
    def questions(self) -> list[Request]:
        return [request for request in self.asked.requests if request.venue == "ollama"]

    def on_its_way(self, request: Request) -> None:
        self.put(Kind.REQUEST, request)

    def say(
        self, request: Request, content: str | None = None, *, status: int = 200, error: str = "", **changes: Any
    ) -> None:
        text = json.dumps({**GOOD, **changes}) if content is None else content
        body = encode_reply(Reply(content=text, model="mistral", digest="abc")) if status == 200 else b""
        self.put(Kind.ANSWER, Answer(request.request_id, status, body, error))

    def exchange(self, request: Request, after_s: float = 1.0, **answer: Any) -> None:
        """Carry a question and its answer."""
        self.on_its_way(request)
        self.now_ms += round(1_000 * after_s)
        self.say(request, **answer)

    def row(self, coin: str) -> MarketRow:
        snapshot = freeze(self.core, SourceView("live", "LIVE", "venue"), Outside())
        return next(row for row in snapshot.markets if row.coin == coin)

    def view(self, coin: str) -> ScalperView:
        view = self.row(coin).scalper
        assert view is not None
        return view


@pytest.fixture
def deck() -> Deck:
    """A minute of a lively market, and one question that nobody has carried yet."""
    deck = Deck(model_up=False)
    deck.live(64)
    deck.model_up()
    deck.live(1)
    return deck


def test_nothing_is_asked_before_there_is_half_a_minute() -> None:
    deck = Deck()
    deck.live(25)
    assert deck.questions == []
    assert "not enough data yet" in deck.view("BTC").waits_for
    assert deck.core.apply(StartJob("read", "BTC"))[0] is False
    deck.live(10)
    assert len(deck.questions) == 1
    assert "LAST 3" in question_of(deck.questions[0].body).variable


def test_a_question_holds_the_minute_and_no_name(deck: Deck) -> None:
    (request,) = deck.questions
    question = question_of(request.body)
    assert (request.subject, request.variant) == ("BTC", "periodic")
    assert "BTC" not in question.constant + question.variable
    assert "THIS MINUTE: price 100." in question.variable
    assert question.direction == 1
    assert not question.in_position


def test_one_question_is_under_way_at_a_time(deck: Deck) -> None:
    (request,) = deck.questions
    deck.on_its_way(request)
    deck.live(3)
    assert len(deck.questions) == 1
    deck.say(request)
    deck.live(2)
    assert [request.subject for request in deck.questions] == ["BTC", "ETH"]


def test_an_answer_becomes_a_read(deck: Deck) -> None:
    deck.exchange(deck.questions[0], after_s=1.8)
    read = deck.view("BTC").ai
    assert read is not None
    assert (read.momentum, read.pressure, read.action, read.latency_ms) == (72, 68, "LONG", 1_800)
    assert (read.sentence, read.reason, read.model) == ("Buyers lift every offer.", "periodic", "mistral")
    assert not read.conflict
    assert deck.view("ETH").ai is None
    deck.tick(5)
    aged = deck.view("BTC").ai
    assert aged is not None
    assert aged.age_ms == 5_000


def test_reads_of_the_last_hour_are_counted_without_forgetting_any(deck: Deck) -> None:
    deck.exchange(deck.questions[0])
    deck.live(13)
    deck.exchange(deck.questions[-1], momentum=140)
    reading, last_ms = deck.core.reading, deck.now_ms
    assert reading.last_hour(last_ms) == (1, 1)
    assert reading.last_hour(last_ms + 3_600_000) == (0, 1)
    assert reading.last_hour(last_ms + 3_600_001) == (0, 0)
    assert reading.last_hour(last_ms) == (1, 1)


def test_entering_a_late_move_is_a_conflict(deck: Deck) -> None:
    deck.exchange(deck.questions[0], freshness="EXTENDED")
    read = deck.view("BTC").ai
    assert read is not None
    assert read.conflict
    assert read.action == "LONG"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"content": "I would buy."}, "not a read"),
        ({"momentum": 140}, "not a read"),
        ({"action": "EXIT"}, "needs a position"),
        ({"status": 404, "error": "Ollama has no model mistral"}, "no model mistral"),
        ({"status": 0, "error": ""}, "answered 0"),
        ({"after_s": 9.0}, "the answer came after 9.0 s"),
    ],
)
def test_what_is_no_read_says_why_and_leaves_the_last_one(deck: Deck, answer: dict[str, Any], why: str) -> None:
    deck.exchange(deck.questions[0])
    deck.live(20)
    again = [request for request in deck.questions if request.subject == "BTC"][-1]
    deck.exchange(deck.questions[1]) if again is not deck.questions[1] else None
    deck.live(14)
    again = [request for request in deck.questions if request.subject == "BTC"][-1]
    deck.exchange(again, **answer)
    view = deck.view("BTC")
    assert why in view.trouble
    assert view.failures == 1
    assert view.ai is not None
    assert view.ai.momentum == 72
    assert deck.core.journal.no_reads == 1


def test_no_read_on_stale_data_and_it_says_so(deck: Deck) -> None:
    deck.exchange(deck.questions[0])
    for _ in range(200):
        deck.tick()
    stale_from = len(deck.questions)
    for _ in range(200):
        deck.tick()
    assert len(deck.questions) == stale_from
    assert deck.view("BTC").waits_for == "its data is stale"
    assert deck.core.apply(StartJob("read", "BTC")) == (False, "BTC cannot be read: its data is stale")


def test_no_read_over_a_hole(deck: Deck) -> None:
    deck.exchange(deck.questions[0])
    deck.drop()
    deck.tick(1)
    deck.connect()
    deck.live(1)
    for question in [request for request in deck.asked.requests if request.channel == "recentTrades"]:
        deck.answer(question, b"", status=500)
    deck.live(1)
    assert deck.view("BTC").waits_for == "trades of this minute are missing"


def test_a_read_files_calls_at_three_horizons_each_with_the_rules_as_twin(deck: Deck) -> None:
    filed: list[Call] = []
    deck.core.bus.subscribe(Call, filed.append)
    deck.exchange(deck.questions[0])
    by_id = {call.call_id: call for call in filed}
    own = [call for call in filed if call.claimant == "ai mistral"]
    assert sorted((call.kind, call.horizon_s) for call in own) == [
        (kind, horizon) for kind in ("action", "continuation") for horizon in (30, 60, 300)
    ]
    for call in own:
        twin = by_id[call.baseline_id]
        assert twin.claimant == "rules"
        assert (twin.kind, twin.horizon_s, twin.direction) == (call.kind, call.horizon_s, call.direction)
        assert (twin.reference_price, twin.available_at_ms) == (call.reference_price, call.available_at_ms)
        assert call.probability == pytest.approx(0.6)
    assert len(filed) == 2 * len(own)


def test_a_conflict_is_graded_as_its_own_kind(deck: Deck) -> None:
    filed: list[Call] = []
    deck.core.bus.subscribe(Call, filed.append)
    deck.exchange(deck.questions[0], freshness="EXHAUSTED", action="SHORT", continuation=80)
    conflicts = [call for call in filed if call.kind == "conflict" and call.claimant.startswith("ai")]
    assert len(conflicts) == 3
    # The minute went up: to sell is to bet against its continuation.
    assert {call.direction for call in conflicts} == {-1}
    assert [call.probability for call in conflicts] == pytest.approx([0.2] * 3)
    assert not [call for call in filed if call.kind == "action"]


def test_a_read_by_hand_runs_until_the_answer(deck: Deck) -> None:
    deck.exchange(deck.questions[0])
    deck.live(3)
    eth = deck.questions[-1]
    assert deck.core.apply(StartJob("read", "BTC")) == (True, "Reading BTC")
    assert deck.core.apply(StartJob("read", "ETH")) == (False, "A read by hand is under way already")
    deck.exchange(eth)
    deck.live(2)
    by_hand = deck.questions[-1]
    assert (by_hand.subject, by_hand.variant) == ("BTC", "by hand")
    deck.exchange(by_hand)
    (job,) = deck.core.jobs.views
    assert (job.name, job.state) == ("read", "done")
    assert job.message == "BTC: momentum 72 up, pressure 68, LONG: Buyers lift every offer."


def test_a_read_by_hand_can_be_given_up(deck: Deck) -> None:
    deck.exchange(deck.questions[0])
    deck.core.apply(StartJob("read", "BTC"))
    deck.live(2)
    by_hand = deck.questions[-1]
    assert by_hand.variant == "by hand"
    assert deck.core.apply(CancelJob("read")) == (True, "Cancelled: no read by hand")
    assert deck.asked.withdrawn == [by_hand.request_id]


def test_a_read_by_hand_ends_when_the_model_goes(deck: Deck) -> None:
    deck.exchange(deck.questions[0])
    assert deck.core.apply(StartJob("read", "BTC"))[0]
    deck.put(Kind.DROP, Dropped("ollama", "model", "Ollama does not run"))
    deck.live(1)
    (job,) = deck.core.jobs.views
    assert (job.state, job.message) == ("failed", "BTC was not read: Ollama does not run")
    assert deck.core.apply(StartJob("read", "BTC"))[0] is False
    deck.model_up()
    deck.live(1)
    assert deck.core.apply(StartJob("read", "BTC"))[0]


def test_a_read_by_hand_ends_when_nobody_carries_it(deck: Deck) -> None:
    deck.exchange(deck.questions[0])
    assert deck.core.apply(StartJob("read", "BTC"))[0]
    deck.live(12)
    (job,) = deck.core.jobs.views
    assert job.state == "failed"


def test_a_question_that_was_given_up_is_no_failure(deck: Deck) -> None:
    deck.on_its_way(deck.questions[0])
    deck.say(deck.questions[0], status=0, error="no longer wanted")
    assert deck.core.journal.no_reads == 0
    assert deck.view("BTC").failures == 0


def test_answers_about_coins_that_nobody_follows_harm_nothing(deck: Deck) -> None:
    request = msgspec.structs.replace(deck.questions[0], request_id=999, subject="NOPE\x1b[2J")
    deck.exchange(request)
    deck.live(2)
    assert set(deck.core.reading.desk.coins) == {"BTC", "ETH"}


@pytest.mark.parametrize("field", ["subject", "variant", "body"])
def test_a_question_without_measure_is_refused(deck: Deck, field: str) -> None:
    before = deck.core.parse_errors
    huge: Any = b"x" * 70_000 if field == "body" else "x" * 70_000
    deck.put(Kind.REQUEST, msgspec.structs.replace(deck.questions[0], **{field: huge}))
    assert deck.core.parse_errors == before + 1


def test_a_reason_that_a_tape_made_up_is_not_taken_over(deck: Deck) -> None:
    deck.exchange(msgspec.structs.replace(deck.questions[0], variant="[b]\x1b[2J made up"))
    read = deck.view("BTC").ai
    assert read is not None
    assert read.reason == "unknown"
    assert dict(deck.core.journal.reads_by_reason) == {"unknown": 1}


def test_questions_that_nobody_answers_are_bounded(deck: Deck) -> None:
    before = deck.core.parse_errors
    for number in range(5_000):
        deck.put(Kind.REQUEST, Request(10_000 + number, "ollama", "read", b"{}", "BTC", "periodic"))
    assert deck.core.parse_errors > before


def test_a_coin_that_is_not_read_cannot_be_read_by_hand() -> None:
    deck = Deck(coins=("ETH",))
    deck.live(64)
    assert {request.subject for request in deck.questions} == {"ETH"}
    assert not deck.core.apply(StartJob("read", "BTC"))[0]
    assert deck.row("BTC").scalper is None


def test_a_model_that_is_switched_off_is_never_asked() -> None:
    deck = Deck(enabled=False)
    deck.live(70)
    assert deck.questions == []


def test_a_model_that_is_not_there_is_not_asked_and_the_panel_says_why(deck: Deck) -> None:
    deck.exchange(deck.questions[0])
    deck.put(Kind.DROP, Dropped("ollama", "model", "Ollama does not run; start it with `ollama serve`"))
    before = len(deck.questions)
    deck.live(20)
    assert len(deck.questions) == before
    assert deck.view("BTC").waits_for == "Ollama does not run; start it with `ollama serve`"
    assert deck.core.apply(StartJob("read", "BTC"))[0] is False
    assert deck.core.journal.no_reads == 0
    deck.put(Kind.CONNECT, Connected("ollama", "model"))
    deck.live(2)
    assert len(deck.questions) == before + 1


def test_a_question_that_nobody_carries_is_forgotten(deck: Deck) -> None:
    assert len(deck.questions) == 1
    deck.live(5)
    assert len(deck.questions) == 1
    deck.live(5)
    assert len(deck.questions) == 2


def test_a_replay_gives_the_same_reads_without_a_model(deck: Deck) -> None:
    deck.exchange(deck.questions[0])
    deck.live(3)
    deck.exchange(deck.questions[-1], content="nonsense")
    deck.live(20)
    replayed = Driver(deck.settings)
    replayed.core.mode = "live"
    for record in deck.records:
        replayed.core.dispatch(record)
    assert replayed.core.journal.ai_reads == deck.core.journal.ai_reads == 1
    assert replayed.core.journal.no_reads == deck.core.journal.no_reads == 1
    assert replayed.core.journal.log_sha256 == deck.core.journal.log_sha256


def rules_of(name: str) -> RulesRead:
    """The rules' read of a lively minute of a coin of this name."""
    deck = Deck()
    market = deck.core._intake.market(name)
    for second in range(70):
        deck.now_ms += 1_000
        trades = [
            Trade(name, Side("BA"[second % 3 == 0]), 100 + second / 50, 1.0 + second % 5, deck.now_ms, second + 1)
        ]
        market.on_trades(trades, deck.now_ms)
        market.on_second(deck.now_ms)
    read = market.rules()
    assert read is not None
    return read


@pytest.mark.parametrize("name", injected_names())
def test_hazard_20_a_name_changes_neither_the_question_nor_the_rules(name: str) -> None:
    questions = []
    for coin in ("AAA", name):
        deck = Deck()
        market = deck.core._intake.market(coin)
        trades = [
            Trade(coin, Side.BUY, 100.0, 1.0 + number, deck.now_ms - 50 * number, number + 1) for number in range(9)
        ]
        market.on_trades(trades, deck.now_ms)
        window = msgspec.structs.replace(data_window(market, (), deck.now_ms), prices=(100.0,) * 61)
        said = describe(window, ScalperSettings())
        assert isinstance(said, Description)
        questions.append(ask(said, ScalperSettings(), CostsSettings()))
    assert questions[0] == questions[1]
    plain = rules_of("AAA")
    assert msgspec.structs.replace(rules_of(name), coin="AAA") == plain


def test_a_print_dated_hours_ahead_is_in_no_minute() -> None:
    deck = Deck()
    market = deck.core._intake.market("BTC")
    ahead = Trade("BTC", Side.BUY, 100.0, 100.0, deck.now_ms + 12 * 3_600_000, 2)
    market.on_trades([Trade("BTC", Side.BUY, 100.0, 1.0, deck.now_ms, 1), ahead], deck.now_ms)
    window = data_window(market, (), deck.now_ms)
    assert (window.tape.buys, window.tape.bought, [trade.size for trade in window.trades]) == (1, 1.0, [1.0])


def test_memory_of_a_window_stays_small(deck: Deck) -> None:
    window = deck.core.reading.desk.window(deck.core.markets["BTC"], deck.now_ms)
    assert len(window.prices) == 61
    assert len(window.trades) <= 50
    assert len(window.books) <= 3
