"""Approved tokens bought on paper in a core: off by default, checks first, looks at pools, and the same in a replay."""

from typing import Any

import pytest
from core_driver import START_MS, context
from token_client import KnownLaunches, known
from token_driver import GOOD, TokenDriver

from app.config.settings import MarketsSettings, Settings
from app.config.token_settings import TokenPaperSettings
from app.config.token_venues import TokensSettings
from app.core.record import Kind
from app.engine.core import Core
from app.engine.freeze import Outside, freeze
from app.engine.inference_requests import Prediction
from app.engine.own_commands import RestorePaper
from app.engine.protocol import SourceView, TradePaper
from app.engine.protocol_paper import PaperView, TokenTradingView
from app.engine.token_papering import DRAINED, LEAST_ENDED
from app.paper.events import TokenBought, TokenRefused, TokenSold
from app.paper.state import encode_state
from app.ui.panels.paper_tokens import refusals, token_sums

MINT = known(0, 0).mint
SOURCE = SourceView("live", "LIVE", "venue")


class Bench(TokenDriver):
    """A run that buys approved tokens on paper, with tokens of so many hours; the model approves all."""

    def __init__(self, *, saved: bytes = b"", tokens: int = 1, says: Prediction = GOOD, **paper: Any) -> None:
        how = TokenPaperSettings(**{"open_positions": True, "market_fall_pct": 0.0, **paper})
        born_s = START_MS // 1_000 - 7_200
        launches = [known(number, 0)._replace(created_s=born_s + number) for number in range(tokens)]
        super().__init__(
            KnownLaunches(launches),
            says=lambda _: says,
            settings=Settings(
                markets=MarketsSettings(favourites=("BTC",)),
                tokens=TokensSettings(minimum_liquidity_usd=1.0),
                token_paper=how,
            ),
        )
        self.events: list[Any] = []
        self.core.journal.keep = self.events.append
        self.put(Kind.COMMAND, RestorePaper(saved))
        self.begin()

    def told(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def paper(self) -> PaperView:
        view = freeze(self.core, SOURCE, Outside()).paper
        assert view is not None
        return view

    @property
    def trading(self) -> TokenTradingView:
        assert self.paper.tokens is not None
        return self.paper.tokens


def test_nothing_is_bought_unless_that_is_wanted_and_nothing_is_shown() -> None:
    bench = Bench(open_positions=False)
    bench.run(60)
    assert [judged.verdict.ruling for judged in bench.judged] == ["APPROVED"]
    assert bench.told(TokenBought) == []
    assert bench.paper.tokens is None


def test_an_approved_token_is_bought_sized_and_sold_at_its_target() -> None:
    bench = Bench()
    while not bench.judged:
        bench.run(1)
    assert bench.trading.opening == ("T0 / SOL",)
    bench.run(30)
    [bought] = bench.told(TokenBought)
    # 1 % of what lies in the pool is less than the size of the confidence.
    assert bought.usd == pytest.approx(0.01 * bought.liquidity_usd)
    assert (bought.mint, bought.by) == (MINT, "model")
    [position] = bench.trading.positions
    assert position.result_usd < 0
    assert position.entry_price > bought.pool_price
    assert bench.trading.committed_usd == pytest.approx(bought.usd)
    bench.run(900)
    [sold] = bench.told(TokenSold)
    assert sold.reason == "target"
    assert sold.result_usd > 0
    assert [trade.reason for trade in bench.paper.closed] == ["target"]
    assert bench.paper.closed_usd == pytest.approx(sold.result_usd)
    assert any("sold T0 / SOL, target" in line.text for line in bench.core.journal.log_tail)


def test_what_is_rejected_is_not_bought() -> None:
    bench = Bench(says=Prediction(0.9, 1.0, 0.9, "v", "SIMULATED"))
    bench.run(60)
    assert [judged.verdict.ruling for judged in bench.judged] == ["REJECTED"]
    assert bench.told(TokenBought) == bench.told(TokenRefused) == []


def test_refusals_are_counted_by_the_check_and_told_with_their_reason() -> None:
    bench = Bench(tokens=4, positions=2)
    bench.run(90)
    assert len(bench.told(TokenBought)) == 2
    assert bench.trading.refused == {"positions": 2}
    assert list(refusals(bench.trading)) == ["2 approved tokens not bought: positions 2"]
    assert "2 are open or on their way" in bench.trading.last_refusal
    assert any("0.5 % fee a side" in part for part in token_sums(bench.trading))
    assert any("is not bought on paper: 2 are open" in line.text for line in bench.core.journal.log_tail)


@pytest.mark.parametrize(
    ("day_before", "price", "rule"), [(None, None, "market"), (100.0, 89.0, "market"), (100.0, 91.0, None)]
)
def test_nothing_is_bought_while_the_market_falls_or_nobody_knows(
    day_before: float | None, price: float | None, rule: str | None
) -> None:
    bench = Bench(market_fall_pct=10.0)
    if day_before is not None and price is not None:
        bench.list_markets(("BTC",))
        bench.open("activeAssetCtx", "BTC")
        bench.open("bbo", "BTC")
        bench.frame("activeAssetCtx", "BTC", {"coin": "BTC", "ctx": {**context(), "prevDayPx": str(day_before)}})
        bench.quote("BTC", price - 0.01, price + 0.01)
    bench.run(40)
    assert [event.rule for event in bench.told(TokenRefused)] == ([] if rule is None else [rule])
    assert len(bench.told(TokenBought)) == (rule is None)


def test_hazard_11_pools_that_were_drained_on_a_clock_days_ahead_hinder_nothing_once_it_is_right() -> None:
    bench = Bench()
    for _ in range(LEAST_ENDED):
        bench.core.token_paper.ended(DRAINED, bench.now_ms + 5 * 86_400_000)
    bench.run(20)
    assert bench.told(TokenRefused) == []


@pytest.mark.parametrize(("drained", "rule"), [(6, "drained pools"), (5, None)])
def test_nothing_is_bought_while_most_that_end_are_drained(drained: int, rule: str | None) -> None:
    bench = Bench()
    for number in range(LEAST_ENDED):
        bench.core.token_paper.ended(DRAINED if number < drained else "no trades", bench.now_ms)
    bench.run(40)
    assert [event.rule for event in bench.told(TokenRefused)] == ([] if rule is None else [rule])


def test_a_position_is_closed_by_hand_at_the_next_look() -> None:
    bench = Bench(target_pct=0.0)
    bench.run(40)
    bench.put(Kind.COMMAND, TradePaper(MINT, "long"))
    assert "only be closed" in bench.core.command_result[1]
    bench.put(Kind.COMMAND, TradePaper(MINT, "close"))
    assert bench.core.command_result[0] is True
    assert bench.trading.positions[0].waits_for == "closing: hand"
    bench.run(35)
    assert [sold.reason for sold in bench.told(TokenSold)] == ["hand"]


def test_a_restart_goes_on_and_a_replay_does_the_same() -> None:
    bench = Bench(tokens=3, target_pct=0.0, hold_s=600.0)
    bench.run(60)
    ledger = bench.core.paper.ledger
    assert ledger is not None
    saved = encode_state(ledger.state())
    bench.run(660)
    assert {sold.reason for sold in bench.told(TokenSold)} == {"time stop"}
    replayed = Core("tape", bench.settings)
    for record in bench.records:
        replayed.dispatch(record)
    assert replayed.journal.log_sha256 == bench.core.journal.log_sha256
    again = Bench(saved=saved, tokens=0, hold_s=600.0, open_positions=False)
    assert len(again.trading.positions) == 3
    assert not again.trading.is_on
    # Its venue knows none of the pools any more: they are worth nothing.
    again.run(1_300)
    assert {sold.reason for sold in again.told(TokenSold)} == {"gone"}
    assert len(again.told(TokenSold)) == 3


def test_positions_of_an_earlier_demo_are_gone_with_its_pools() -> None:
    bench = Bench(target_pct=0.0)
    bench.run(40)
    ledger = bench.core.paper.ledger
    assert ledger is not None
    assert len(ledger.tokens.positions) == 1
    for mode, kept in (("live", 1), ("demo", 0)):
        again = Core(mode, bench.settings)  # type: ignore[arg-type]
        again.paper.begin(encode_state(ledger.state()), bench.now_ms)
        assert again.paper.ledger is not None
        assert len(again.paper.ledger.tokens.positions) == kept
