"""Trials of a sweep: which settings are tried, and what of settings a backtest depends on."""

import hashlib
import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np

from app.config.fields import setting_fields
from app.config.load import build
from app.config.screener_settings import BatchModeSettings, FusionSettings, ScreenSettings, StrategySettings
from app.config.settings import CostsSettings, Settings
from app.config.sources import Given
from app.core.errors import UsageError
from app.core.text import clean

MOST_TRIALS = 100_000
_FEE = "costs.taker_fee_bps"
_REFUSES = "batch_mode.maximum_missing"
"""Which bars are refused changes no trade."""
_BARE_POINT = re.compile(r"^([+-]?)\.(?=\d)")


class TrialSettings(msgspec.Struct, frozen=True):
    """All of the settings that a backtest's trades depend on, and nothing else."""

    screen: ScreenSettings
    fusion: FusionSettings
    strategy: StrategySettings
    taker_fee_bps: float

    @property
    def sha256(self) -> str:
        """A hash of what they are."""
        return hashlib.sha256(b"trial 1 " + msgspec.json.encode(self)).hexdigest()

    def settings(self) -> Settings:
        """Settings with these in them; all others are at their defaults."""
        screen = BatchModeSettings(**{name: getattr(self.screen, name) for name in ScreenSettings.__struct_fields__})
        costs = CostsSettings(taker_fee_bps=self.taker_fee_bps)
        return Settings(batch_mode=screen, fusion=self.fusion, strategy=self.strategy, costs=costs)


class Trial(NamedTuple):
    """The values of the keys that are swept, by their dotted names, and all settings that come of them."""

    values: dict[str, Any]
    settings: TrialSettings


class Range(NamedTuple):
    """The bounds of a number that is drawn evenly, both among what may come; whole numbers between whole ones."""

    low: float
    high: float
    whole: bool


def swept_keys() -> list[str]:
    """The settings that may be swept: those that trades depend on."""
    sections = {"batch_mode": ScreenSettings, "fusion": FusionSettings, "strategy": StrategySettings}
    keys = [f"{name}.{field}" for name, section in sections.items() for field in section.__struct_fields__]
    return [key for key in keys if key != _REFUSES] + [_FEE]


def trial_settings(settings: Settings) -> TrialSettings:
    """What trades depend on."""
    return TrialSettings(settings.batch_mode.screen, settings.fusion, settings.strategy, settings.costs.taker_fee_bps)


def grid_values(texts: Sequence[str]) -> dict[str, list[Any]]:
    """`key=value,value,…` of each text as values by key. Raises `UsageError`, or `ConfigError` for a wrong value."""
    grid: dict[str, list[Any]] = {}
    for text in texts:
        key, told = _key_of(text, "--grid", "fusion.entry_threshold_confidence=0.4,0.5", grid)
        values = [_value(key, each.strip(), "flag --grid") for each in told.split(",")]
        grid[key] = [value for place, value in enumerate(values) if value not in values[:place]]
    return grid


def random_ranges(texts: Sequence[str]) -> dict[str, Range]:
    """`key=low..high` of each text. Raises `UsageError`, or `ConfigError` for a bound that the setting cannot have."""
    ranges: dict[str, Range] = {}
    for text in texts:
        key, told = _key_of(text, "--random", "strategy.stop_atr=1..4", ranges)
        bounds = [_value(key, each.strip(), "flag --random") for each in told.split("..")]
        if len(bounds) != 2 or any(isinstance(each, bool) or not isinstance(each, int | float) for each in bounds):
            raise UsageError(f"--random {clean(text, 80)} is no range of numbers; write strategy.stop_atr=1..4")
        if not bounds[0] < bounds[1]:
            raise UsageError(f"--random {clean(text, 80)} begins at its end or after it; write LOW..HIGH")
        ranges[key] = Range(bounds[0], bounds[1], whole=all(isinstance(each, int) for each in bounds))
    return ranges


def plan_trials(
    base: Settings, grid: Mapping[str, Sequence[Any]], ranges: Mapping[str, Range], draws: int, seed: int
) -> list[Trial]:
    """Every combination of the grid, with each of so many draws of the ranges; settings that come twice are one trial.

    The same seed draws the same numbers. Raises `UsageError` for a key in both, or more than `MOST_TRIALS`.
    """
    twice = next((key for key in grid if key in ranges), None)
    if twice is not None:
        raise UsageError(f"{twice} is in --grid and in --random; leave one of them out")
    combinations = 1
    for choices in grid.values():
        combinations *= len(choices)
    if combinations * max(1, draws) > MOST_TRIALS:
        raise UsageError(f"that is more than {MOST_TRIALS:,} trials; take fewer values, or --random with --runs")
    drawn = _draws(ranges, draws, seed) if ranges else [{}]
    usual = trial_settings(base)
    trials: dict[str, Trial] = {}
    for some in drawn:
        for point in itertools.product(*grid.values()):
            values = {**dict(zip(grid, point, strict=True)), **some}
            settings = _with(usual, values)
            trials.setdefault(settings.sha256, Trial(values, settings))
    return list(trials.values())


def _key_of(text: str, flag: str, example: str, taken: Mapping[str, object]) -> tuple[str, str]:
    key, equals, told = text.partition("=")
    key = key.strip()
    if not equals or not told.strip():
        raise UsageError(f"{flag} {clean(text, 80)} names no values; write {flag} {example}")
    if key in taken:
        raise UsageError(f"{flag} names {clean(key, 80)} twice; write all of its values in one")
    if key in setting_fields() and key not in swept_keys():
        raise UsageError(f"{key} does not change what a backtest trades, so there is nothing to sweep; leave it out")
    return key, told


def _value(key: str, text: str, origin: str) -> Any:  # noqa: ANN401 - a setting may be of any type
    """A setting's value from text; a number may begin with its point. Raises `ConfigError`."""
    settings: Any = build([Given(key, _BARE_POINT.sub(r"\g<1>0.", text), origin, is_text=True)])
    for name in key.split("."):
        settings = getattr(settings, name)
    return settings


def _draws(ranges: Mapping[str, Range], draws: int, seed: int) -> list[dict[str, Any]]:
    generator = np.random.default_rng(seed)
    return [{key: _drawn(each, generator) for key, each in ranges.items()} for _ in range(draws)]


def _drawn(each: Range, generator: np.random.Generator) -> float:
    if each.whole:
        return int(generator.integers(int(each.low), int(each.high), endpoint=True))
    # Six digits are enough to tell trials apart, and can be read and written.
    number = float(f"{generator.uniform(each.low, each.high):.6g}")
    return min(max(number, each.low), each.high)


def _with(usual: TrialSettings, values: Mapping[str, Any]) -> TrialSettings:
    parts: dict[str, dict[str, Any]] = {}
    for key, value in values.items():
        section, _, name = key.partition(".")
        parts.setdefault(section, {})[name] = value
    replace = msgspec.structs.replace
    return TrialSettings(
        screen=replace(usual.screen, **parts.get("batch_mode", {})),
        fusion=replace(usual.fusion, **parts.get("fusion", {})),
        strategy=replace(usual.strategy, **parts.get("strategy", {})),
        taker_fee_bps=parts.get("costs", {}).get("taker_fee_bps", usual.taker_fee_bps),
    )
