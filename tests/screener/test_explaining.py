"""Why a bar was a candidate and was entered: what is told decides as the passes do, with numbers beside limits."""

import math
from itertools import pairwise

import msgspec
import pytest
from bar_samples import market, some_bars
from hypothesis import given, settings
from hypothesis import strategies as st

from app.config.screener_settings import BatchModeSettings, FusionSettings, StrategySettings
from app.config.settings import Settings
from app.screener.bars import Bars
from app.screener.explaining import Check, entry_checks, screen_checks
from app.screener.rules import rules_of
from app.screener.screen import FLAGS
from app.screener.strategy_stream import Bar, Seen, StrategyStream

MODES = ("confirm", "fusion_only", "prefilter", "advisory")


def easy(mode: str, threshold: float = 0.1, trends: int = 2) -> Settings:
    return Settings(
        batch_mode=BatchModeSettings(minimum_score=0.5, sentinels=("sma_20_cross", "volume_spike", "session_break")),
        fusion=FusionSettings(mode=mode, entry_threshold_confidence=threshold, aligned_trends=trends),  # type: ignore[arg-type]
        strategy=StrategySettings(most_losses=2, pause_bars=5, time_stop_bars=12, most_atr_share=0.02),
    )


def streamed(bars: Bars, chosen: Settings) -> list[Seen]:
    stream = StrategyStream(chosen.batch_mode, rules_of(chosen, bars.interval_ms))
    return [stream.add(Bar(*row)) for row in zip(*(column.tolist() for column in bars[3:]), strict=True)]


def all_met(checks: list[Check]) -> bool:
    return all(check.met is not False for check in checks)


def check_told(bars: Bars, chosen: Settings) -> int:
    """What is told of every bar decides as the passes did; how many bars were entered."""
    rules, entered = rules_of(chosen, bars.interval_ms), 0
    for before, seen in pairwise(streamed(bars, chosen)):
        told = screen_checks(seen, before, chosen.batch_mode, bars.interval_ms)
        assert all_met(told) is seen.passed
        assert len(told) == 3 + len(chosen.batch_mode.sentinels)
        assert all_met(entry_checks(seen, rules)) is (seen.entry != 0)
        entered += seen.entry != 0
    return entered


@settings(max_examples=20)
@given(some_bars(longest=250), st.sampled_from(MODES), st.sampled_from([0.0, 0.1, 0.4]), st.integers(0, 3))
def test_conditions_that_are_told_decide_as_the_passes_do(bars: Bars, mode: str, threshold: float, trends: int) -> None:
    check_told(bars, easy(mode, threshold, trends))


@pytest.mark.parametrize("mode", MODES)
def test_on_bars_with_a_past_something_is_entered_and_all_of_it_is_explained(mode: str) -> None:
    assert check_told(market(900, 12, gaps=0.01), easy(mode)) > 3


def test_a_wild_market_is_told_to_be_one() -> None:
    chosen = msgspec.structs.replace(easy("confirm"), strategy=StrategySettings(most_atr_share=0.0085))
    bars = market(900, 12)
    assert check_told(bars, chosen) > 0
    checks = [
        next(check for check in entry_checks(seen, rules_of(chosen, bars.interval_ms)) if check.name.startswith("ATR"))
        for seen in streamed(bars, chosen)
        if seen.passed
    ]
    assert {check.met for check in checks} == {True, False}


def test_each_condition_shows_its_number_and_its_limit() -> None:
    chosen = easy("confirm", 0.25)
    rows = streamed(market(900, 12), chosen)
    before, seen = next((before, seen) for before, seen in pairwise(rows) if seen.entry)
    said = {check.name: check for check in screen_checks(seen, before, chosen.batch_mode, 3_600_000)}
    entry = {check.name: check for check in entry_checks(seen, rules_of(chosen, 3_600_000))}
    assert said["score"].value.startswith(f"{seen.features.score:.3f} = ADX ")
    assert said["score"].limit == "≥ 0.5"
    assert (entry["confidence of fusion"].value, entry["confidence of fusion"].limit) == (
        f"{abs(seen.domains.fusion):.3f}", "≥ 0.25",
    )  # fmt: skip
    assert entry["side of fusion"].limit.endswith("mode confirm")
    assert entry["ATR of the price"].limit == "≤ 2 %"
    assert entry["volatility index"] == Check("volatility index", "not known", "no limit", None)
    parts = [float(part.split()[-1]) for part in said["score"].value.partition("= ")[2].split(" + ")]
    assert math.isclose(sum(parts), seen.features.score, abs_tol=2e-3)


def test_a_sentinel_that_struck_is_marked_and_the_others_are_not() -> None:
    chosen = easy("confirm")
    for before, seen in pairwise(streamed(market(400, 3), chosen)):
        told = screen_checks(seen, before, chosen.batch_mode, 3_600_000)[1:4]
        flags = [FLAGS[name] for name in FLAGS if name in chosen.batch_mode.sentinels]
        assert [check.met for check in told] == [True if seen.features.sentinels & flag else None for flag in flags]
        assert [check.value.endswith(": struck") for check in told] == [bool(check.met) for check in told]


def test_what_is_not_known_yet_is_named() -> None:
    chosen = easy("confirm")
    before, seen = streamed(market(30, 1), chosen)[-2:]
    score = next(check for check in screen_checks(seen, before, chosen.batch_mode, 3_600_000) if check.name == "score")
    assert score.value == "not known: too few bars for ADX of 4 h, SMA 50, ATR rank, trend of days"
    assert score.met is False
