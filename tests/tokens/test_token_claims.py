"""Claims about tokens: one a token at a time, decided by the candles of its hour, and never by less."""

import numpy as np
import pytest
from discovery_day import Day
from token_client import NOW_S, KnownLaunches, known

from app.config.token_venues import TokensSettings
from app.core.calls import CANDLES_GRADE, Call
from app.scorecards.report import COLUMNS, card_rows
from app.scorecards.scorecard import scorecards
from app.tokens.base_rates import RISES_BEFORE
from app.tokens.candles import SLOT_S, CandleTable
from app.tokens.claims import OVERDUE_S, TokenClaims
from app.tokens.found import CandlesCame, Ended
from app.tokens.watched import NO_CANDLES, Listed, Seen

MINT = known(1, 0).mint
AT_S = NOW_S // SLOT_S * SLOT_S + 60
HOUR_S = 3_600


def table(*closes: float) -> CandleTable:
    """Candles of the slots from the one that `AT_S` lies in."""
    times = AT_S // SLOT_S * SLOT_S + SLOT_S * np.arange(len(closes))
    prices = np.array(closes)
    return CandleTable(SLOT_S, times, prices, prices, prices, prices, np.ones(len(closes)))


def seen(price: float | None = 1.0, mint: str = MINT) -> Seen:
    candles = NO_CANDLES if price is None else table(price)
    return Seen(Listed(mint, "P" * 40, "T", "raydium", AT_S - HOUR_S), AT_S, candles, None, None)


def filed(claims: TokenClaims, what: Seen | None = None) -> Call | None:
    claim = claims.file(what or seen(), 0.8, "v1", source="demo", now_ms=AT_S * 1_000 + 500, evidence=7)
    return None if claim is None else claim.own


def test_a_claim_is_written_out_and_one_a_token_is_open() -> None:
    claims = TokenClaims()
    call = filed(claims)
    assert call is not None
    assert call.claim == f"highest five-minute close of {MINT} within 3600 s at 1.0404 or more"
    assert (call.probability, call.direction, call.horizon_s, call.evidence) == (0.8, 0, 3_600, 7)
    assert (call.reference_kind, call.reference_price, call.input_age_ms) == (CANDLES_GRADE, 1.0, 500)
    assert filed(claims) is None
    assert filed(claims, seen(mint=known(2, 0).mint)) is not None
    assert filed(claims, seen(price=None, mint=known(3, 0).mint)) is None


@pytest.mark.parametrize(
    ("closes", "rose"),
    [((1.0, 1.05, 0.2), True), ((1.0, 1.03, 1.039), False), ((1.0,) + (0.9,) * 11 + (2.0,), False), ((), False)],
)
def test_the_highest_close_of_the_hour_decides(closes: tuple[float, ...], rose: bool) -> None:
    claims = TokenClaims()
    call = filed(claims)
    assert call is not None
    for early_s in (0, HOUR_S - 1, HOUR_S + 9):
        assert claims.candles(MINT, table(9.0, 9.0), (AT_S + early_s) * 1_000) == []
    _, decided = claims.candles(MINT, table(*closes), (AT_S + HOUR_S + 10) * 1_000)
    outcome = decided.outcome
    assert (decided.call, outcome.status, outcome.event_happened) == (call, "graded", rose)
    assert outcome.brier == pytest.approx((0.8 - rose) ** 2)
    assert (outcome.hit, outcome.edge_bps, outcome.call_id) == (None, None, call.call_id)
    assert len(claims) == 0
    assert filed(claims) is not None


def test_what_no_candles_decide_is_not_graded_and_says_why() -> None:
    claims = TokenClaims()
    filed(claims)
    last_ms = (AT_S + HOUR_S + 10 + OVERDUE_S) * 1_000
    assert list(claims.overdue(last_ms)) == []
    twin, late = claims.overdue(last_ms + 1_000)
    assert twin.outcome.reason == late.outcome.reason
    assert (late.outcome.status, late.outcome.reason) == ("ungraded", "candles of its hour could not be had")
    filed(claims)
    assert {each.outcome.reason for each in claims.finish(last_ms)} == {"run ended before the horizon"}
    assert len(claims) == 0


