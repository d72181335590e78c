"""The `ML_*` variables that bots have in their environment: each is taken, and changes what it says it does."""

from pathlib import Path
from typing import Any

import pytest
from token_client import KnownLaunches, known
from token_driver import TokenDriver

from app.config.load import load
from app.config.locations import find_locations
from app.config.settings import Settings
from app.config.sources import ALIASES
from app.core.errors import ConfigError
from app.engine.inference_requests import Prediction
from app.tokens.decision import ModelSays, Verdict, decide
from app.tokens.strategies import StrategySays

GOOD = ModelSays(0.8, 0.2, "REAL")
MINE = {name for name, key in ALIASES.items() if key.startswith(("token_decision.", "token_model.", "token_sizing."))}


def settings_of(folder: Path, **environ: str) -> Settings:
    return load(find_locations({"TAPEDECK_HOME": str(folder)}), environ=environ).settings


def verdict(settings: Settings, said: ModelSays | None = GOOD, *, candles: int = 30, chart: float = 0.5) -> Verdict:
    strategy = StrategySays(chart, chart, ())
    return decide(said, strategy, candles, settings.token_decision, source="live", why_none="no answer within 3000 ms")


DECISIONS: tuple[tuple[str, str, dict[str, Any], str], ...] = (
    ("USE_ML_PREDICTIONS", "no", {"chart": 0.5}, "combined 0.500 is below 0.65"),
    ("ML_ENABLED", "False", {"chart": 0.5}, "combined 0.500 is below 0.65"),
    ("ML_REQUIRED", "true", {"said": None, "chart": 0.9}, "the model is required: no answer within 3000 ms"),
    ("ML_MIN_CONFIDENCE", "0.85", {}, "model 0.800 is below 0.85"),
    ("ML_THRESHOLD", "0.85", {}, "model 0.800 is below 0.85"),
    ("ML_CONFIDENCE_THRESHOLD", "0.85", {}, "model 0.800 is below 0.85"),
    ("ML_MIN_COMBINED_CONFIDENCE", "0.7", {}, "combined 0.680 is below 0.7"),
    ("ML_MAX_RUG_RISK", "0.15", {}, "rug 0.200 is above 0.15"),
    ("ML_MAX_RUG", "0.15", {}, "rug 0.200 is above 0.15"),
    ("ML_WEIGHT", "0.1", {}, "combined 0.530 is below 0.65"),
    ("ML_MIN_CANDLES", "40", {}, "30 candles; 40 are needed"),
)
POOL: tuple[tuple[str, str, str, object], ...] = (
    ("ML_RUNTIME", "torch", "runtime", "torch"),
    ("ML_WORKERS", "1", "workers", 1),
    ("ML_TIMEOUT_MS", "250", "timeout_ms", 250),
    ("ML_INFERENCE_TIMEOUT_MS", "250", "timeout_ms", 250),
    ("ML_CACHE_TTL", "5", "cache_s", 5.0),
    ("ML_CACHE_SIZE", "7", "cached", 7),
)


@pytest.mark.parametrize(("name", "value", "asked", "reason"), DECISIONS)
def test_what_a_variable_says_changes_the_verdict(
    tmp_path: Path, name: str, value: str, asked: dict[str, Any], reason: str
) -> None:
    assert verdict(settings_of(tmp_path), **asked).ruling == "APPROVED" or name in ("USE_ML_PREDICTIONS", "ML_ENABLED")
    after = verdict(settings_of(tmp_path, **{name: value}), **asked)
    assert after.ruling in ("REJECTED", "NOT JUDGED")
    assert after.reasons == (reason,)


@pytest.mark.parametrize(("name", "value", "field", "told"), POOL)
def test_what_a_variable_says_reaches_the_workers(
    tmp_path: Path, name: str, value: str, field: str, told: object
) -> None:
    model = settings_of(tmp_path, **{name: value}).token_model
    assert getattr(model, field) == told != getattr(Settings().token_model, field)


def test_every_variable_is_tested_here() -> None:
    assert {name for name, *_ in (*DECISIONS, *POOL)} == MINE


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"ML_MIN_CONFIDENCE": "70"}, "minimum_rise is 70, but must be a number, at least 0, at most 1"),
        ({"ML_MAX_RUG": "nan"}, "maximum_rug is nan, but must be a number, at least 0, at most 1"),
        ({"ML_REQUIRED": "maybe"}, "model_required is maybe, but must be true or false"),
        ({"ML_INFERENCE_TIMEOUT_MS": "3s"}, "timeout_ms is 3s, but must be a whole number, at least 1"),
        ({"ML_RUNTIME": "tensorflow"}, "runtime is tensorflow, but must be one of onnx, torch"),
        ({"ML_WEIGHT": ""}, "model_weight is empty, but must be a number"),
        (
            {"USE_ML_PREDICTIONS": "true", "ML_ENABLED": "false"},
            "USE_ML_PREDICTIONS and ML_ENABLED both stand for token_decision.use_model and differ; unset one of them",
        ),
    ],
)
def test_a_value_of_no_use_is_one_sentence(tmp_path: Path, environ: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        settings_of(tmp_path, **environ)
    assert said in str(caught.value)
    assert next(iter(environ)) in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_two_names_may_say_the_same_in_other_words(tmp_path: Path) -> None:
    assert not settings_of(tmp_path, USE_ML_PREDICTIONS="no", ML_ENABLED=" False").token_decision.use_model


def test_two_names_may_say_the_same_and_the_prefix_is_stronger(tmp_path: Path) -> None:
    alike = settings_of(tmp_path, ML_THRESHOLD="0.8", ML_MIN_CONFIDENCE="0.8", ML_ANOTHER_PROGRAMS="x")
    assert alike.token_decision.minimum_rise == 0.8
    both = settings_of(tmp_path, ML_THRESHOLD="0.8", TAPEDECK_TOKEN_DECISION__MINIMUM_RISE="0.6")
    assert both.token_decision.minimum_rise == 0.6


def test_a_run_judges_by_them(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, ML_MAX_RUG_RISK="0.01")
    driver = TokenDriver(
        KnownLaunches([known(0, 0)._replace(created_s=1_790_000_000 - 7_200)]),
        says=lambda _: Prediction(0.9, 1.0, 0.05, "v", "SIMULATED"),
        settings=settings,
    )
    driver.begin()
    driver.run(10)
    assert [judged.verdict.reasons for judged in driver.judged] == [("rug 0.050 is above 0.01",)]
