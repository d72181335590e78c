"""A bundle whose graph is one matrix: small enough to make for each test, and its answers can be reckoned by hand."""

import functools
from pathlib import Path

import msgspec
import numpy as np
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save

from app.tokens import bundle_parts as parts
from app.tokens.bundle import (
    CALIBRATION,
    CARD,
    CARD_TEXT,
    DRIFT,
    GOLDEN,
    GRAPH,
    SCALERS,
    SCHEMA,
    THRESHOLDS,
    WEIGHTS,
    publish,
)
from app.tokens.features import WIDTH, Singles, schema
from app.tokens.heads import HEADS

OPSET = 17
CALIBRATED: parts.Calibration = {
    "p_rise": parts.Platt(1.5, -0.5),
    "gain_pct": parts.Isotonic((-1.0, 0.0, 2.0), (-1.0, 3.0, 40.0)),
    "p_rug": parts.Isotonic((-2.0, 2.0), (0.1, 0.9)),
}


def matrix(seed: int = 1) -> Singles:
    """(628, 3): few features count, so that scores stay near 0."""
    rng = np.random.default_rng(seed)
    kept = rng.random((WIDTH, 3)) < 0.05
    return (rng.standard_normal((WIDTH, 3)) * kept / 3).astype(np.float32)


@functools.cache
def graph_of(seed: int = 1, width: int = WIDTH, answer: str = "raw") -> bytes:
    """`raw` = features · matrix."""
    weights = np.resize(matrix(seed), (width, 3))
    node = helper.make_node("MatMul", ["features", "matrix"], [answer])
    told = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", width])
    answered = helper.make_tensor_value_info(answer, TensorProto.FLOAT, ["n", 3])
    graph = helper.make_graph([node], "tiny", [told], [answered], [numpy_helper.from_array(weights, "matrix")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)
    content: bytes = model.SerializeToString()
    return content


def scalers() -> parts.Scalers:
    return parts.Scalers((0.25,) * WIDTH, (2.0,) * WIDTH)


def rows_of(seed: int = 2, count: int = 3) -> Singles:
    """Features at random: no token's, but of the right shape."""
    return np.random.default_rng(seed).uniform(-2, 2, (count, WIDTH)).astype(np.float32)


def by_hand(rows: Singles, seed: int = 1) -> Singles:
    """What the tiny bundle answers to `rows`, without its code."""
    raw = (rows - np.float32(0.25)) / np.float32(2.0) @ matrix(seed)
    rise = 1 / (1 + np.exp(-(1.5 * raw[:, 0] - 0.5)))
    gain = np.interp(raw[:, 1], [-1, 0, 2], [-1, 3, 40])
    rug = np.interp(raw[:, 2], [-2, 2], [0.1, 0.9])
    return np.stack([rise, gain, rug], axis=1).astype(np.float32)


def manifest_of(version: str = "tiny-1") -> parts.Manifest:
    return parts.Manifest(
        format=parts.FORMAT,
        version=version,
        origin="SIMULATED",
        made_at_s=1_790_000_000,
        feature_schema_sha256=schema().sha256,
        heads=HEADS,
        opsets={"": OPSET},
        minimum_runtime="1.18.0",
        files={},
    )


def card() -> parts.Card:
    return parts.Card(
        origin="SIMULATED",
        made_with="tests",
        code_version="0",
        data=("numbers at random",),
        data_sha256="0" * 64,
        split="none",
        split_sha256="0" * 64,
        seed=1,
        served=dict.fromkeys(HEADS, "a matrix at random"),
        findings=(),
        limits=("It knows nothing.",),
        metrics={},
    )


def files_of(seed: int = 1) -> dict[str, bytes]:
    """All files of a tiny bundle; another seed gives another matrix."""
    rows = rows_of(9, 2)
    golden = parts.Golden(_lists(rows), _lists(by_hand(rows, seed)))
    histogram = parts.Histogram((-1.0, 0.0, 1.0), (0.1, 0.4, 0.4, 0.1), 1.0)
    values = {
        SCALERS: scalers(),
        SCHEMA: schema(),
        CALIBRATION: CALIBRATED,
        DRIFT: {"age_s": histogram},
        THRESHOLDS: parts.Thresholds(),
        GOLDEN: golden,
        CARD: card(),
    }
    written = {name: msgspec.json.encode(value) for name, value in values.items()}
    return {GRAPH: graph_of(seed), WEIGHTS: save({"matrix": matrix(seed)}), CARD_TEXT: b"# A matrix\n", **written}


def tiny_bundle(root: Path, version: str = "tiny-1", seed: int = 1) -> Path:
    """A tiny bundle below `root`, verified and pointed to; its folder."""
    return publish(root, manifest_of(version), files_of(seed))


def _lists(rows: Singles) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(row) for row in rows.tolist())
