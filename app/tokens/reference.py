"""What a bundle says of the data it was trained on, for whoever watches it answer: read once, never trusted blindly."""

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from app.core.errors import BundleRefused
from app.tokens import bundle_parts as parts
from app.tokens.bundle import CARD, DRIFT, Bundle, verify
from app.tokens.drift import BINS, WATCHED
from app.tokens.heads import P_RISE, P_RUG

_Share = Annotated[float, Meta(ge=0, le=1)]
_Edges = Annotated[tuple[Annotated[float, Meta(gt=-1e6, lt=1e6)], ...], Meta(max_length=4 * BINS)]
SERVED = "served"


class Trained(msgspec.Struct, frozen=True):
    """How good a head's probabilities were on later tokens in training: of `n` rows. `calibration_error` is None where
    the card gives it by another measure, as `ece`: over bins of equally many rows."""

    brier: _Share
    base_rate: _Share
    n: Annotated[int, Meta(ge=0)]
    calibration_error: _Share | None = None


class BundleReference(msgspec.Struct, frozen=True):
    """The reference histograms of a bundle by feature, and its scores by head where its card has them."""

    version: Annotated[str, Meta(max_length=100)]
    drift: dict[str, parts.Histogram]
    trained: dict[str, Trained]


class _Estimate(msgspec.Struct):
    value: _Share


class _Score(msgspec.Struct):
    model: str
    n: int
    base_rate: _Share
    brier: _Estimate
    calibration_error: _Share | None = None


class _Head(msgspec.Struct):
    head: str
    scores: list[_Score]


class _Question(msgspec.Struct):
    heads: list[_Head]


class _Metrics(msgspec.Struct):
    questions: list[_Question] = []


def read_reference(folder: Path) -> BundleReference:
    """The reference of the bundle in a folder. Raises `BundleRefused` for one that cannot be used."""
    return reference_of(verify(folder))


def reference_of(bundle: Bundle) -> BundleReference:
    """The reference of a bundle that was read. Raises `BundleRefused` for one that cannot be used."""
    card = bundle.part(CARD, parts.Card)
    found = BundleReference(bundle.manifest.version, bundle.part(DRIFT, parts.Drift), _trained(card))
    if flaw := flaw_of(found):
        raise BundleRefused(f"{flaw}; train it again")
    return found


def flaw_of(reference: BundleReference) -> str:
    """What is wrong with a reference; empty for nothing."""
    strange = reference.drift.keys() - WATCHED
    if strange:
        return f"its reference is of {len(strange)} features that no token has"
    for name, histogram in reference.drift.items():
        try:
            edges = msgspec.convert(histogram.edges, _Edges)
            msgspec.convert(histogram.shares, tuple[_Share, ...])
        except msgspec.ValidationError:
            return f"the reference histogram of {name[:40]} holds what is no edge or no share"
        if len(histogram.shares) != len(edges) + 1 or list(edges) != sorted(set(edges)):
            return f"the reference histogram of {name[:40]} has edges that do not rise, or too few shares"
    return ""


def _trained(card: parts.Card) -> dict[str, Trained]:
    """Scores of what is served on the first question of the card; without such there are none."""
    try:
        metrics = msgspec.convert(card.metrics, _Metrics)
    except msgspec.ValidationError:
        return {}
    heads = metrics.questions[0].heads if metrics.questions else []
    return {
        head.head: Trained(score.brier.value, score.base_rate, score.n, score.calibration_error)
        for head in heads
        if head.head in (P_RISE, P_RUG)
        for score in head.scores
        if score.model == SERVED
    }
