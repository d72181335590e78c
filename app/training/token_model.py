"""One trained answerer: scalers, network, trees beside it, how much each counts, and calibration.

The trees are the baseline "gradient boosting" as well as a part of what may be served: on the validation rows each head
takes the network, the trees or the mean of both, whichever loses least there. Test rows have no say in it.
"""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from app.measures.returns import Floats
from app.tokens.bundle_parts import Calibration, Scalers
from app.tokens.candles import Integers
from app.tokens.features import Singles
from app.tokens.heads import GAIN_PCT, HEADS, LABEL_OF
from app.training.token_calibration import isotonic, platt
from app.training.token_columns import fitted_scalers
from app.training.token_network import Network, single_numbers, targets
from app.training.token_training import Progress, Recipe, Table, trained
from app.training.token_trees import Trees, grown
from app.training.tokens_data import Samples

SHARES = (1.0, 0.5, 0.0)
_AT_ONCE = 2_048
KINDS = {1.0: "the network", 0.5: "the mean of network and gradient boosting", 0.0: "gradient boosting"}


class Model(NamedTuple):
    """What was trained. `share` is the network's, of each head; `boosted` calibrates the trees on their own, and
    `convolved` the network, so that each can be judged beside what is served."""

    scalers: Scalers
    network: Network
    trees: tuple[Trees, ...]
    share: Singles
    calibration: Calibration
    boosted: Calibration
    convolved: Calibration
    progress: Progress

    @property
    def served(self) -> dict[str, str]:
        """What answers for each head, in words."""
        return {head: KINDS[float(share)] for head, share in zip(HEADS, self.share, strict=True)}


class Answers(NamedTuple):
    """Calibrated answers (n, 3) to the same rows: what is served, the network alone, the trees alone."""

    served: Singles
    network: Singles
    trees: Singles


def table_of(samples: Samples, scalers: Scalers, train: Integers, validation: Integers) -> Table:
    """What a network is trained on."""
    labels = {head: samples.label(label).astype(np.float32) for head, label in LABEL_OF.items()}
    return Table(scalers.scaled(samples.features), targets(labels), train, validation)


def fitted(
    samples: Samples,
    train: Integers,
    validation: Integers,
    recipe: Recipe,
    tell: Callable[[Progress], None] = lambda _: None,
    checkpoint: Path | None = None,
    *,
    resume: bool = False,
) -> Model:
    """Train on some rows of `samples`, choose and calibrate on others. Raises `DataError` as `trained` does."""
    scalers = fitted_scalers(samples.features[train])
    table = table_of(samples, scalers, train, validation)
    done = trained(table, recipe, tell, checkpoint, resume=resume)
    trees = _grown(table, recipe.seed)
    network_raw = raw_of(done.network, table.rows[validation])
    trees_raw = trees_raw_of(trees, table.rows[validation])
    share = _shares(network_raw, trees_raw, table.wanted[validation])
    truths = {head: samples.label(label)[validation] for head, label in LABEL_OF.items()}
    mixed = mixed_raw(share, network_raw, trees_raw)
    maps = [calibrated(raw, truths) for raw in (mixed, trees_raw, network_raw)]
    return Model(scalers, done.network, trees, share, maps[0], maps[1], maps[2], done.progress)


def _grown(table: Table, seed: int) -> tuple[Trees, ...]:
    """The trees of each head, on the training rows."""
    singles, wanted = singles_of(table.rows[table.train]), table.wanted[table.train].astype(np.float64)
    return tuple(
        grown(singles, wanted[:, place], is_probability=head != GAIN_PCT, seed=seed) for place, head in enumerate(HEADS)
    )


def _shares(network: Singles, trees: Singles, wanted: Singles) -> Singles:
    best = [_best_share(head, network[:, at], trees[:, at], wanted[:, at]) for at, head in enumerate(HEADS)]
    return np.array(best, dtype=np.float32)


def answers(model: Model, features: Singles) -> Answers:
    """What the model answers to (n, 628) features, by the way the bundle would."""
    rows = model.scalers.scaled(features)
    network = raw_of(model.network, rows)
    trees = trees_raw_of(model.trees, rows)
    mixed = mixed_raw(model.share, network, trees)
    return Answers(_mapped(model.calibration, mixed), _mapped(model.convolved, network), _mapped(model.boosted, trees))


def mixed_raw(share: Singles, network: Singles, trees: Singles) -> Singles:
    """share · network + (1 − share) · trees."""
    return share * network + (1 - share) * trees


def raw_of(network: Network, rows: Singles) -> Singles:
    """(n, 628) scaled → (n, 3) of the network alone."""
    with torch.inference_mode():
        told = torch.from_numpy(rows)
        pieces = [network(told[first : first + _AT_ONCE]).numpy() for first in range(0, len(rows), _AT_ONCE)]
    return np.concatenate(pieces) if pieces else np.zeros((0, len(HEADS)), dtype=np.float32)


def trees_raw_of(trees: Sequence[Trees], rows: Singles) -> Singles:
    """(n, 628) scaled → (n, 3) of the trees alone."""
    singles = singles_of(rows)
    return np.stack([each.answer(singles) for each in trees], axis=1)


def singles_of(rows: Singles) -> Singles:
    """(n, 628) scaled → (n, 37): what trees are told."""
    with torch.inference_mode():
        told: Singles = single_numbers(torch.from_numpy(rows)).numpy()
    return told


def calibrated(raw: Singles, truths: dict[str, Floats]) -> Calibration:
    """The map of each head from its scores and what came of them."""
    return {
        head: (isotonic if head == GAIN_PCT else platt)(raw[:, place], truths[head]) for place, head in enumerate(HEADS)
    }


def weights_of(model: Model) -> dict[str, Singles]:
    """All that was learnt, by name: the network's layers, the trees of each head, the share of each."""
    found = {f"network.{name}": each.numpy() for name, each in model.network.state_dict().items()}
    for head, trees in zip(HEADS, model.trees, strict=True):
        for name, value in trees._asdict().items():
            array = np.asarray(value)
            kind = np.float32 if array.dtype.kind == "f" else np.int32
            found[f"trees.{head}.{name}"] = np.ascontiguousarray(array.astype(kind))
    return {**found, "share": model.share}


def rows_sha256(samples: Samples, *places: Integers) -> str:
    """Hash of which rows are where: tokens and times of each part of a split."""
    digest = hashlib.sha256()
    for place in places:
        kept = samples.rows(place)
        digest.update("\n".join(kept.token.tolist()).encode())
        digest.update(np.ascontiguousarray(kept.at_s).tobytes())
    return digest.hexdigest()


def _mapped(maps: Calibration, raw: Singles) -> Singles:
    return np.stack([maps[head](raw[:, place]) for place, head in enumerate(HEADS)], axis=1)


def _best_share(head: str, network: Singles, trees: Singles, wanted: Singles) -> float:
    known = np.isfinite(wanted)
    if not known.any():
        return 1.0
    losses = [_loss(head, share * network[known] + (1 - share) * trees[known], wanted[known]) for share in SHARES]
    return SHARES[int(np.argmin(losses))]


def _loss(head: str, raw: Singles, wanted: Singles) -> float:
    """What the network minimises: log loss, or Huber's of the gain's score."""
    if head == GAIN_PCT:
        off = np.abs(raw - wanted)
        return float(np.where(off < 1, off**2 / 2, off - 0.5).mean())
    return float((np.logaddexp(0, raw) - wanted * raw).mean())
