"""The serving graph: network and trees as one ONNX graph, written node by node from their weights.

`raw` = share · network + (1 − share) · trees, a share a head. Written by hand so that it holds just what serving needs,
and the same weights always give the same bytes.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from app.tokens.candles import SLOTS
from app.tokens.features import WIDTH, Singles
from app.tokens.heads import HEADS
from app.training.library import needed
from app.training.token_columns import COLUMNS, HOUR_SLOTS
from app.training.token_trees import Trees

OPSETS = {"": 17, "ai.onnx.ml": 3}
MINIMUM_RUNTIME = "1.18.0"
_IR_VERSION = 8
_FARTHEST = 8.0
_END = 2**31 - 1


class _Writer:
    """Nodes in order, and the constants they use."""

    def __init__(self) -> None:
        self.onnx = needed("onnx")
        self.nodes: list[Any] = []
        self.constants: dict[str, np.ndarray[Any, Any]] = {}

    def constant(self, name: str, value: object, kind: type[np.generic] = np.float32) -> str:
        """A constant of the graph; the name to use it by."""
        self.constants[name] = np.asarray(value, dtype=kind)
        return name

    def __call__(self, operator: str, inputs: Sequence[str], name: str, **attributes: object) -> str:
        """A node with one output, `name`."""
        self.nodes.append(self.onnx.helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def axes(self, *axes: int) -> str:
        return self.constant("axes_" + "_".join(map(str, axes)), axes, np.int64)

    def last_slots(self, value: str, count: int, name: str) -> str:
        """The last `count` along the last axis."""
        start, end = self.constant(f"from_{count}", [-count], np.int64), self.constant("end", [_END], np.int64)
        return self("Slice", [value, start, end, self.axes(-1)], name)

    def model(self) -> bytes:
        """The graph as bytes, checked."""
        helper, number = self.onnx.helper, self.onnx.TensorProto.FLOAT
        told = helper.make_tensor_value_info("features", number, ["n", WIDTH])
        answered = helper.make_tensor_value_info("raw", number, ["n", len(HEADS)])
        constants = [self.onnx.numpy_helper.from_array(value, name) for name, value in self.constants.items()]
        graph = helper.make_graph(self.nodes, "tokens", [told], [answered], constants)
        opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION, producer_name="tapedeck")
        self.onnx.checker.check_model(model)
        content: bytes = model.SerializeToString(deterministic=True)
        return content


def graph_of(weights: Mapping[str, Singles], trees: Sequence[Trees], share: Singles) -> bytes:
    """The graph of a network's `weights` (convolutions), the trees of each head, and the network's share of each."""
    write = _Writer()
    candles, mask, singles = _parts(write)
    pooled = _encoder(write, candles, mask, weights)
    network = _heads(write, pooled, singles, weights)
    grown = _trees(write, singles, trees)
    ours, theirs = write.constant("share", share), write.constant("rest", 1 - share)
    weighted = write("Mul", [network, ours], "network_share"), write("Mul", [grown, theirs], "trees_share")
    write("Add", weighted, "raw")
    return write.model()


def _parts(write: _Writer) -> tuple[str, str, str]:
    """Candles (n, 5, 100), the mask (n, 1, 100), and 37 single numbers."""
    low, high = write.constant("lowest", -_FARTHEST), write.constant("highest", _FARTHEST)
    bounded = write("Clip", ["features", low, high], "bounded")
    sizes = write.constant("sizes", [SLOTS * COLUMNS, SLOTS, 7, 7, 7, 7], np.int64)
    names = ["flat", "flat_mask", "context", "context_known", "indicated", "indicated_known"]
    write.nodes.append(write.onnx.helper.make_node("Split", [bounded, sizes], names, axis=1))
    table = write("Reshape", ["flat", write.constant("table_shape", [-1, SLOTS, COLUMNS], np.int64)], "table")
    mask = write("Unsqueeze", ["flat_mask", write.axes(1)], "mask")
    candles = write("Mul", [write("Transpose", [table], "turned", perm=[0, 2, 1]), mask], "candles")
    told = write("Mul", ["context", "context_known"], "told")
    shown = write("Mul", ["indicated", "indicated_known"], "shown")
    parts = [told, "context_known", shown, "indicated_known", *_summaries(write, candles, mask)]
    return candles, mask, write("Concat", parts, "singles", axis=1)


def _summaries(write: _Writer, candles: str, mask: str) -> list[str]:
    """The nine of `token_network.summaries`, each (n, 1)."""
    columns = ["open", "high", "low", "close", "volume"]
    split = write.constant("ones", [1] * COLUMNS, np.int64)
    write.nodes.append(write.onnx.helper.make_node("Split", [candles, split], columns, axis=1))
    count = _counted(write, mask)
    centred = write("Sub", ["close", write("Div", [_sum(write, "close"), count], "mean_close")], "off_mean")
    square = write("Mul", [write("Mul", [centred, mask], "centred"), "centred"], "square")
    variance = write("Div", [_sum(write, square), count], "variance")
    body = write("Abs", [write("Sub", ["close", "open"], "change")], "body")
    wide = write("Sub", ["high", "low"], "wide")
    shares = [
        write("ReduceMean", [mask], "filled", axes=[2], keepdims=1),
        write("ReduceMean", [write.last_slots(mask, HOUR_SLOTS, "recent_mask")], "recent", axes=[2], keepdims=1),
        write("ReduceMax", ["high"], "top", axes=[2], keepdims=1),
        write("ReduceMin", ["low"], "bottom", axes=[2], keepdims=1),
        "mean_close",
        write("Sqrt", [variance], "deviation"),
        write("Div", [_sum(write, body), count], "mean_body"),
        write("Div", [_sum(write, wide), count], "mean_range"),
        write("ReduceMean", [write.last_slots("volume", HOUR_SLOTS, "recent_volume")], "volumes", axes=[2], keepdims=1),
    ]
    return [write("Squeeze", [each, write.axes(2)], f"summary_{place}") for place, each in enumerate(shares)]


def _sum(write: _Writer, value: str) -> str:
    return write("ReduceSum", [value, write.axes(2)], f"sum_{value}", keepdims=1)


def _counted(write: _Writer, mask: str) -> str:
    """Candles of each row (n, 1, 1), at least 1."""
    return write("Max", [_sum(write, mask), write.constant("one", 1.0)], "count")


def _encoder(write: _Writer, candles: str, mask: str, weights: Mapping[str, Singles]) -> str:
    slots = write("Concat", [candles, mask], "slots", axis=1)
    encode = _recurrence if "recurrence.weight_ih_l0" in weights else _convolutions
    slots = encode(write, slots, mask, weights)
    mean = write("Div", [_sum(write, slots), "count"], "encoded_mean")
    most = write("ReduceMax", [slots], "encoded_most", axes=[2], keepdims=1)
    recent = write.last_slots(slots, HOUR_SLOTS // 2, "encoded_recent")
    latest = write("ReduceMean", [recent], "encoded_latest", axes=[2], keepdims=1)
    joined = write("Concat", [mean, most, latest], "encoded", axis=1)
    return write("Squeeze", [joined, write.axes(2)], "pooled")


def _convolutions(write: _Writer, slots: str, mask: str, weights: Mapping[str, Singles]) -> str:
    for layer, dilation, padding in (("near", 1, 2), ("wider", 2, 2), ("widest", 4, 4)):
        kernel = write.constant(f"{layer}.weight", weights[f"{layer}.weight"])
        bias = write.constant(f"{layer}.bias", weights[f"{layer}.bias"])
        around = {"dilations": [dilation], "pads": [padding, padding]}
        convolved = write("Conv", [slots, kernel, bias], f"{layer}_convolved", **around)
        slots = write("Mul", [write("Relu", [convolved], f"{layer}_bent"), mask], layer)
    return slots


def _recurrence(write: _Writer, slots: str, mask: str, weights: Mapping[str, Singles]) -> str:
    """torch keeps the gates of a unit as reset, update, new; ONNX as update, reset, hidden."""
    steps = write("Transpose", [slots], "steps", perm=[2, 0, 1])
    inner, outer = (_gates(weights[f"recurrence.weight_{kind}_l0"])[None] for kind in ("ih", "hh"))
    bias = np.concatenate([_gates(weights[f"recurrence.bias_{kind}_l0"]) for kind in ("ih", "hh")])[None]
    inputs = [
        steps,
        write.constant("recurrence.inner", inner),
        write.constant("recurrence.outer", outer),
        write.constant("recurrence.bias", bias),
    ]
    units = int(outer.shape[-1])
    states = write("GRU", inputs, "states", hidden_size=units, linear_before_reset=1)
    turned = write("Transpose", [write("Squeeze", [states, write.axes(1)], "each_step")], "by_unit", perm=[1, 2, 0])
    return write("Mul", [turned, mask], "recurred")


def _gates(values: Singles) -> Singles:
    reset, update, new = np.split(values, 3)
    return np.concatenate([update, reset, new])


def _heads(write: _Writer, pooled: str, singles: str, weights: Mapping[str, Singles]) -> str:
    value = write("Concat", [pooled, singles], "joined", axis=1)
    for layer in ("hidden", "heads"):
        inputs = [
            value,
            *(write.constant(f"{layer}.{part}", weights[f"{layer}.{part}"]) for part in ("weight", "bias")),
        ]
        value = write("Gemm", inputs, f"{layer}_out", transB=1)
        if layer == "hidden":
            value = write("Relu", [value], "hidden_bent")
    straight = write(
        "Gemm", [singles, write.constant("straight.weight", weights["straight.weight"])], "straight", transB=1
    )
    return write("Add", [value, straight], "network")


def _trees(write: _Writer, singles: str, trees: Sequence[Trees]) -> str:
    """All trees of all heads in one node, each of which adds to its own head."""
    every: dict[str, list[Any]] = {}
    first_tree = 0
    for head, each in enumerate(trees):
        for name, values in _nodes(each, head, first_tree).items():
            every.setdefault(name, []).extend(values)
        first_tree += len(each.root)
    base = [each.base for each in trees]
    node = write.onnx.helper.make_node(
        "TreeEnsembleRegressor", [singles], ["grown"], domain="ai.onnx.ml", n_targets=len(trees), base_values=base,
        aggregate_function="SUM", **every,
    )  # fmt: skip
    write.nodes.append(node)
    return "grown"


def _nodes(trees: Trees, head: int, first_tree: int) -> dict[str, list[Any]]:
    places = np.arange(len(trees.feature))
    tree = np.searchsorted(trees.root, places, side="right") - 1
    start, leaf = trees.root[tree], trees.left == places
    numbers, own = tree + first_tree, places - start
    return {
        "nodes_treeids": numbers.tolist(),
        "nodes_nodeids": own.tolist(),
        "nodes_featureids": trees.feature.tolist(),
        "nodes_values": trees.threshold.tolist(),
        "nodes_modes": ["LEAF" if each else "BRANCH_LEQ" for each in leaf.tolist()],
        "nodes_truenodeids": np.where(leaf, 0, trees.left - start).tolist(),
        "nodes_falsenodeids": np.where(leaf, 0, trees.right - start).tolist(),
        "target_treeids": numbers[leaf].tolist(),
        "target_nodeids": own[leaf].tolist(),
        "target_ids": [head] * int(leaf.sum()),
        "target_weights": trees.value[leaf].tolist(),
    }
