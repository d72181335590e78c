"""The network: an encoder of candles that heeds the mask, context and indicators beside it, three heads.

It takes scaled features (n, 628) and gives (n, 3): logit of a rise, score of the gain, logit of a rug. Two encoders
were measured (docs/tokens.md): a recurrence, which serves, and convolutions. torch is imported in `app/training` and
nowhere else.
"""

from collections.abc import Mapping
from typing import Literal

import numpy as np
import torch
from safetensors.torch import load
from torch import Tensor, nn

from app.core.errors import BundleRefused
from app.tokens.bundle import WEIGHTS, Bundle
from app.tokens.candles import SLOTS
from app.tokens.features import Singles
from app.tokens.heads import HEADS
from app.tokens.predictor import Graph
from app.training.token_columns import (
    CANDLES,
    COLUMNS,
    CONTEXTS,
    CONTEXTS_KNOWN,
    HOUR_SLOTS,
    INDICATED,
    INDICATED_KNOWN,
    MASK,
)

Encoder = Literal["convolutions", "recurrence"]
CHANNELS, HIDDEN, DROPOUT = 16, 32, 0.2
SINGLES_WIDTH = 28
SUMMARIES = 9
FARTHEST = 8.0
"""Scaled features are cut to ±8: one absurd candle must not drown the others."""
GAIN_RANGE_PCT = (-50.0, 300.0)
"""Gains beyond it count as its ends while training: a token in a thousand rises without bound."""
GAIN_SCALE = 5.0


