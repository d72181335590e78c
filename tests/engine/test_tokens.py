"""New tokens in a core: what is asked, what the model's answers become, and that a replay gives the same verdicts."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
from token_client import KnownLaunches, known
from token_driver import BASE_S, GOOD, TokenDriver, begun, launched, mint

from app.config.secrets import Secret
from app.config.settings import Settings
from app.config.token_settings import TokenDecisionSettings
from app.config.token_venues import TokensSettings
from app.core.calls import Call
from app.core.clock import ManualClock
from app.core.record import Answer, Connected, Dropped, Kind, Request
from app.engine.core import Core
from app.engine.demo_venue import Urls
from app.engine.inference_requests import Prediction
from app.engine.protocol import Mode, StartJob
from app.engine.protocol_tokens import ScoreTokens
from app.engine.token_run import TokenRun
from app.engine.token_state import PREDICT, PREDICTOR, RestoreTokens
from app.engine.tokens_view import TokensViews
from app.feeds.inbox import Inbox
from app.feeds.token_questions import DEXSCREENER, VENUES
from app.scorecards.grader import Graded

HOUR_S = 3_600


def test_nothing_is_asked_before_tokens_are_looked_for() -> None:
    driver = TokenDriver(launched(2 * HOUR_S))
    driver.run(60)
    assert {request.venue for request in driver.asked.requests} == {"hyperliquid"}
    assert driver.core.tokens.desk is None
    assert driver.core.apply(StartJob("tokens"))[0] is False


def test_a_token_is_found_judged_and_shown_with_its_reasons() -> None:
    driver = begun(launched(2 * HOUR_S))
    driver.run(10)
    [judged] = driver.judged
    verdict = judged.verdict
    assert (judged.mint, verdict.mode, verdict.p_rise, verdict.p_rug) == (mint(0), "ML", 0.9, 0.05)
    view = TokensViews().of(driver.core.tokens, None)
    assert view is not None
    [row] = view.rows
    assert (row.mint, row.name, row.exchange, row.holders) == (mint(0), "T0 / SOL", "raydium", 40)
    assert (row.ruling, row.reasons, row.gain_pct, row.version) == (verdict.ruling, verdict.reasons, 12.5, GOOD.version)
    assert row.arithmetic.startswith("0.6 × 0.900 + 0.4 × ")
    assert 100 * (1 - row.candles / 100) == pytest.approx(view.padded_pct)


@pytest.mark.parametrize(
    ("said", "mode", "why"),
    [
        ("The token model is not asked: no bundle", "STRATEGY-ONLY", "The token model is not asked: no bundle"),
        (Prediction(1.5, 0.0, 0.1, "v", "REAL"), "STRATEGY-ONLY", "the model answered what is no probability"),
    ],
)
def test_without_an_answer_that_counts_strategies_decide(said: Prediction | str, mode: str, why: str) -> None:
    driver = begun(launched(2 * HOUR_S), says=lambda _: said)
    driver.run(10)
    [judged] = driver.judged
    assert (judged.verdict.mode, judged.verdict.mode_reason, judged.verdict.p_rise) == (mode, why, None)
    assert driver.desk.rows[mint(0)].gain_pct is None


def test_while_prices_are_not_told_nothing_is_judged_or_claimed_by_old_ones_and_the_panel_says_so() -> None:
    driver = begun(launched(2 * HOUR_S))
    claimed: list[Call] = []
    driver.core.bus.subscribe(Call, claimed.append)
    driver.run(20)
    driver.down.add(DEXSCREENER)
    driver.run(2 * HOUR_S)
    assert all(judged.at_ms <= driver.now_ms - 1_000 * (2 * HOUR_S - 90) for judged in driver.judged)
    assert {call.input_age_ms <= 91_000 for call in claimed} == {True}
    view = TokensViews().of(driver.core.tokens, None)
    assert view is not None
    assert view.states_missing == "not judged by prices older than 90 s; DexScreener: cannot be reached"
    driver.put(Kind.COMMAND, StartJob("tokens"))
    assert driver.core.command_result == (
        False,
        "No token that is watched has candles and a price that are new enough yet",
    )
    driver.down.clear()
    driver.run(60)
    assert driver.judged[-1].at_ms > driver.now_ms - 60_000
    assert driver.desk.states_missing == ""


def test_a_simulated_bundle_is_not_trusted_on_live_tokens() -> None:
    driver = TokenDriver(launched(2 * HOUR_S))
    driver.begin(RestoreTokens("live", has_key=False))
    driver.run(10)
    assert [judged.verdict.mode for judged in driver.judged] == ["DO NOT TRUST"]


def test_a_model_that_is_switched_off_is_not_asked() -> None:
    rules = TokenDecisionSettings(use_model=False)
    driver = begun(launched(2 * HOUR_S), settings=Settings(token_decision=rules))
    driver.run(10)
    assert PREDICTOR not in {request.venue for request in driver.asked.requests}
    assert [judged.verdict.mode for judged in driver.judged] == ["STRATEGY-ONLY"]


def test_a_model_that_never_answers_is_given_up() -> None:
    driver = begun(launched(2 * HOUR_S), says=lambda _: None)
    driver.run(100)
    assert driver.judged == []
    driver.run(130)
    assert driver.judged[0].verdict.mode_reason == "the model has not answered"


def test_a_rejected_token_is_not_judged_again_so_soon_but_by_hand() -> None:
    driver = begun(launched(2 * HOUR_S), says=lambda _: Prediction(0.1, 0.0, 0.9, "v", "SIMULATED"))
    driver.run(11 * 60)
    assert [judged.verdict.ruling for judged in driver.judged] == ["REJECTED"]
    assert driver.desk.held_back > 0
    driver.put(Kind.COMMAND, StartJob("tokens"))
    assert driver.core.command_result == (True, "Scoring what is watched")
    assert driver.core.jobs.runs("tokens")
    driver.carry()
    assert len(driver.judged) == 2
    assert [(job.name, job.state) for job in driver.core.jobs.views] == [("tokens", "done")]


def test_a_clock_that_is_set_back_ends_neither_the_asking_nor_the_judging() -> None:
    driver = begun(launched(2 * HOUR_S), says=lambda _: Prediction(0.1, 0.0, 0.9, "v", "SIMULATED"))
    driver.run(60)
    everything = {(request.venue, request.channel) for request in driver.asked.requests if request.venue in VENUES}
    before, judged = len(driver.asked.requests), len(driver.judged)
    driver.now_ms -= HOUR_S * 1_000
    driver.run(16 * 60)
    again = {(request.venue, request.channel) for request in driver.asked.requests[before:] if request.venue in VENUES}
    assert again == everything
    assert len(everything) >= 4
    assert len(driver.judged) > judged


@pytest.mark.parametrize(
    ("rejected_s", "minutes", "verdicts"), [(900.0, 11, 1), (300.0, 11, 2), (86_400.0, 11, 1), (86_400.0, 21, 2)]
)
def test_a_rejected_token_is_judged_again_when_its_time_has_passed_or_its_data_changed(
    rejected_s: float, minutes: int, verdicts: int
) -> None:
    # Its price climbs by a hundredth of what it began with in most minutes: a tenth takes more than 11 of them.
    settings = Settings(
        tokens=TokensSettings(minimum_liquidity_usd=1.0), token_decision=TokenDecisionSettings(rejected_s=rejected_s)
    )
    driver = begun(launched(2 * HOUR_S), says=lambda _: Prediction(0.1, 0.0, 0.9, "v", "SIMULATED"), settings=settings)
    driver.run(60 * minutes)
    assert [judged.verdict.ruling for judged in driver.judged] == ["REJECTED"] * verdicts
    assert sum(request.channel == PREDICT for request in driver.asked.requests) == verdicts
    prices = [judged.price or 0.0 for judged in driver.judged]
    apart_s = [(judged.at_ms - driver.judged[0].at_ms) / 1_000 for judged in driver.judged[1:]]
    assert all(after_s >= rejected_s or prices[1] >= 1.1 * prices[0] for after_s in apart_s)


def test_tokens_are_scored_by_their_mints_whatever_they_are() -> None:
    young = known(5, 0)._replace(created_s=BASE_S - 700)
    driver = begun(KnownLaunches([young]))
    driver.run(20)
    assert driver.judged == []
    driver.put(Kind.COMMAND, ScoreTokens((young.mint, "Z" * 40)))
    assert driver.core.command_result == (True, "Scoring 2 tokens")
    driver.run(20)
    [judged] = driver.judged
    assert (judged.mint, judged.verdict.ruling) == (young.mint, "NOT JUDGED")
    assert judged.verdict.reasons == ("2 candles; 12 are needed",)
    assert any("cannot be scored" in line.text for line in driver.core.journal.log_tail)
    assert [(job.name, job.state) for job in driver.core.jobs.views] == [("tokens", "done")]


@pytest.mark.parametrize("words", ["../../etc", "0OIl" * 10, "x"])
def test_what_is_no_mint_is_refused(words: str) -> None:
    driver = begun(launched())
    done, said = driver.core.apply(ScoreTokens((words,)))
    assert (done, "no token's address" in said) == (False, True)


def test_settings_can_switch_all_of_it_off() -> None:
    driver = begun(launched(2 * HOUR_S), settings=Settings(tokens=TokensSettings(enabled=False)))
    driver.run(30)
    assert driver.core.tokens.desk is None
    assert TokensViews().of(driver.core.tokens, None) is None
    assert "tokens.enabled" in driver.core.apply(ScoreTokens((mint(0),)))[1]


def test_a_replay_gives_the_same_verdicts_without_venues_or_workers() -> None:
    driver = begun(launched(*(HOUR_S + 600 * number for number in range(6))))
    driver.run(400)
    replayed = Core("tape", driver.settings)
    for record in driver.records:
        replayed.dispatch(record)
    assert replayed.journal.log_sha256 == driver.core.journal.log_sha256
    assert replayed.journal.tokens_judged == len(driver.judged) > 6
    theirs, mine = (core.tokens.desk for core in (replayed, driver.core))
    assert theirs is not None
    assert mine is not None
    assert theirs.rows == mine.rows


@pytest.mark.parametrize(
    ("venue", "channel", "request_body", "body"),
    [
        ("geckoterminal", "new_pools", b'[[],[["page","1"]]]', b"<html>"),
        ("geckoterminal", "new_pools", b'[[],[["page","1"]]]', b'{"data":[1,2]}'),
        ("geckoterminal", "new_pools", b"[[],[]]", b'{"data":[]}'),
        ("geckoterminal", "new_pools", b'[[],[["page","x"]]]', b'{"data":[]}'),
        ("dexscreener", "pairs", b"nonsense", b"[]"),
        ("geckoterminal", "elsewhere", b"[[],[]]", b"{}"),
        (PREDICTOR, "predict", b"", b"{}"),
    ],
)
def test_answers_of_no_use_are_survived(venue: str, channel: str, request_body: bytes, body: bytes) -> None:
    driver = begun(launched(2 * HOUR_S))
    driver.put(Kind.REQUEST, Request(999, venue, channel, request_body, mint(0)))
    driver.put(Kind.ANSWER, Answer(999, 200, body))
    driver.run(80)
    assert len(driver.judged) == 1


def test_a_model_whose_answer_cannot_be_read_does_not_count() -> None:
    driver = begun(launched(2 * HOUR_S), says=lambda _: Prediction(0.5, 1.0, 0.5, "v", "MADE UP"))  # type: ignore[arg-type]
    driver.run(10)
    [judged] = driver.judged
    assert judged.verdict.mode_reason.startswith("the model's answer cannot be read")


def test_token_venues_are_feeds_of_their_own_and_the_model_is_none() -> None:
    driver = begun(launched())
    for venue in ("geckoterminal", PREDICTOR):
        driver.put(Kind.CONNECT, Connected(venue, "requests"))
    driver.put(Kind.DROP, Dropped("dexscreener", "requests", "it is down"))
    states = {feed.name: feed.state(driver.now_ms) for feed in driver.core.connections.feeds}
    assert states["GeckoTerminal"] == "idle"
    assert states["DexScreener"] == "down"
    assert states["requests"] == "connecting"


def test_an_answer_about_another_row_than_was_asked_changes_nothing() -> None:
    driver = begun(launched(2 * HOUR_S), says=lambda _: None)
    driver.run(10)
    [asked] = [request for request in driver.asked.requests if request.venue == PREDICTOR]
    for number, row in ((998, b"\0" * len(asked.body)), (999, asked.body)):
        assert driver.judged == []
        driver.put(Kind.REQUEST, Request(number, PREDICTOR, "predict", row, mint(0)))
        driver.put(Kind.ANSWER, Answer(number, 200, msgspec.json.encode(GOOD)))
    assert [judged.verdict.p_rise for judged in driver.judged] == [0.9]


def test_what_the_model_says_is_filed_and_graded_after_its_hour() -> None:
    driver = begun(launched(2 * HOUR_S))
    calls: list[Call] = []
    graded: list[Graded] = []
    driver.core.bus.subscribe(Call, calls.append)
    driver.core.bus.subscribe(Graded, graded.append)
    driver.run(HOUR_S + 700)
    mine = [call for call in calls if (call.kind, call.claimant) == ("token rise", "token-model")]
    assert (mine[0].probability, mine[0].subject, mine[0].claimant_version) == (0.9, mint(0), GOOD.version)
    twins = {call.call_id: call for call in calls if call.claimant == "token-base-rate"}
    assert [twins[call.baseline_id].subject for call in mine] == [call.subject for call in mine]
    rises = [each for each in graded if (each.call.kind, each.call.claimant) == ("token rise", "token-model")]
    first = rises[0]
    assert first.call == mine[0]
    # The price climbs by a millionth a minute from a hundred and more of them: over an hour that is more than 4 %.
    assert (first.outcome.status, first.outcome.event_happened) == ("graded", True)
    decided = list(driver.core.journal.decided)
    driver.core.finish()
    assert list(driver.core.journal.decided) == decided, "the next run grades what is open"
    replayed = Core("tape", driver.settings)
    for record in driver.records:
        replayed.dispatch(record)
    replayed.finish()
    ended = [each for each in replayed.journal.decided if each.outcome.reason == "run ended before the horizon"]
    assert sum(each.call.kind == "token rise" for each in ended) == 2 * (len(mine) - len(rises)) == 2


def test_what_does_not_count_is_not_claimed() -> None:
    driver = begun(launched(2 * HOUR_S), says=lambda _: "no bundle")
    calls: list[Call] = []
    driver.core.bus.subscribe(Call, calls.append)
    driver.run(20)
    assert len(driver.judged) == 1
    assert [call for call in calls if call.claimant.startswith("token-")] == []


def test_a_real_key_never_goes_to_the_embedded_venue() -> None:
    clock = ManualClock()
    urls = Urls("", "", birdeye_url="http://127.0.0.1:9")
    modes: tuple[tuple[Mode, str], ...] = (("demo", "simulated"), ("live", "canary"))
    for mode, key in modes:
        run = TokenRun(Settings(), Inbox(clock), clock, np.random.default_rng(1), mode, (Path("x"),), Secret("canary"))
        assert run.is_wanted
        sent = run.reach(urls)["birdeye"].key
        assert sent is not None
        assert sent.reveal() == key
        assert run.reach(urls)["geckoterminal"].key is None
    without = TokenRun(Settings(), Inbox(clock), clock, np.random.default_rng(1), "live", (), None)
    assert (without.is_wanted, without.reach(urls)["birdeye"].key) == (False, None)


def test_scoring_no_token_begins_nothing_that_would_never_end() -> None:
    driver = begun(launched(2 * HOUR_S))
    assert driver.core.apply(ScoreTokens(())) == (False, "No token is named: give its mint")
    assert not driver.core.jobs.runs("tokens")


def test_what_a_tape_calls_its_bundle_is_cleaned_before_it_is_shown() -> None:
    driver = begun(launched(2 * HOUR_S))
    strange = msgspec.structs.replace(GOOD, version="\x1b[2Jbundle" + "x" * 500)
    driver.says = lambda _: strange
    driver.run(60)
    view = TokensViews().of(driver.core.tokens, None)
    assert view is not None
    assert view.trust is not None
    for version in (view.trust.version, view.rows[0].version):
        assert version.startswith("[2Jbundlexxx")
        assert len(version) == 100
