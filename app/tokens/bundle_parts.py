"""The parts of a bundle as values: what each of its JSON files holds, and what of it cannot be right."""

from collections.abc import Callable
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta

from app.tokens.features import WIDTH, Singles
from app.tokens.heads import GAIN_PCT, HEADS

FORMAT = 1
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
Version = Annotated[str, Meta(pattern=r"^[0-9A-Za-z][0-9A-Za-z._-]{0,63}\Z")]
"""The name of a bundle, and of its folder: no separator, no leading dot."""
Origin = Literal["SIMULATED", "REAL"]
Share = Annotated[float, Meta(ge=0, le=1)]


class FileHash(msgspec.Struct, frozen=True):
    """What a file of a bundle must be."""

    sha256: Sha256
    size: Annotated[int, Meta(ge=0)]


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a bundle is, and what its files must be.

    `opsets` are those its graph uses, by domain ("" is the standard one); `minimum_runtime` is the oldest version of
    ONNX Runtime that may answer from it.
    """

    format: int
    version: Version
    origin: Origin
    made_at_s: int
    feature_schema_sha256: Sha256
    heads: tuple[str, ...]
    opsets: dict[str, int]
    minimum_runtime: Annotated[str, Meta(pattern=r"^\d{1,4}\.\d{1,4}\.\d{1,4}\Z")]
    files: dict[str, FileHash]


class Scalers(msgspec.Struct, frozen=True):
    """Features become (feature − centre) / spread before the graph sees them, one of each a feature."""

    centre: tuple[float, ...]
    spread: tuple[float, ...]

    def arrays(self) -> tuple[Singles, Singles]:
        """Centre and spread, each (WIDTH,) float32."""
        return np.array(self.centre, dtype=np.float32), np.array(self.spread, dtype=np.float32)

    def scaled(self, rows: Singles) -> Singles:
        """(n, WIDTH) features → the same scaled, float32."""
        centre, spread = self.arrays()
        result: Singles = (rows - centre) / spread
        return result


class Platt(msgspec.Struct, frozen=True, tag="platt", tag_field="kind"):
    """A score → 1 / (1 + e^−(slope · score + intercept)); Platt, Advances in Large Margin Classifiers, 1999."""

    slope: float
    intercept: float

    def __call__(self, raw: Singles) -> Singles:
        """Probabilities of scores."""
        logits = self.slope * raw.astype(np.float64) + self.intercept
        return (1 / (1 + np.exp(-np.clip(logits, -60, 60)))).astype(np.float32)

    def prepared(self) -> Callable[[Singles], Singles]:
        """The same, for many calls."""
        return self


class Isotonic(msgspec.Struct, frozen=True, tag="isotonic", tag_field="kind"):
    """A score → a value between those of the knots around it; outside them, that of the nearest."""

    scores: tuple[float, ...]
    values: tuple[float, ...]

    def __call__(self, raw: Singles) -> Singles:
        """Values of scores."""
        return self.prepared()(raw)

    def prepared(self) -> Callable[[Singles], Singles]:
        """The same, for many calls: its knots are made arrays once."""
        scores, values = np.array(self.scores), np.array(self.values)
        return lambda raw: np.interp(raw.astype(np.float64), scores, values).astype(np.float32)


Map = Platt | Isotonic
Calibration = dict[str, Map]
"""The map of each head, by its name."""


class Histogram(msgspec.Struct, frozen=True):
    """How a feature was distributed in training: shares between the `edges` (one more than edges), of what is known."""

    edges: tuple[float, ...]
    shares: tuple[float, ...]
    known: Share


Drift = dict[str, Histogram]


class Thresholds(msgspec.Struct, frozen=True):
    """Where decisions are cut: a token is rejected above `most_rug`, below `least_rise`, below `least_combined`."""

    most_rug: Share = 0.30
    least_rise: Share = 0.70
    least_combined: Share = 0.65


class Golden(msgspec.Struct, frozen=True):
    """Features and what the bundle answered to them when it was made; each row a list of numbers."""

    inputs: tuple[tuple[float, ...], ...]
    outputs: tuple[tuple[float, ...], ...]


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """What a person should know before believing a bundle. `served` says which kind of model answers for each head;
    `metrics` are those of `tapedeck eval tokens`; `promotion` says how it did against the bundle before it, and whether
    it took its place, where that was asked."""

    origin: Origin
    made_with: str
    code_version: str
    data: tuple[str, ...]
    data_sha256: str
    split: str
    split_sha256: str
    seed: int
    served: dict[str, str]
    findings: tuple[str, ...]
    limits: tuple[str, ...]
    metrics: dict[str, object]
    promotion: tuple[str, ...] = ()


def flaw_of_scalers(scalers: Scalers) -> str:
    """What is wrong with scalers; empty for nothing."""
    if len(scalers.centre) != WIDTH or len(scalers.spread) != WIDTH:
        return f"its scalers are not for {WIDTH} features"
    if not np.isfinite([scalers.centre, scalers.spread]).all() or min(scalers.spread) <= 0:
        return "its scalers are not finite, or a spread is not above 0"
    return ""


def flaw_of_calibration(calibration: Calibration) -> str:
    """What is wrong with the maps of the heads; empty for nothing."""
    if set(calibration) != set(HEADS):
        return f"its calibration is not of the heads {', '.join(HEADS)}"
    for head, mapped in calibration.items():
        if found := _flaw_of_map(mapped, is_probability=head != GAIN_PCT):
            return f"the calibration of {head} {found}"
    return ""


def flaw_of_golden(golden: Golden) -> str:
    """What is wrong with golden vectors; empty for nothing."""
    widths = {len(row) for row in golden.inputs}, {len(row) for row in golden.outputs}
    if widths != ({WIDTH}, {len(HEADS)}) or len(golden.inputs) != len(golden.outputs):
        return "its golden vectors are none, or of another width"
    return ""


def _flaw_of_map(mapped: Map, *, is_probability: bool) -> str:
    if isinstance(mapped, Platt):
        usable = np.isfinite([mapped.slope, mapped.intercept]).all() and mapped.slope > 0
        return "" if usable and is_probability else "is no rising map to a probability"
    scores, values = np.array(mapped.scores), np.array(mapped.values)
    if not 1 < len(scores) == len(values) or not np.isfinite([scores, values]).all():
        return "has no two finite knots"
    if (np.diff(scores) <= 0).any() or (np.diff(values) < 0).any():
        return "has knots that do not rise"
    if is_probability and not (values[0] >= 0 and values[-1] <= 1):
        return "leaves the range 0 to 1"
    return ""
