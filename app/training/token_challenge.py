"""A new bundle against the one that answers, on later tokens that the new one never saw: promoted only if better."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np

from app.core.errors import BundleRefused
from app.tokens.bundle import current_folder, pointed_root
from app.tokens.features import Singles
from app.tokens.heads import HEADS, LABEL_OF, P_RISE, P_RUG
from app.tokens.predictor import Predictor
from app.training import token_scores as measures
from app.training.token_evaluation import LEAST_ROWS, told
from app.training.tokens_data import Samples

CHALLENGER = "the new bundle"
DECIDING = (P_RISE, P_RUG)
"""Heads that decisions are made by."""
Answer = Callable[[Singles], Singles]


class Challenge(msgspec.Struct, frozen=True):
    """How a new bundle did against the one that answers, and whether it takes its place. `findings` compare each head,
    `reason` says why or why not."""

    promoted: bool
    reason: str
    findings: tuple[str, ...] = ()


def challenge(answer: Answer, champion: tuple[str, Answer], asked: Samples, seed: int) -> Challenge:
    """Compare the Brier scores of two on the same rows and draws of tokens.

    The new one must be better in one of the deciding heads, and worse in none, both by a 95 % interval over tokens.
    """
    name, theirs = champion
    pairs = {head: _pair(head, answer, name, theirs, asked, seed) for head in DECIDING}
    verdicts = [pair.verdict for pair in pairs.values() if pair is not None]
    findings = tuple(_sentence(head, pair) for head, pair in pairs.items())
    lost = [head for head, pair in pairs.items() if pair is not None and pair.verdict == "loses to"]
    if lost:
        return Challenge(False, f"it is worse than {name} in {' and '.join(lost)}", findings)
    if "beats" not in verdicts:
        return Challenge(False, f"it is not better than {name} in any head by its interval", findings)
    return Challenge(True, f"it is better than {name}, and worse in nothing that decides", findings)


def champion_of(roots: tuple[Path, ...]) -> tuple[str, Answer] | str:
    """The bundle that answers, with its version; or why none does."""
    try:
        root = pointed_root(roots)
        folder = None if root is None else current_folder(root)
        return "no bundle answered before" if folder is None else (folder.name, Predictor.open(folder).predict)
    except BundleRefused as error:
        return f"the bundle that is pointed to cannot answer: {error}"


def _pair(head: str, answer: Answer, name: str, theirs: Answer, asked: Samples, seed: int) -> measures.Pair | None:
    truth = asked.label(LABEL_OF[head])
    known = np.isfinite(truth)
    if known.sum() < LEAST_ROWS:
        return None
    rows = measures.Rows(asked.token[known], truth[known])
    place, features = HEADS.index(head), asked.features[known]
    ours, other = (
        measures.brier_of(rows.truth, each(features)[:, place].astype(np.float64)) for each in (answer, theirs)
    )
    return measures.pair("Brier", (CHALLENGER, ours), (name, other), measures.draws_of(rows, seed), -1)


def _sentence(head: str, pair: measures.Pair | None) -> str:
    if pair is None:
        return f"{head}, later tokens: fewer than {LEAST_ROWS} outcomes are known, nothing is compared."
    return (
        f"{head}, later tokens: {pair.model} {pair.verdict} {pair.against} in {pair.measure} ({told(pair.difference)})."
    )
