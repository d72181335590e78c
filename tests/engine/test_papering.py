"""The paper ledger in a core: keys open and close, prices fill and stop, reads are followed, a restart goes on."""

from typing import Any

import msgspec
import pytest
from core_driver import Driver
from test_scalper_desk import Deck

from app.config.settings import PaperSettings
from app.core.record import Kind
from app.engine.freeze import Outside, freeze
from app.engine.own_commands import RestorePaper
from app.engine.protocol import PaperAction, SourceView, TradePaper
from app.engine.protocol_paper import PaperOrderView, PaperView
from app.paper.events import PaperEvent, PositionClosed
from app.paper.state import encode_state
from app.scalper.question import question_of

SOURCE = SourceView("live", "LIVE", "venue")


class Bench(Deck):
    """A deck with a paper ledger, whose prices a test gives."""

    def __init__(self, saved: bytes = b"", **paper: Any) -> None:
        super().__init__(enabled=False, paper=PaperSettings(**paper))
        self.events: list[PaperEvent] = []
        self.core.journal.keep = lambda event: self.events.append(event)  # type: ignore[arg-type]
        self.put(Kind.COMMAND, RestorePaper(saved))
        self.price(100.0)

    def price(self, mid: float, seconds: float = 0.25) -> None:
        self.quote("BTC", mid - 0.01, mid + 0.01)
        self.tick(seconds)

    def decide(self, action: PaperAction, coin: str = "BTC") -> tuple[bool, str]:
        self.put(Kind.COMMAND, TradePaper(coin, action))
        return self.core.command_result

    def settle(self, mid: float = 100.0) -> None:
        """Let an order that was decided be filled."""
        for _ in range(3):
            self.price(mid)

    @property
    def paper(self) -> PaperView:
        view = freeze(self.core, SOURCE, Outside()).paper
        assert view is not None
        return view

    @property
    def closed(self) -> list[PositionClosed]:
        return [event for event in self.events if isinstance(event, PositionClosed)]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_key_opens_and_the_book_fills_after_the_latency(bench: Bench) -> None:
    assert bench.decide("long") == (True, "Paper order: buy BTC")
    assert bench.paper.opening == (PaperOrderView("BTC", 1),)
    assert not bench.paper.positions
    bench.settle()
    position = bench.paper.positions[0]
    assert (position.coin, position.direction, position.by) == ("BTC", 1, "hand")
    assert position.entry_price >= 100.01
    assert position.result_usd < 0


def test_a_ledger_that_has_begun_is_not_begun_again(bench: Bench) -> None:
    bench.decide("long")
    bench.settle()
    bench.put(Kind.COMMAND, RestorePaper(b""))
    assert [position.coin for position in bench.paper.positions] == ["BTC"]


def test_close_and_flip(bench: Bench) -> None:
    bench.decide("short")
    bench.settle()
    assert bench.decide("flip") == (True, "Paper order: flip BTC")
    bench.settle()
    assert bench.paper.positions[0].direction == 1
    assert bench.decide("close")[0]
    bench.settle()
    assert bench.paper.positions == ()
    assert [closed.reason for closed in bench.closed] == ["flip", "hand"]
    assert [
        line.text.split(" at ")[-1].split(", ", 1)[1] for line in bench.core.journal.log_tail if line.topic == "paper"
    ] == ["by hand", "flip", "by hand", "by hand"]
    assert bench.paper.trades == len(bench.paper.closed) == 2


def test_a_position_is_shown_with_what_closing_it_brings_and_the_sums_agree(bench: Bench) -> None:
    bench.decide("long")
    bench.settle()
    shown = bench.paper
    position = shown.positions[0]
    assert shown.closed_usd == pytest.approx(0, abs=1e-9)
    assert shown.exit_fees_usd > 0
    assert shown.equity_usd == pytest.approx(shown.starting_usd + position.result_usd + shown.exit_fees_usd)
    bench.decide("close")
    bench.settle()
    closed = bench.closed[0]
    # The book was thinner than the order: it paid more than the touch, and nothing else is new.
    worse_usd = closed.size * (position.close_price - closed.exit_price)
    saved_fee_usd = worse_usd * bench.core.settings.costs.taker_fee_bps / 1e4
    assert closed.result_usd == pytest.approx(position.result_usd - worse_usd + saved_fee_usd)
    assert bench.paper.closed_usd == pytest.approx(closed.result_usd)
    assert bench.paper.equity_usd == pytest.approx(bench.paper.starting_usd + bench.paper.closed_usd)
    assert bench.paper.exit_fees_usd == 0


@pytest.mark.parametrize(("mid", "reason"), [(100.5, "take profit"), (99.5, "stop")])
def test_prices_close_a_position(bench: Bench, mid: float, reason: str) -> None:
    bench.decide("long")
    bench.settle()
    bench.settle(mid)
    assert [closed.reason for closed in bench.closed] == [reason]


def test_what_cannot_be_done_is_refused_with_a_reason(bench: Bench) -> None:
    assert bench.decide("close") == (False, "There is no paper position in BTC")
    assert bench.decide("long", "DOGE\x1b") == (False, "DOGE is not followed")
    bench.decide("long")
    assert bench.decide("long")[0] is False


def test_nothing_is_filled_while_the_venue_is_away(bench: Bench) -> None:
    bench.decide("long")
    bench.drop()
    bench.settle()
    assert bench.paper.positions == ()
    bench.connect()
    bench.settle()
    assert len(bench.paper.positions) == 1


