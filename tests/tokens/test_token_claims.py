"""Claims about tokens: one of a kind a token at a time, decided by the labels of their predictions, each once."""

import msgspec
import pytest
from discovery_day import Day
from token_client import NOW_S, KnownLaunches, known

from app.config.token_venues import TokensSettings
from app.core.calls import CANDLES_GRADE
from app.scorecards.report import COLUMNS, card_rows
from app.scorecards.scorecard import scorecards
from app.tokens.base_rates import RISES_BEFORE
from app.tokens.claims import ENDED, NOT_SOUND, NOT_WAITED_FOR, Claim, Decided, TokenClaims
from app.tokens.found import CandlesCame, Ended
from app.tokens.labels import RISE_HORIZON_S, RUG_HORIZON_S, Entry, Labels
from app.tokens.outcomes import NOT_TOLD, Labelled, Predicted, Said
from app.tokens.saved_predictions import OpenCall

MINT = known(1, 0).mint
AT_S = NOW_S // 300 * 300 + 60
HOUR_S = 3_600


def predicted(price: float = 1.0, mint: str = MINT, at_s: int = AT_S) -> Predicted:
    return Predicted(mint, "P" * 40, at_s * 1_000 + 500, Entry(at_s, price, 900.0), Said("v1", 0.8, 0.25))


def filed(claims: TokenClaims, what: Predicted | None = None, horizon_s: int = HOUR_S) -> Claim | None:
    return claims.file(what or predicted(), horizon_s, source="demo", evidence=7, priced_s=AT_S - 40)


def told(claims: TokenClaims, what: Predicted, happened: bool | None, horizon_s: int = HOUR_S) -> list[Decided]:
    """What a label of a prediction decides."""
    became = Labels(happened, None, None, happened, happened)
    return claims.labelled(Labelled(what, horizon_s, became, "" if happened is not None else NOT_TOLD), 9)


def test_a_claim_is_written_out_and_one_of_a_kind_a_token_is_open() -> None:
    claims = TokenClaims()
    rises, rugs = filed(claims), filed(claims, horizon_s=RUG_HORIZON_S)
    assert rises is not None
    assert rugs is not None
    call = rises.own
    assert call.claim == f"highest five-minute close of {MINT} within 3600 s at 1.0404 or more"
    assert (call.probability, call.direction, call.horizon_s, call.evidence) == (0.8, 0, RISE_HORIZON_S, 7)
    assert (call.reference_kind, call.reference_price, call.input_age_ms) == (CANDLES_GRADE, 1.0, 40_500)
    assert (rugs.own.kind, rugs.own.probability, rugs.own.horizon_s) == ("token rug", 0.25, RUG_HORIZON_S)
    assert claims.calls() == [*rises, *rugs]
    later = predicted(at_s=AT_S + 300)
    assert [filed(claims, later, horizon_s) for horizon_s in (RISE_HORIZON_S, RUG_HORIZON_S)] == [None, None]
    assert filed(claims, predicted(mint=known(2, 0).mint)) is not None
    assert filed(claims, predicted(price=0.0, mint=known(3, 0).mint)) is None


@pytest.mark.parametrize("horizon_s", [RISE_HORIZON_S, RUG_HORIZON_S])
@pytest.mark.parametrize("happened", [False, True])
def test_the_label_of_its_prediction_decides_a_claim_once(happened: bool, horizon_s: int) -> None:
    claims = TokenClaims()
    claim = filed(claims, horizon_s=horizon_s)
    assert claim is not None
    assert told(claims, predicted(at_s=AT_S + 300), happened, horizon_s) == []
    assert told(claims, predicted(), happened, RISE_HORIZON_S + RUG_HORIZON_S - horizon_s) == []
    twin, decided = told(claims, predicted(), happened, horizon_s)
    outcome = decided.outcome
    assert (twin.call, decided.call) == claim
    assert (outcome.status, outcome.event_happened, outcome.call_id) == ("graded", happened, claim.own.call_id)
    assert outcome.brier == pytest.approx((claim.own.probability - happened) ** 2)
    assert (outcome.hit, outcome.edge_bps, twin.outcome.event_happened) == (None, None, happened)
    assert told(claims, predicted(), happened, horizon_s) == []
    assert claims.calls() == []
    assert filed(claims, predicted(at_s=AT_S + 300), horizon_s) is not None