def test_a_token_that_is_over_is_asked_about_once_more_when_its_hour_is() -> None:
    day = Day(KnownLaunches([known(1, 9 * HOUR_S)]), NOW_S, TokensSettings(watch_h=9.5, minimum_liquidity_usd=1.0))
    day.run(60)
    until_s = NOW_S + 3 * HOUR_S
    day.discovery.hold(MINT, until_s)
    day.run(2 * HOUR_S, 20)
    assert [event.reason for event in day.events if isinstance(event, Ended)] == ["too old"]
    assert day.discovery.watched == {}
    asked = len(day.asked)
    came = [event for event in day.run(2 * HOUR_S, 20) if isinstance(event, CandlesCame)]
    assert [event.mint for event in came] == [MINT]
    candles = [(at_s, question) for at_s, question in day.asked[asked:] if question.name == "candles"]
    assert [at_s >= until_s for at_s, _ in candles] == [True]
    assert len(came[0].table.time_s) > 50


def test_candles_that_do_not_come_are_asked_for_again() -> None:
    day = Day(KnownLaunches([known(1, 9 * HOUR_S)]), NOW_S, TokensSettings(watch_h=9.5, minimum_liquidity_usd=1.0))
    day.run(60)
    day.discovery.hold(MINT, NOW_S + 2 * HOUR_S)
    day.run(HOUR_S, 20)
    day.down.add("geckoterminal candles")
    day.run(HOUR_S + 300, 20)
    day.down.clear()
    came = [event for event in day.run(300, 20) if isinstance(event, CandlesCame)]
    assert [event.mint for event in came] == [MINT]


def test_a_scorecard_has_a_brier_score_for_them_and_no_edge() -> None:
    claims, pairs = TokenClaims(), []
    for number in range(12):
        what = seen(mint=known(number, 0).mint)
        what = what._replace(at_s=AT_S + 4_000 * number)
        claim = claims.file(what, 0.5, "v1", source="demo", now_ms=what.at_s * 1_000, evidence=number)
        assert claim is not None
        decided = claims.candles(
            claim.own.subject, table(1.0, 1.5 if number % 2 else 1.0), (what.at_s + HOUR_S + 10) * 1_000
        )
        pairs += [(each.call, each.outcome) for each in decided]
    base, card = scorecards(pairs)
    assert (base.claimant, base.n_graded) == ("token-base-rate", 12)
    assert (card.claimant, card.kind, card.n_graded) == ("token-model", "token rise", 12)
    assert card.brier.value == pytest.approx(0.25)
    assert card.edge_bps.value is None
    [twin] = card.twins
    assert (twin.claimant, twin.n) == ("token-base-rate", 12)
    assert base.brier.value is not None
    assert twin.brier_gain.value == pytest.approx(base.brier.value - 0.25)
    [row] = card_rows([card])
    assert row[COLUMNS.index(">Brier")].startswith("0.2500 (")


def test_the_base_rate_claims_what_was_known_before_and_no_more() -> None:
    claims = TokenClaims()
    rates = []
    for number in range(4):
        what = seen(mint=known(number, 0).mint)
        claim = claims.file(what, 0.9, "v1", source="demo", now_ms=what.at_s * 1_000, evidence=number)
        assert claim is not None
        assert claim.own.baseline_id == claim.twin.call_id
        assert (claim.twin.claim, claim.twin.available_at_ms) == (claim.own.claim, claim.own.available_at_ms)
        rates.append(claim.twin.probability)
        claims.candles(claim.own.subject, table(1.0, 1.5 if number < 2 else 1.0), (what.at_s + HOUR_S + 10) * 1_000)
    assert rates == pytest.approx(
        [(true + 20 * RISES_BEFORE) / (n + 20) for true, n in ((0, 0), (1, 1), (2, 2), (2, 3))]
    )