def test_a_fast_book_fills_at_once_and_at_its_own_price(bench: Bench) -> None:
    bench.open("l2Book", "BTC", "fast")
    bench.decide("long")
    bench.now_ms += 310
    sides = [
        [{"px": "100.20", "sz": "1", "n": 1}],
        [{"px": "100.30", "sz": "1", "n": 1}, {"px": "100.40", "sz": "50", "n": 1}],
    ]
    bench.frame("l2Book", "BTC", {"coin": "BTC", "time": bench.now_ms, "levels": sides})
    position = bench.paper.positions[0]
    assert 100.30 < position.entry_price < 100.40
    assert position.close_price == 100.20


def test_the_scalper_is_told_of_the_position(bench: Bench) -> None:
    assert bench.core.paper.position_of("BTC", bench.now_ms) is None
    bench.decide("long")
    bench.settle()
    position = bench.core.paper.position_of("BTC", bench.now_ms)
    assert position is not None
    assert position.direction == 1


def test_a_question_about_a_position_is_to_hold_or_to_leave() -> None:
    deck = Deck()
    deck.put(Kind.COMMAND, RestorePaper(b""))
    deck.live(64)
    deck.put(Kind.COMMAND, TradePaper("BTC", "long"))
    deck.exchange(deck.questions[0])
    deck.live(2)
    deck.exchange(deck.questions[-1])
    deck.live(11)
    asked = question_of([request for request in deck.questions if request.subject == "BTC"][-1].body)
    assert asked.in_position
    assert "You are long from 100." in asked.variable
    assert "Hold (NONE) or EXIT?" in asked.variable


def test_a_restart_goes_on_where_it_stopped(bench: Bench) -> None:
    bench.decide("long")
    bench.settle()
    ledger = bench.core.paper.ledger
    assert ledger is not None
    again = Bench(saved=encode_state(ledger.state()))
    assert again.paper.positions[0].entry_price == bench.paper.positions[0].entry_price
    again.settle(100.5)
    assert [closed.reason for closed in again.closed] == ["take profit"]


def test_a_saved_ledger_that_is_damaged_is_said_and_begun_anew() -> None:
    bench = Bench(saved=b"\x93nonsense")
    assert bench.paper.equity_usd == 10_000
    assert any(line.topic == "paper" and "begins anew" in line.text for line in bench.core.journal.log_tail)


def test_a_position_of_nothing_is_refused() -> None:
    bench = Bench()
    bench.decide("long")
    bench.settle()
    ledger = bench.core.paper.ledger
    assert ledger is not None
    state = ledger.state()
    tiny = msgspec.structs.replace(state.positions[0], size=5e-324, entry_price=1e-12)
    again = Bench(saved=encode_state(msgspec.structs.replace(state, positions=(tiny,))))
    assert again.paper.positions == ()
    again.settle()


def test_nothing_is_decided_before_the_ledger_is_read() -> None:
    driver = Driver()
    driver.start()
    driver.list_markets()
    assert driver.core.apply(TradePaper("BTC", "long")) == (
        False,
        "The paper ledger is being read: try again in a moment",
    )
    assert freeze(driver.core, SOURCE, Outside()).paper is None


def test_a_read_is_followed_when_that_is_wanted() -> None:
    deck = Deck(paper=PaperSettings(follow="ai", follow_confidence=5))
    deck.put(Kind.COMMAND, RestorePaper(b""))
    deck.live(64)
    deck.exchange(deck.questions[0])
    deck.live(2)
    paper = freeze(deck.core, SOURCE, Outside()).paper
    assert paper is not None
    assert [(position.coin, position.by, position.direction) for position in paper.positions] == [("BTC", "ai", 1)]


def test_no_read_is_followed_unless_that_is_wanted() -> None:
    deck = Deck()
    deck.put(Kind.COMMAND, RestorePaper(b""))
    deck.live(64)
    deck.exchange(deck.questions[0])
    deck.live(2)
    paper = freeze(deck.core, SOURCE, Outside()).paper
    assert paper is not None
    assert paper.positions == ()
    assert paper.opening == ()


def test_numbers_that_cannot_be_are_said_and_harm_no_other_command(bench: Bench) -> None:
    bench.decide("long")
    bench.settle()
    bench.open("activeAssetCtx", "BTC")
    context = {
        "funding": "1.5",
        "openInterest": "1",
        "prevDayPx": "1",
        "dayNtlVlm": "1",
        "markPx": "100",
        "oraclePx": "1",
    }
    bench.frame("activeAssetCtx", "BTC", {"coin": "BTC", "ctx": context})
    assert bench.decide("close") == (False, "The prices of BTC cannot be used now: the event log says why")
    bench.tick(2)
    assert any(line.topic == "paper" for line in bench.core.journal.log_tail)


def test_a_replay_fills_the_same(bench: Bench) -> None:
    bench.decide("long")
    bench.settle()
    bench.settle(100.5)
    again = Driver(bench.settings)
    for record in bench.records:
        again.core.dispatch(record)
    assert again.core.journal.log_sha256 == bench.core.journal.log_sha256
    ledger, other = again.core.paper.ledger, bench.core.paper.ledger
    assert ledger is not None
    assert other is not None
    assert encode_state(ledger.state()) == encode_state(other.state())


def test_the_day_breaker_is_shown() -> None:
    bench = Bench(daily_loss_limit=0.5)
    bench.decide("long")
    bench.settle()
    bench.settle(99.9)
    assert bench.paper.tripped
    assert bench.paper.positions == ()
    assert bench.decide("long")[0] is False
