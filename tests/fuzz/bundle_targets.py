"""A bundle of the token model: each of its files, and what is read of it by whoever watches it answer."""

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import numpy as np
from target import Target, each, from_file
from tiny_bundle import files_of, graph_of, manifest_of, matrix, rows_of

from app.config.locations import shipped
from app.tokens import bundle as bundles
from app.tokens.bundle import Bundle
from app.tokens.bundle_fit import check_fit
from app.tokens.bundle_parts import FileHash
from app.tokens.features import Singles
from app.tokens.predictor import Predictor
from app.tokens.reference import reference_of

_TEXTS = (
    bundles.SCALERS, bundles.SCHEMA, bundles.CALIBRATION, bundles.DRIFT, bundles.THRESHOLDS, bundles.GOLDEN,
    bundles.CARD,
)  # fmt: skip


@cache
def _files() -> dict[str, bytes]:
    return files_of()


def _with(name: str, data: bytes) -> Bundle:
    """A bundle of which one file is another. Its hashes are not asked: whoever writes a file can write its hash."""
    return Bundle(manifest_of(), "0" * 64, {**_files(), name: data})


def _asks(name: str) -> Callable[[bytes], None]:
    """Opens a bundle with the bytes in the place of this file, and asks it and its reference."""

    def read(data: bytes) -> None:
        bundle = _with(name, data)
        Predictor(bundle, None if name == bundles.GRAPH else _by_hand).predict(rows_of())
        reference_of(bundle)

    return read


def _by_hand(rows: Singles) -> Singles:
    """What the tiny graph answers, without a runtime."""
    return rows @ matrix()


def _manifests() -> list[bytes]:
    hashes = {name: FileHash(hashlib.sha256(content).hexdigest(), len(content)) for name, content in _files().items()}
    return [msgspec.json.encode(msgspec.structs.replace(manifest_of(), files=hashes))]


def _verify(path: Path) -> None:
    """The bytes as a manifest beside the files that it should name."""
    for name, content in _files().items():
        (path.parent / name).write_bytes(content)
    check_fit(bundles.verify(path.parent))


@cache
def _shipped() -> Bundle:
    return bundles.verify(shipped("data") / "token_bundles" / "simulated-1")


def _weights(data: bytes) -> None:
    from app.training.token_network import torch_graph

    bundle = _shipped()._replace(files={**_shipped().files, bundles.WEIGHTS: data})
    Predictor(bundle, torch_graph(bundle))


def _go_on_training(data: bytes) -> None:
    """The bytes as the tensors of a checkpoint, which a training then goes on from."""
    from app.training import token_training as training

    run = _training()
    state = {"progress": run.progress, "tensors_sha256": hashlib.sha256(data).hexdigest()}
    with TemporaryDirectory(prefix="tapedeck-fuzz-") as folder:
        (Path(folder) / training.TENSORS).write_bytes(data)
        (Path(folder) / training.STATE).write_bytes(msgspec.json.encode(state))
        run.take_up(Path(folder))


def _checkpoints() -> list[bytes]:
    from app.training.token_training import TENSORS

    with TemporaryDirectory(prefix="tapedeck-fuzz-") as folder:
        _training().keep(Path(folder))
        return [(Path(folder) / TENSORS).read_bytes()]


@cache
def _training() -> Any:
    """A training after its first epoch."""
    from app.training import token_training as training

    run = training._Run(_table(), training.Recipe())
    run.epoch()
    return run


def _table() -> Any:
    from app.training.token_training import Table

    places = np.arange(2)
    return Table(rows_of(count=2), np.ones((2, 3), dtype=np.float32), places, places)


BUNDLE_TARGETS: dict[str, Target] = {
    "manifest": Target(from_file(bundles.MANIFEST, _verify), _manifests),
    "texts of a bundle": Target(each(map(_asks, _TEXTS)), lambda: [_files()[name] for name in _TEXTS]),
    "graph of a bundle": Target(_asks(bundles.GRAPH), lambda: [graph_of()]),
    "weights of a bundle": Target(_weights, lambda: [_shipped().files[bundles.WEIGHTS]], is_slow=True),
    "checkpoint": Target(_go_on_training, _checkpoints, is_slow=True),
}
