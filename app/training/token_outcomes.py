"""Samples of what a deck predicted and what became of it: the very features that the model was told, and their labels.

Nothing is reckoned again: features are the stored bytes, labels those that graded the predictions. So a model learns
from what serving sees, gaps and missing figures included.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from app.core.errors import DataError
from app.measures.returns import Floats
from app.store.reader import open_reader
from app.store.token_tables import TOKEN_OUTCOMES, TOKEN_PREDICTIONS, StoredPrediction, StoredTokenOutcome
from app.tokens.bundle_parts import Origin
from app.tokens.candles import SLOT_S, SLOTS
from app.tokens.features import LARGEST, WIDTH, Singles, parts, schema
from app.tokens.labels import RISE_HORIZON_S, RUG_HORIZON_S, Labels
from app.training.token_sources import OUTCOMES, Source
from app.training.tokens_data import LABELS, Samples

MOST_READ = 60_000
"""The newest predictions that are learnt from: about 150 MB of features."""
OPEN = "no outcome: open still, or the run ended before"
OTHER_SCHEMA = "its features were defined otherwise"
SPOILED = "its features cannot be"
UNKNOWN = "nothing of its outcome could be known"
_DAY_S = 86_400
Key = tuple[str, int]


class Learnt(NamedTuple):
    """Samples, and how many predictions are not among them or lack a label, by reason."""

    samples: Samples
    left_out: Counter[str]


def read_outcomes(database: Path, mode: str) -> Source:
    """All that a source's database tells of predictions and outcomes. Raises `DataError` where it tells nothing."""
    found = learnt(*asyncio.run(_read(database)))
    rows = len(found.samples.token)
    if not rows:
        why = f" ({_in_words(found.left_out)})" if found.left_out else ""
        raise DataError(f"{database.name} holds no prediction whose outcome is known{why}; "
                        f"let a {mode} deck or `tapedeck run` watch new tokens for some days")  # fmt: skip
    told = [f"{rows:,} predictions of a {mode} deck, of tokens that it watched and judged, with what became of them"]
    told += [f"not known: {_in_words(found.left_out)}"] if found.left_out else []
    origin: Origin = "SIMULATED" if mode == "demo" else "REAL"
    return Source(OUTCOMES, origin, tuple(told), found.samples)


def learnt(predictions: Iterable[StoredPrediction], outcomes: Iterable[StoredTokenOutcome]) -> Learnt:
    """One sample a prediction of which something is known, token by token, oldest first."""
    left_out: Counter[str] = Counter()
    became: dict[Key, dict[int, StoredTokenOutcome]] = {}
    for outcome in outcomes:
        became.setdefault((outcome.mint, outcome.at_ms), {})[outcome.horizon_s] = outcome
    ours, kept = schema().sha256, []
    for said in predictions:
        each = became.get((said.mint, said.at_ms), {})
        left_out.update(outcome.reason for outcome in each.values() if outcome.reason)
        why = _flaw(said, each, ours)
        if why:
            left_out[why] += 1
        else:
            kept.append((said, _figures(each)))
    kept.sort(key=lambda row: (row[0].mint, row[0].at_ms))
    return Learnt(_samples([said for said, _ in kept], [figures for _, figures in kept]), left_out)


async def _read(database: Path) -> tuple[list[StoredPrediction], list[StoredTokenOutcome]]:
    async with open_reader(database) as reader:
        predictions = await reader.select(TOKEN_PREDICTIONS, limit=MOST_READ)
        return predictions, await reader.select(TOKEN_OUTCOMES, limit=3 * MOST_READ)


def _flaw(said: StoredPrediction, became: Mapping[int, StoredTokenOutcome], schema_sha256: str) -> str:
    if said.schema_sha256 != schema_sha256:
        return OTHER_SCHEMA
    if len(said.features) != 4 * WIDTH or not (np.abs(_row(said)) <= LARGEST).all():
        return SPOILED
    if not became:
        return OPEN
    return "" if np.isfinite(_figures(became)).any() else UNKNOWN


def _row(said: StoredPrediction) -> Singles:
    return np.frombuffer(said.features, dtype="<f4").astype(np.float32)


def _figures(became: Mapping[int, StoredTokenOutcome]) -> list[float]:
    """Labels in the order of `LABELS`, NaN for what is not known."""
    hour, day = became.get(RISE_HORIZON_S), became.get(RUG_HORIZON_S)
    rises, gain, high = (None, None, None) if hour is None else (hour.rises, hour.gain_pct, hour.high_gain_pct)
    falls, drains = (None, None) if day is None else (day.falls, day.drains)
    told = Labels(rises, gain, high, falls, drains)
    truths = (rises, gain, high, falls, drains, told.rugs, None)
    return [np.nan if truth is None else float(truth) for truth in truths]


def _samples(said: list[StoredPrediction], figures: list[list[float]]) -> Samples:
    features = np.array([_row(each) for each in said], dtype=np.float32).reshape(-1, WIDTH)
    seen_s = np.array([each.seen_s for each in said], dtype=np.int64)
    born_s = np.array([min(each.created_s, each.seen_s) for each in said], dtype=np.int64)
    labelled: Floats = np.array(figures, dtype=np.float64).reshape(-1, len(LABELS))
    return Samples(
        SLOT_S,
        np.array([each.mint for each in said], dtype=np.str_),
        np.array(["outcomes"] * len(said), dtype=np.str_),
        seen_s,
        np.maximum(seen_s - max((SLOTS + 1) * SLOT_S, _DAY_S), born_s),
        seen_s + RUG_HORIZON_S,
        np.array([int(parts(row).mask.sum()) for row in features], dtype=np.int64),
        features,
        labelled,
    )


def _in_words(left_out: Mapping[str, int]) -> str:
    return "; ".join(f"{count:,} times {reason}" for reason, count in sorted(left_out.items()))
