"""Answers from a bundle: ONNX Runtime and numpy, nothing else.

features → scalers of the bundle → graph → calibration of the bundle → answers. A bundle is asked its own golden
questions before it is believed: one that answers them otherwise than where it was made is refused.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np

from app.core.errors import BundleRefused
from app.tokens import bundle_parts as parts
from app.tokens.bundle import (
    CALIBRATION,
    CARD,
    DRIFT,
    GOLDEN,
    GRAPH,
    SCALERS,
    THRESHOLDS,
    Bundle,
    verify,
)
from app.tokens.bundle_fit import check_fit
from app.tokens.features import WIDTH, Singles
from app.tokens.heads import HEADS

GOLDEN_TOLERANCE = 1e-4
"""Of a golden answer, relative to 1 or to it, whichever is more: processors add in another order."""

Graph = Callable[[Singles], Singles]
"""(n, WIDTH) scaled features → (n, 3): logit, score of gain, logit."""
_Part = TypeVar("_Part")


class Predictor:
    """A bundle that answers. Safe to be asked by one thread at a time."""

    def __init__(self, bundle: Bundle, graph: Graph | None = None) -> None:
        """Get ready to answer from `bundle`; `graph` takes the place of its ONNX graph.

        Raises `BundleRefused` with the reason why it may not be asked.
        """
        check_fit(bundle)
        _check_runtime(bundle)
        self.bundle = bundle
        scalers = _sound(bundle.part(SCALERS, parts.Scalers), parts.flaw_of_scalers)
        # Arrays made once: to make them of a bundle's lists at each call would cost more than the graph.
        self._centre, self._spread = scalers.arrays()
        maps = _sound(bundle.part(CALIBRATION, parts.Calibration), parts.flaw_of_calibration)
        self._maps = [maps[head].prepared() for head in HEADS]
        self._graph = onnx_graph(bundle.files[GRAPH]) if graph is None else graph
        # What answering needs not is read all the same: a file that does not hold what its name says is refused.
        bundle.part(THRESHOLDS, parts.Thresholds)
        bundle.part(DRIFT, parts.Drift)
        bundle.part(CARD, parts.Card)
        _check_golden(self, bundle)

    @classmethod
    def open(cls, folder: Path) -> "Predictor":
        """A predictor of the bundle in `folder`. Raises `BundleRefused`."""
        return cls(verify(folder))

    def predict(self, rows: Singles) -> Singles:
        """(n, 628) float32 features → (n, 3) float32 answers in the order of `HEADS`.

        Raises `ValueError` for rows of another shape or type, or that are not finite.
        """
        raw = self.raw(rows)
        return np.stack([mapped(raw[:, place]) for place, mapped in enumerate(self._maps)], axis=1)

    def raw(self, rows: Singles) -> Singles:
        """What the graph says before calibration: (n, 628) → (n, 3). Raises `ValueError` as `predict` does."""
        if rows.ndim != 2 or rows.shape[1] != WIDTH or rows.dtype != np.float32:
            raise ValueError(f"features are rows of {WIDTH} float32, not {rows.shape} of {rows.dtype}")
        if not np.isfinite(rows).all():
            raise ValueError("a feature is not finite")
        return self._graph((rows - self._centre) / self._spread)


class _Tensor(NamedTuple):
    name: str
    type: str
    shape: list[object]


def onnx_graph(content: bytes, threads: int = 1) -> Graph:
    """The graph of a bundle, to be run on `threads` threads.

    Raises `BundleRefused` for one of another shape, and for one that would have numbers read from another file.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 4
    # Numbers outside the graph are in no file that the manifest vouches for, and no file lies below this path.
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", os.devnull)
    try:
        # Without a second try, which would say so on standard output.
        session = onnxruntime.InferenceSession(
            content, options, providers=["CPUExecutionProvider"], enable_fallback=False
        )
        tensors = _tensors(session)
    except Exception as error:
        raise BundleRefused(f"{GRAPH} is no graph that can be run ({_short(error)}); train the bundle again") from error
    _check_tensors(tensors)

    def run(rows: Singles) -> Singles:
        answer: Singles = session.run(["raw"], {"features": rows})[0]
        return answer

    return run


def _tensors(session: Any) -> list[_Tensor]:  # noqa: ANN401 - the runtime has no types of its own
    """What goes in and what comes out."""
    return [_Tensor(each.name, each.type, list(each.shape)) for each in (*session.get_inputs(), *session.get_outputs())]


def _check_tensors(found: list[_Tensor]) -> None:
    wanted = [("features", WIDTH), ("raw", len(HEADS))]
    are_tables = all(each.type == "tensor(float)" and len(each.shape) == 2 for each in found)
    if not are_tables or [(each.name, each.shape[-1]) for each in found] != wanted:
        raise BundleRefused(f"{GRAPH} does not turn `features` of {WIDTH} into `raw` of {len(HEADS)}; train it again")


def _check_runtime(bundle: Bundle) -> None:
    import onnxruntime

    if _numbers(onnxruntime.__version__) < _numbers(bundle.manifest.minimum_runtime):
        raise BundleRefused(f"it needs onnxruntime {bundle.manifest.minimum_runtime} or newer; this is "
                            f"{onnxruntime.__version__}; run: python -m pip install -U onnxruntime")  # fmt: skip


def _check_golden(predictor: Predictor, bundle: Bundle) -> None:
    golden = _sound(bundle.part(GOLDEN, parts.Golden), parts.flaw_of_golden)
    expected = np.array(golden.outputs, dtype=np.float32)
    try:
        answers = predictor.predict(np.array(golden.inputs, dtype=np.float32))
    except Exception as error:
        raise BundleRefused(f"it fails on its own golden inputs ({_short(error)}); train it again") from error
    wrong = np.abs(answers - expected) > GOLDEN_TOLERANCE * np.maximum(1, np.abs(expected))
    if answers.shape != expected.shape or (wrong | ~np.isfinite(answers)).any():
        raise BundleRefused("it does not answer its golden inputs as it did where it was made; train it again")


def _sound(part: _Part, flaw_of: Callable[[_Part], str]) -> _Part:
    if flaw := flaw_of(part):
        raise BundleRefused(f"{flaw}; train it again")
    return part


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int("".join(filter(str.isdigit, piece)) or 0) for piece in version.split(".")[:3])


def _short(error: Exception) -> str:
    return str(error).splitlines()[0][:160] if str(error) else type(error).__name__