def test_what_nobody_can_decide_is_not_graded_and_says_why() -> None:
    claims = TokenClaims()
    filed(claims)
    assert [(each.outcome.status, each.outcome.reason) for each in told(claims, predicted(), None)] == [
        ("ungraded", NOT_TOLD)
    ] * 2
    filed(claims)
    assert {each.outcome.reason for each in claims.finish(9)} == {ENDED}
    assert claims.calls() == []


def test_claims_of_earlier_runs_are_taken_up_and_each_is_decided_once() -> None:
    """One is waited for, of one the label is known, one is spoiled and of one nobody knows."""
    first = TokenClaims()
    names = [known(number, 0).mint for number in range(1, 5)]
    made = [filed(first, predicted(mint=name)) for name in names]
    waits, labelled, spoiled, forgotten = (tuple(each or ()) for each in made)
    broken = [msgspec.structs.replace(call, probability=float("nan")) for call in spoiled]
    saved = [
        *map(OpenCall, (*waits, *broken, *forgotten)),
        *(OpenCall(call, is_told=True, happened=True) for call in labelled),
    ]
    second = TokenClaims()
    decided = second.restore(saved, lambda mint, at_ms, horizon_s: mint == names[0] and horizon_s == HOUR_S, 5)
    reasons = [(each.call.subject, each.outcome.event_happened, each.outcome.reason) for each in decided]
    assert reasons == [
        *[(names[2], None, NOT_SOUND)] * 2,
        *[(names[3], None, NOT_WAITED_FOR)] * 2,
        *[(names[1], True, "")] * 2,
    ]
    assert second.rates == ((1, 1), (0, 0)), "a claim and its twin are of one event"
    assert second.calls() == list(waits)
    assert filed(second, predicted(at_s=AT_S + 300, mint=names[0])) is None, "it would count one move twice"
    assert [each.call for each in told(second, predicted(mint=names[0]), False)] == list(waits)


def test_of_two_claims_that_runs_left_on_one_token_each_has_its_own_label() -> None:
    earlier, later = predicted(), predicted(at_s=AT_S + 900)
    calls = [call for what in (earlier, later) for call in filed(TokenClaims(), what) or ()]
    claims = TokenClaims()
    claims.restore(map(OpenCall, calls), lambda *_: True, 5)
    assert [each.call for each in told(claims, later, True)] == calls[2:]
    assert filed(claims, predicted(at_s=AT_S + 1_800)) is None
    assert [each.call for each in told(claims, earlier, True)] == calls[:2]
    assert claims.calls() == []


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


def test_a_scorecard_has_a_brier_score_for_them_and_no_edge() -> None:
    claims, pairs = TokenClaims(), []
    for number in range(12):
        what = predicted(mint=known(number, 0).mint, at_s=AT_S + 4_000 * number)
        what = what._replace(said=Said("v1", 0.5, 0.5))
        assert filed(claims, what) is not None
        pairs += [(each.call, each.outcome) for each in told(claims, what, bool(number % 2))]
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
        what = predicted(mint=known(number, 0).mint)
        claim = filed(claims, what)
        assert claim is not None
        assert claim.own.baseline_id == claim.twin.call_id
        assert (claim.twin.claim, claim.twin.available_at_ms) == (claim.own.claim, claim.own.available_at_ms)
        rates.append(claim.twin.probability)
        told(claims, what, number < 2)
    assert rates == pytest.approx(
        [(true + 20 * RISES_BEFORE) / (n + 20) for true, n in ((0, 0), (1, 1), (2, 2), (2, 3))]
    )
