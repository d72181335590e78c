"""A token opened up in a core: what it shows, that the model is asked only for who looks, and what a replay shows."""

import msgspec
import numpy as np
import pytest
from token_driver import GOOD, TokenDriver, begun, launched, mint

from app.config.settings import Settings
from app.config.token_settings import TokenDecisionSettings
from app.core.record import Answer, Kind, Request
from app.engine.core import Core
from app.engine.inference_requests import Prediction
from app.engine.looking import Looking
from app.engine.looks import MOST_LOOKS
from app.engine.protocol_token_detail import LookAtToken, TokenDetail
from app.engine.token_state import ATTRIBUTE, PREDICTOR
from app.engine.tokens_view import TokensViews
from app.tokens.features import CONTEXT, parts
from app.tokens.indicators import INDICATORS

HOUR_S = 3_600


def asked_apart(driver: TokenDriver) -> list[Request]:
    return [request for request in driver.asked.requests if request.channel == ATTRIBUTE]


def look(driver: TokenDriver, which: str, client: int = 0) -> None:
    driver.put(Kind.COMMAND, LookAtToken(which, client))
    assert driver.core.command_result == (True, "")


def detail_of(core: Core, which: str) -> TokenDetail:
    found = TokensViews().detail(core.tokens, which)
    assert found is not None
    return found


def test_a_token_opens_up_to_all_that_its_verdict_rests_on() -> None:
    driver = begun(launched(2 * HOUR_S))
    driver.run(10)
    detail, judgement = detail_of(driver.core, mint(0)), driver.desk.judgements[mint(0)]
    assert (detail.row, detail.said) == (driver.desk.rows[mint(0)], (GOOD.p_rise, GOOD.gain_pct, GOOD.p_rug))
    assert len(detail.candles) == len(judgement.seen.table.time_s)
    assert all(candle.open_ms % detail.interval_ms == 0 for candle in detail.candles)
    told = parts(np.frombuffer(judgement.row, dtype="<f4").copy())
    singles = [feature for feature in detail.features if feature.group != "window"]
    assert [feature.name for feature in singles] == [*CONTEXT, *INDICATORS]
    assert [feature.value for feature in singles] == [*told.context.tolist(), *told.indicators.tolist()]
    flags = [*told.context_known.tolist(), *told.indicators_known.tolist()]
    assert [feature.is_known for feature in singles] == [flag > 0 for flag in flags]
    assert {feature.name: feature.told for feature in singles}["holders"] == 40.0
    figures = {feature.name: feature.value for feature in detail.features if feature.group == "window"}
    assert figures["candles"] == pytest.approx(float(told.mask.mean()))
    assert figures["lowest"] <= figures["mean_close"] <= figures["highest"]
    assert detail.workings[-1].name == "size"


def test_the_model_is_asked_what_moved_it_for_who_looks_and_once_a_verdict() -> None:
    driver = begun(launched(2 * HOUR_S))
    driver.run(20)
    assert asked_apart(driver) == []
    assert detail_of(driver.core, mint(0)).attributions is None
    look(driver, mint(0))
    driver.run(20)
    [request] = asked_apart(driver)
    assert request.body == driver.desk.judgements[mint(0)].row
    told = detail_of(driver.core, mint(0)).attributions
    assert told is not None
    assert (told.version, told.whole) == (GOOD.version, (GOOD.p_rise, GOOD.gain_pct, GOOD.p_rug))
    assert {each.name for each in told.effects if each.worth is None} >= {"macd_signal"}
    driver.run(300)
    assert len(asked_apart(driver)) == 2, "the next verdict is taken apart too"
    look(driver, "")
    driver.run(700)
    assert len(asked_apart(driver)) == 2


def test_what_fails_is_told_and_asked_again_only_while_somebody_looks() -> None:
    answers: list[Prediction | str] = ["The token model is not asked: no worker"]
    driver = begun(launched(2 * HOUR_S), says=lambda request: GOOD if request.channel != ATTRIBUTE else answers[0])
    driver.run(5)
    look(driver, mint(0))
    driver.run(5)
    assert detail_of(driver.core, mint(0)).attributions_trouble == "The token model is not asked: no worker"
    answers[0] = GOOD
    driver.run(35)
    assert len(asked_apart(driver)) == 2
    detail = detail_of(driver.core, mint(0))
    assert (detail.attributions is not None, detail.attributions_trouble) == (True, "")


def test_a_model_that_is_switched_off_is_not_asked_and_says_so() -> None:
    rules = TokenDecisionSettings(use_model=False)
    driver = begun(launched(2 * HOUR_S), settings=Settings(token_decision=rules))
    driver.run(5)
    look(driver, mint(0))
    driver.run(5)
    assert asked_apart(driver) == []
    assert "use_model" in detail_of(driver.core, mint(0)).attributions_trouble


def test_a_replay_shows_what_was_shown_and_asks_nobody() -> None:
    driver = begun(launched(2 * HOUR_S))
    driver.run(5)
    look(driver, mint(0))
    driver.run(5)
    replayed = Core("tape", driver.settings)
    for record in driver.records:
        replayed.dispatch(record)
    assert detail_of(replayed, mint(0)) == detail_of(driver.core, mint(0))
    assert detail_of(replayed, mint(0)).attributions is not None


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff", b"[" * 5_000, b'{"version":"v","whole":[1e99,0,0]}'])
def test_an_answer_that_cannot_be_read_is_told(body: bytes) -> None:
    driver = begun(launched(2 * HOUR_S))
    driver.run(5)
    row = driver.desk.judgements[mint(0)].row
    driver.put(Kind.REQUEST, Request(999, PREDICTOR, ATTRIBUTE, row, mint(0)))
    driver.put(Kind.ANSWER, Answer(999, 200, body))
    assert "cannot be read" in detail_of(driver.core, mint(0)).attributions_trouble


def test_however_many_look_at_a_token_it_is_asked_about_once() -> None:
    driver = begun(launched(2 * HOUR_S))
    driver.run(5)
    for client in range(3 * MOST_LOOKS):
        look(driver, mint(0), client)
    assert len(asked_apart(driver)) == 1


def test_a_token_without_a_verdict_and_a_core_without_tokens_have_no_detail() -> None:
    driver = begun(launched(2 * HOUR_S))
    assert TokensViews().detail(driver.core.tokens, "Z" * 40) is None
    before = TokenDriver(launched(2 * HOUR_S))
    look(before, mint(0))
    assert TokensViews().detail(before.core.tokens, mint(0)) is None


def test_who_leaves_looks_at_nothing() -> None:
    looking = Looking()
    looking.note(LookAtToken("x", 3))
    assert LookAtToken("") in looking.ends()
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(LookAtToken("x")), type=LookAtToken) == LookAtToken("x")
