"""Training the network: seeded, stopped early on validation, and resumable to the bit.

A checkpoint is a folder with `checkpoint.safetensors` (weights, the best weights so far, the optimiser's moments) and
`checkpoint.json` (the epoch, and what was trained on). Draws of an epoch depend on the seed and its number alone, so a
run that was broken off and one that was not end in the same weights.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from app.config.private_file import write_private
from app.core.decoding import UNDECODABLE
from app.core.errors import DataError
from app.tokens.candles import Integers
from app.tokens.features import Singles
from app.training.token_network import Encoder, Network, masked_loss

STATE, TENSORS = "checkpoint.json", "checkpoint.safetensors"
_OPTIMISED = ("exp_avg", "exp_avg_sq", "step")


class Recipe(msgspec.Struct, frozen=True):
    """How a network is trained."""

    encoder: Encoder = "recurrence"
    seed: int = 7
    most_epochs: int = 40
    patience: int = 6
    """Training ends when validation was no better for so many epochs."""
    batch: int = 256
    learning_rate: float = 3e-3
    weight_decay: float = 1e-3


class Progress(msgspec.Struct, frozen=True):
    """Where training stands: `waited` epochs since the `best` validation loss, which was that of `best_epoch`."""

    recipe: Recipe
    data_sha256: str
    epoch: int = 0
    best: float = float("inf")
    best_epoch: int = 0
    waited: int = 0

    @property
    def ended(self) -> bool:
        """Whether there is nothing more to do."""
        return self.epoch >= self.recipe.most_epochs or self.waited >= self.recipe.patience


class Trained(NamedTuple):
    """A trained network, in the state that was best on validation."""

    network: Network
    progress: Progress


class Table(NamedTuple):
    """Scaled features (n, 628), what is wanted (n, 3), and the places of rows for training and for validation."""

    rows: Singles
    wanted: Singles
    train: Integers
    validation: Integers

    @property
    def sha256(self) -> str:
        """Hash of all of it: a checkpoint of other data is not gone on with."""
        digest = hashlib.sha256()
        for part in self:
            digest.update(np.ascontiguousarray(part).tobytes())
        return digest.hexdigest()


def trained(
    table: Table,
    recipe: Recipe,
    tell: Callable[[Progress], None] = lambda _: None,
    checkpoint: Path | None = None,
    *,
    resume: bool = False,
) -> Trained:
    """Train until validation gets no better. `tell` hears of each epoch; a `checkpoint` folder is written after each.

    Raises `DataError` when there is no row to train or to validate on, or a checkpoint that does not fit.
    """
    # One thread is as fast for so small a network, and adds up in the same order wherever it runs.
    torch.set_num_threads(1)
    if not len(table.train) or not len(table.validation):
        raise DataError("there are no rows to train on, or none to validate; give more data")
    run = _Run(table, recipe)
    if resume and checkpoint is not None:
        run.take_up(checkpoint)
    while not run.progress.ended:
        run.epoch()
        tell(run.progress)
        if checkpoint is not None:
            run.keep(checkpoint)
    run.network.load_state_dict(run.best)
    return Trained(run.network.eval(), run.progress)


class _Run:
    """One training: network, optimiser, the best weights so far."""

    def __init__(self, table: Table, recipe: Recipe) -> None:
        torch.manual_seed(recipe.seed)
        self.network = Network(recipe.encoder)
        self.best = _copied(self.network)
        self.progress = Progress(recipe, table.sha256)
        self._rows, self._wanted = torch.from_numpy(table.rows), torch.from_numpy(table.wanted)
        self._train, self._validation = torch.from_numpy(table.train), torch.from_numpy(table.validation)
        self._optimiser = torch.optim.AdamW(
            self.network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
        )

    def epoch(self) -> None:
        """Go through all training rows once, and judge on validation."""
        before = self.progress
        torch.manual_seed((before.recipe.seed * 100_003 + before.epoch) % 2**63)
        self.network.train()
        order = self._train[torch.randperm(len(self._train))]
        for first in range(0, len(order), before.recipe.batch):
            self._step(order[first : first + before.recipe.batch])
        self.network.eval()
        with torch.no_grad():
            loss = float(masked_loss(self.network(self._rows[self._validation]), self._wanted[self._validation]))
        better = loss < before.best
        if better:
            self.best = _copied(self.network)
        self.progress = Progress(
            before.recipe,
            before.data_sha256,
            before.epoch + 1,
            loss if better else before.best,
            before.epoch + 1 if better else before.best_epoch,
            0 if better else before.waited + 1,
        )

    def _step(self, batch: Tensor) -> None:
        self._optimiser.zero_grad()
        loss = masked_loss(self.network(self._rows[batch]), self._wanted[batch])
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self._optimiser.step()

    def keep(self, folder: Path) -> None:
        """Write a checkpoint, in place of the one before."""
        tensors = {f"now.{name}": each for name, each in _copied(self.network).items()}
        tensors |= {f"best.{name}": each for name, each in self.best.items()}
        for place, moments in self._optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{place}.{name}": moments[name].clone() for name in _OPTIMISED}
        content = save(tensors)
        state = {"progress": self.progress, "tensors_sha256": hashlib.sha256(content).hexdigest()}
        write_private(folder / TENSORS, content)
        write_private(folder / STATE, msgspec.json.encode(state))

    def take_up(self, folder: Path) -> None:
        """Go on where a checkpoint ended; from the beginning where there is none. Raises `DataError`."""
        if not (folder / STATE).exists():
            return
        state = _state(folder)
        if (state.progress.recipe, state.progress.data_sha256) != (self.progress.recipe, self.progress.data_sha256):
            raise DataError(f"{folder} belongs to other data or another seed; train without --resume")
        tensors = _tensors(folder, state.tensors_sha256)
        try:
            self.network.load_state_dict(_below(tensors, "now."))
            self.best = _below(tensors, "best.")
            self._restore_optimiser(tensors)
        except (KeyError, RuntimeError, ValueError) as error:
            raise _damaged(folder) from error
        self.progress = state.progress

    def _restore_optimiser(self, tensors: dict[str, Tensor]) -> None:
        groups = self._optimiser.state_dict()["param_groups"]
        places = range(len(groups[0]["params"]))
        state = {place: {name: tensors[f"optimiser.{place}.{name}"] for name in _OPTIMISED} for place in places}
        self._optimiser.load_state_dict({"state": state, "param_groups": groups})


class _State(msgspec.Struct, frozen=True):
    progress: Progress
    tensors_sha256: str


def _state(folder: Path) -> _State:
    try:
        return msgspec.json.decode((folder / STATE).read_bytes(), type=_State)
    except (OSError, *UNDECODABLE) as error:
        raise _damaged(folder) from error


def _tensors(folder: Path, sha256: str) -> dict[str, Tensor]:
    try:
        content = (folder / TENSORS).read_bytes()
        if hashlib.sha256(content).hexdigest() != sha256:
            raise ValueError("its hash is another")
        return load(content)
    except (OSError, SafetensorError, KeyError, RuntimeError, ValueError) as error:
        raise _damaged(folder) from error


def _damaged(folder: Path) -> DataError:
    return DataError(f"{folder} holds no whole checkpoint; train without --resume")


def _below(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): each for name, each in tensors.items() if name.startswith(prefix)}


def _copied(network: Network) -> dict[str, Tensor]:
    return {name: each.detach().clone() for name, each in network.state_dict().items()}
