"""What taking costs is one setting: fills, calls, the question and the panel reckon with the same number."""

from test_papering import SOURCE
from test_scalper_desk import Deck

from app.config.settings import CostsSettings
from app.core.calls import Call
from app.core.record import Kind
from app.engine.freeze import Outside, freeze
from app.engine.one_read import rules_read
from app.engine.own_commands import RestorePaper
from app.engine.protocol import TradePaper
from app.paper.events import Fill
from app.scalper.question import question_of


def test_one_fee_reaches_fills_calls_question_and_panel() -> None:
    deck = Deck(costs=CostsSettings(taker_fee_bps=3.25, slippage_bps=1))
    events: list[object] = []
    deck.core.journal.keep = events.append
    deck.put(Kind.COMMAND, RestorePaper(b""))
    deck.live(64)
    deck.put(Kind.COMMAND, TradePaper("BTC", "long"))
    deck.exchange(deck.questions[0])
    deck.live(2)
    fill = next(event for event in events if isinstance(event, Fill))
    notional = fill.order.size * fill.average_price
    assert round(1e4 * fill.fee_usd / notional, 9) == 3.25
    costs = {(call.cost.taker_fee_bps, call.cost.slippage_bps) for call in events if isinstance(call, Call)}
    assert costs == {(3.25, 1.0)}
    assert {call.claimant for call in events if isinstance(call, Call)} == {"rules", "ai mistral"}
    assert "a round trip costs about 6.5 bps in fees" in question_of(deck.questions[0].body).constant
    snapshot = freeze(deck.core, SOURCE, Outside())
    assert snapshot.model is not None
    assert snapshot.model.round_trip_bps == 6.5
    read = rules_read(snapshot, deck.row("BTC"), "rules", "")
    assert read is not None
    assert read.round_trip_bps == 6.5
