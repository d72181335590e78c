"""From a trained model to a bundle: files, golden vectors, card; held against torch before anybody points to it."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from safetensors.numpy import save

from app import __version__
from app.config.token_settings import TokenDecisionSettings
from app.core.errors import DataError, TapedeckError
from app.tokens import bundle as names
from app.tokens import bundle_parts as parts
from app.tokens.candles import Integers
from app.tokens.drift import reference
from app.tokens.features import Singles, schema
from app.tokens.heads import HEADS, LABEL_OF, SENTENCES
from app.tokens.predictor import onnx_graph
from app.training.token_card import measured_tables
from app.training.token_evaluation import Question, findings
from app.training.token_graph import MINIMUM_RUNTIME, OPSETS, graph_of
from app.training.token_model import Model, answers, mixed_raw, raw_of, trees_raw_of, weights_of
from app.training.token_network import GAIN_RANGE_PCT, parameters
from app.training.tokens_data import Samples, Split

GOLDEN_ROWS = 4
LEAST_LABELS = 20
_FEWEST_JUDGED = 100
SAME = 1e-5
"""ONNX Runtime and torch may differ by so much."""


class Origin(NamedTuple):
    """Where the data is from: simulated or real, in words, its hash, and the command that trains on it."""

    kind: parts.Origin
    data: tuple[str, ...]
    sha256: str
    command: str


class Split3(NamedTuple):
    """Rows of each part, and a hash of which they are."""

    parts: Split
    sha256: str


def check_labels(samples: Samples, parts: Split, remedy: str) -> None:
    """Raises `DataError` where a head has too few labels to learn or to be calibrated: it would answer all the same.

    `remedy` says what to do then.
    """
    for head, label in LABEL_OF.items():
        known = [int(np.isfinite(samples.label(label)[part]).sum()) for part in (parts.train, parts.validation)]
        if min(known) < LEAST_LABELS:
            raise DataError(f"{head} has {known[0]} labels to train on and {known[1]} to validate, and {LEAST_LABELS} "
                            f"of each are needed; {remedy}")  # fmt: skip


def manifest_of(version: str, origin: parts.Origin, made_at_s: int) -> parts.Manifest:
    """The manifest of a bundle of ours; the hashes of its files are added when it is written."""
    return parts.Manifest(
        format=parts.FORMAT,
        version=version,
        origin=origin,
        made_at_s=made_at_s,
        feature_schema_sha256=schema().sha256,
        heads=HEADS,
        opsets=OPSETS,
        minimum_runtime=MINIMUM_RUNTIME,
        files={},
    )


def files_of(
    model: Model, samples: Samples, split: Split3, origin: Origin, questions: Sequence[Question],
    promotion: Sequence[str] = (),
) -> dict[str, bytes]:  # fmt: skip
    """All files of the bundle; `promotion` is for its card.

    Raises `TapedeckError` when graph and network do not say the same.
    """
    graph = graph_of(_layers(model), model.trees, model.share)
    asked = samples.features[split.parts.validation]
    _check(graph, model, asked)
    card = msgspec.structs.replace(_card(model, samples, split, origin, questions), promotion=tuple(promotion))
    golden = asked[_spread_out(len(asked), GOLDEN_ROWS)]
    values = {
        names.SCALERS: model.scalers,
        names.SCHEMA: schema(),
        names.CALIBRATION: model.calibration,
        names.DRIFT: reference(judged(samples.rows(split.parts.train))),
        names.THRESHOLDS: parts.Thresholds(),
        names.GOLDEN: parts.Golden(_lists(golden), _lists(answers(model, golden).served)),
        names.CARD: card,
    }
    written = {name: msgspec.json.encode(value) + b"\n" for name, value in values.items()}
    text = card_text(card, model, questions).encode()
    return {names.GRAPH: graph, names.WEIGHTS: save(weights_of(model)), names.CARD_TEXT: text, **written}


def card_text(card: parts.Card, model: Model, questions: Sequence[Question]) -> str:
    """The card for people."""
    served = [f"- `{head}`: {SENTENCES[head]}. Served by {card.served[head]}." for head in HEADS]
    lines = [
        f"# Token model, {card.origin}",
        "",
        *card.limits[:1],
        "",
        "## What it answers",
        "",
        *served,
        "",
        f"The network has {parameters(model.network):,} parameters; training ended after {model.progress.epoch} "
        f"epochs, the best of which was {model.progress.best_epoch}.",
        "",
        "## What it was made from",
        "",
        f"- made with: `{card.made_with}` (tapedeck {card.code_version}, seed {card.seed})",
        *(f"- {each}" for each in card.data),
        f"- hash of the data: {card.data_sha256}",
        f"- split: {card.split}",
        f"- hash of the split: {card.split_sha256}",
        "",
        "## What was measured",
        "",
        *measured_tables(questions),
        "Differences with their 95 % intervals over tokens. “Does not beat” means that the interval holds 0.",
        "",
        *(f"- {each}" for each in card.findings),
        "",
        *(
            ("## Against the bundle before it", "", *(f"- {each}" for each in card.promotion), "")
            if card.promotion
            else ()
        ),
        "## Limits",
        "",
        *(f"- {each}" for each in card.limits),
    ]
    return "\n".join(lines) + "\n"


def _card(model: Model, samples: Samples, split: Split3, origin: Origin, questions: Sequence[Question]) -> parts.Card:
    counts = [f"{len(part):,} rows {name}" for name, part in zip(Split._fields[:4], split.parts[:4], strict=True)]
    return parts.Card(
        origin=origin.kind,
        made_with=origin.command,
        code_version=__version__,
        data=(*origin.data, f"{len(samples.token):,} rows of {len(set(samples.token.tolist())):,} tokens"),
        data_sha256=origin.sha256,
        split=f"by token and by time: {', '.join(counts)}",
        split_sha256=split.sha256,
        seed=model.progress.recipe.seed,
        served=model.served,
        findings=findings(questions) or ("Nothing was measured.",),
        limits=_limits(origin.kind),
        metrics={"questions": msgspec.to_builtins(list(questions))},
    )


def _limits(origin: parts.Origin) -> tuple[str, ...]:
    simulated = (
        "SIMULATED: it was trained on launches that tapedeck makes up. It knows nothing of real tokens, and no figure "
        "on this card says anything of them. On live tokens its answers are not to be trusted."
    )
    real = "It was trained on recordings. It knows what became of those tokens, not what becomes of others."
    return (
        simulated if origin == "SIMULATED" else real,
        "Early stopping, the choice of what is served and calibration use the same validation rows.",
        f"Gains beyond {GAIN_RANGE_PCT[0]:g} to {GAIN_RANGE_PCT[1]:g} % counted as these bounds: expected gains are of "
        "bounded gains.",
        "A rise is judged by closes of five minutes after a 1 % round trip; on highs far more tokens rise.",
        "Rows of a token overlap in their horizons; intervals count tokens.",
    )


def _layers(model: Model) -> dict[str, Singles]:
    return {name: each.numpy() for name, each in model.network.state_dict().items()}


def _check(graph: bytes, model: Model, asked: Singles) -> None:

    rows = model.scalers.scaled(asked)
    expected = mixed_raw(model.share, raw_of(model.network, rows), trees_raw_of(model.trees, rows))
    apart = np.abs(onnx_graph(graph)(rows) - expected) / np.maximum(1, np.abs(expected))
    if not (apart <= SAME).all():
        rows_apart = int((apart > SAME).any(axis=1).sum())
        raise TapedeckError(f"the graph and the network differ by {apart.max():.2g} on {rows_apart} "
                            f"of {len(rows)} rows; nothing was published, train with another --seed")  # fmt: skip


def _spread_out(count: int, wanted: int) -> Integers:
    return np.unique(np.linspace(0, count - 1, wanted).astype(np.int64))


def judged(samples: Samples) -> Singles:
    """Features of the rows that a deck would judge: it leaves those with fewer candles alone, so drift is measured
    against the others. All of them where too few are left to say how they are distributed."""
    enough = samples.candles >= TokenDecisionSettings().minimum_candles
    return samples.features[enough] if enough.sum() >= _FEWEST_JUDGED else samples.features


def _lists(rows: Singles) -> tuple[tuple[float, ...], ...]:
    """Rows as the shortest decimal numbers that are these 32-bit ones."""
    return tuple(tuple(float(str(value)) for value in row) for row in rows)