class Network(nn.Module):
    """Candles → encoder → pooled over the slots that have one; with 37 single numbers → one hidden layer → heads; the
    single numbers count straight as well, as in a logistic regression, which is most of what few data can teach."""

    def __init__(self, encoder: Encoder = "recurrence", channels: int = CHANNELS) -> None:
        super().__init__()
        self.encoder: Encoder = encoder
        if encoder == "convolutions":
            self.near = nn.Conv1d(COLUMNS + 1, channels, 5, padding=2)
            self.wider = nn.Conv1d(channels, channels, 3, padding=2, dilation=2)
            self.widest = nn.Conv1d(channels, channels, 3, padding=4, dilation=4)
        else:
            self.recurrence = nn.GRU(COLUMNS + 1, channels, batch_first=True)
        self.hidden = nn.Linear(3 * channels + SINGLES_WIDTH + SUMMARIES, HIDDEN)
        self.dropout = nn.Dropout(DROPOUT)
        self.heads = nn.Linear(HIDDEN, len(HEADS))
        self.straight = nn.Linear(SINGLES_WIDTH + SUMMARIES, len(HEADS), bias=False)

    def forward(self, rows: Tensor) -> Tensor:
        """(n, 628) scaled → (n, 3)."""
        candles, mask = candles_of(rows)
        encoded = self._encoded(torch.cat([candles, mask[:, None]], 1), mask[:, None])
        count = mask.sum(1, keepdim=True).clamp(min=1)
        pooled = [encoded.sum(2) / count, encoded.amax(2), encoded[:, :, -HOUR_SLOTS // 2 :].mean(2)]
        singles = single_numbers(rows)
        hidden = torch.relu(self.hidden(torch.cat([*pooled, singles], 1)))
        answers: Tensor = self.heads(self.dropout(hidden)) + self.straight(singles)
        return answers

    def _encoded(self, slots: Tensor, mask: Tensor) -> Tensor:
        if self.encoder == "recurrence":
            steps, _ = self.recurrence(slots.transpose(1, 2))
            masked: Tensor = steps.transpose(1, 2) * mask
            return masked
        for layer in (self.near, self.wider, self.widest):
            slots = torch.relu(layer(slots)) * mask
        return slots


def candles_of(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Scaled features → candles (n, 5, 100), 0 where there is none, and the mask (n, 100)."""
    bounded, mask = rows.clamp(-FARTHEST, FARTHEST), rows[:, MASK]
    candles = bounded[:, CANDLES].reshape(-1, SLOTS, COLUMNS).transpose(1, 2)
    return candles * mask[:, None], mask


def single_numbers(rows: Tensor) -> Tensor:
    """Scaled features → (n, 37): context, indicators and their flags, and nine summaries of the candles.

    Trees see these alone, and the network beside its encoder.
    """
    bounded = rows.clamp(-FARTHEST, FARTHEST)
    context, known = bounded[:, CONTEXTS], bounded[:, CONTEXTS_KNOWN]
    indicated, indicated_known = bounded[:, INDICATED], bounded[:, INDICATED_KNOWN]
    return torch.cat([context * known, known, indicated * indicated_known, indicated_known, summaries(rows)], 1)


def summaries(rows: Tensor) -> Tensor:
    """Nine numbers of a window: its candles, those of the last hour, highest, lowest and mean price, the deviation of
    closes, the mean body, the mean range, and the last hour's volume; prices against the last close, all scaled."""
    candles, mask = candles_of(rows)
    opened, high, low, close, volume = candles.unbind(1)
    count = mask.sum(1).clamp(min=1)
    mean = close.sum(1) / count
    deviation = (((close - mean[:, None]) * mask).square().sum(1) / count).sqrt()
    columns = (
        mask.mean(1),
        mask[:, -HOUR_SLOTS:].mean(1),
        high.amax(1),
        low.amin(1),
        mean,
        deviation,
        (close - opened).abs().sum(1) / count,
        (high - low).sum(1) / count,
        volume[:, -HOUR_SLOTS:].mean(1),
    )
    return torch.stack(columns, 1)


def targets(labels: Mapping[str, Singles]) -> Singles:
    """Labels by head → (n, 3) to train on, NaN where one is not known; a gain is 5 · ln(1 + gain / 100), bounded."""
    gain = np.clip(labels["gain_pct"], *GAIN_RANGE_PCT)
    return np.stack([labels["p_rise"], GAIN_SCALE * np.log1p(gain / 100), labels["p_rug"]], axis=1).astype(np.float32)


def masked_loss(answers: Tensor, wanted: Tensor) -> Tensor:
    """The sum over heads of the mean loss of what is known: log loss of the probabilities, Huber's of the gain.

    A head without a single label adds nothing, and nothing is learnt through it.
    """
    known = torch.isfinite(wanted)
    filled = torch.where(known, wanted, 0.0)
    logs = nn.functional.binary_cross_entropy_with_logits(answers, filled.clamp(0, 1), reduction="none")
    hubers = nn.functional.smooth_l1_loss(answers, filled, reduction="none")
    losses = torch.where(torch.tensor([False, True, False]), hubers, logs) * known
    return (losses.sum(0) / known.sum(0).clamp(min=1)).sum()


def parameters(network: Network) -> int:
    """How many numbers are learnt."""
    return sum(each.numel() for each in network.parameters())


def torch_graph(bundle: Bundle) -> Graph:
    """What a bundle's ONNX graph does, reckoned by torch from the bundle's weights; equal to within 1e-5.

    Raises `BundleRefused` when the weights are not those of the network.
    """
    try:
        weights = load(bundle.files[WEIGHTS])
        convolves = "network.near.weight" in weights
        network = Network("convolutions" if convolves else "recurrence")
        network.load_state_dict({name[8:]: each for name, each in weights.items() if name.startswith("network.")})
        trees = [_Trees(weights, head) for head in HEADS]
        share = weights["share"]
    except Exception as error:
        raise BundleRefused(f"{WEIGHTS} does not hold the network ({error}); train it again") from error
    network.eval()

    def run(rows: Singles) -> Singles:
        with torch.inference_mode():
            told = torch.from_numpy(np.ascontiguousarray(rows))
            singles = single_numbers(told)
            grown = torch.stack([each(singles) for each in trees], 1)
            mixed = share * network(told) + (1 - share) * grown
        answer: Singles = mixed.numpy()
        return answer

    return run


class _Trees:
    """Boosted trees of one head as tensors: nodes of all trees in one list, each tree begun at its root."""

    def __init__(self, weights: Mapping[str, Tensor], head: str) -> None:
        self._of = {name: weights[f"trees.{head}.{name}"].long() for name in ("feature", "left", "right", "root")}
        self._threshold, self._value = weights[f"trees.{head}.threshold"], weights[f"trees.{head}.value"]
        self._base, self._depth = weights[f"trees.{head}.base"], int(weights[f"trees.{head}.depth"])

    def __call__(self, singles: Tensor) -> Tensor:
        """(n, 37) → (n,)."""
        places = self._of["root"].expand(len(singles), -1)
        for _ in range(self._depth):
            told = singles.gather(1, self._of["feature"][places])
            places = torch.where(told <= self._threshold[places], self._of["left"][places], self._of["right"][places])
        total: Tensor = self._value[places].sum(1) + self._base
        return total
