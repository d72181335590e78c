"""Scans of a simulated world whose truth is known, without sockets: the venue's own answers, the scanner's own code."""

import sys
from collections import Counter
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scan_samples import drive

from app.config.settings import Settings
from app.core.text import clean
from app.demo.prediction import data_api, gamma_api, oracle
from app.demo.prediction.kinds import Kind
from app.demo.prediction.questions import Question as VenueQuestion
from app.demo.prediction.questions import Refusal
from app.demo.prediction.world import World
from app.feeds.polymarket.questions import Question
from app.wallets.answers import Answer, NoAnswer, read_answer
from app.wallets.judging import Judging
from app.wallets.scan import Scan
from app.wallets.scan_values import ScanPlan
from app.wallets.values import WalletVerdict

START_S = 1_790_232_236

_ANSWERS = {
    "stats": data_api.user_stats,
    "trades": data_api.wallet_trades,
    "positions": data_api.wallet_positions,
    "pnl": data_api.user_pnl,
    "markets": gamma_api.markets,
}


class WorldVenue:
    """Answers questions about one world at one moment."""

    def __init__(self, world: World, now_s: int) -> None:
        self._world, self._now_s = world, now_s

    def answer(self, question: Question) -> Answer:
        """What the venue would send, read as the scanner reads it."""
        values: dict[str, list[str]] = {}
        for name, text in question.query:
            values.setdefault(name, []).append(text)
        try:
            body = _ANSWERS[question.name](self._world, VenueQuestion(values, self._world.seed), self._now_s)
        except Refusal as refusal:
            return NoAnswer(clean(refusal.text))
        return read_answer(question, body)


Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
NOT_STRUCTURAL = (Kind.SKILLED, Kind.UNSKILLED, Kind.ONE_HIT, Kind.TOO_FAST)
"""Kinds that are told by skill, luck or speed; all others by how they trade."""


class Labelled(NamedTuple):
    """Verdicts on all wallets of some worlds, their kinds, and what the oracle says of each (0-1)."""

    verdicts: list[WalletVerdict]
    kinds: npt.NDArray[np.int64]
    oracle: Floats

    @property
    def skilled(self) -> Flags:
        """Which wallets have an edge in truth."""
        return np.equal(self.kinds, Kind.SKILLED)

    @property
    def targets(self) -> Flags:
        """Which wallets are TARGETs."""
        return np.array([verdict.verdict == "TARGET" for verdict in self.verdicts])

    @property
    def judged(self) -> Flags:
        """Which wallets no rule of stages 1 and 2 has thrown out, so that their skill was judged."""
        return np.array([verdict.confidence is not None for verdict in self.verdicts])

    @property
    def confidence(self) -> Floats:
        """What the scan says of each wallet's skill (0-1), 0 where it was not judged."""
        return np.array([verdict.confidence or 0.0 for verdict in self.verdicts])

    def structural_targets(self) -> float:
        """The share of wallets of structural kinds that are TARGETs."""
        structural = ~np.isin(self.kinds, NOT_STRUCTURAL)
        return float(self.targets[structural].mean())


def together(parts: list[Labelled]) -> Labelled:
    """Several worlds as one."""
    return Labelled(
        [verdict for part in parts for verdict in part.verdicts],
        np.concatenate([part.kinds for part in parts]),
        np.concatenate([part.oracle for part in parts]),
    )


def area_under_curve(scores: Floats, positive: Flags) -> float:
    """How often a positive has the higher score than a negative: the area under the ROC curve."""
    ranks = np.argsort(np.argsort(scores, kind="stable"), kind="stable")
    yes, no = int(positive.sum()), int((~positive).sum())
    return float((ranks[positive].sum() - yes * (yes - 1) / 2) / (yes * no))


def confusion_table(labelled: Labelled) -> str:
    """The table of docs/wallet-scans.md: a row a kind, a column a class, rejections by stage."""
    lines = [
        "| kind | wallets | TARGET | WATCHLIST | rejected at 1 | at 2 | at 3 | not scored |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for kind in Kind:
        mine = [verdict for verdict, of in zip(labelled.verdicts, labelled.kinds, strict=True) if of == kind]
        found = Counter((v.verdict, v.stage if v.verdict == "REJECTED" else 0) for v in mine)
        cells = [found["TARGET", 0], found["WATCHLIST", 0], *(found["REJECTED", stage] for stage in (1, 2, 3))]
        row = (kind.name.lower().replace("_", " "), len(mine), *cells, found["NOT SCORED", 0])
        lines.append("| " + " | ".join(map(str, row)) + " |")
    return "\n".join(lines)


def summary(labelled: Labelled) -> str:
    """The table, and what choosing by confidence comes to beside choosing by the oracle."""
    judged, skilled = labelled.judged, labelled.skilled
    ours = oracle.choose(labelled.confidence[judged], skilled[judged], 0.5)
    best = oracle.choose(labelled.oracle[judged], skilled[judged], 0.5)
    anybody = oracle.choose(labelled.oracle, skilled, 0.5)
    return f"{confusion_table(labelled)}\n\nconfidence {ours}\noracle {best}\noracle, all wallets {anybody}\n"


def scan_world(seed: int, wallets: int, now_s: int = START_S) -> Labelled:
    """Scan every wallet of a world, by the default thresholds; the oracle judges the same wallets."""
    world = World(seed, now_s, wallets=wallets)
    addresses = [world.people.address(number) for number in range(world.people.count)]
    judging = Judging(Settings().wallets)
    venue = WorldVenue(world, now_s)
    scan = Scan(ScanPlan(listed=tuple(addresses), limit=len(addresses)), judging)
    found = {each.verdict.wallet: each.verdict for each in drive(scan, venue, now_s=now_s)}
    ratios, _ = oracle.judge(world, now_s)
    return Labelled([found[address] for address in addresses], world.people.kind, oracle.posteriors(ratios))


if __name__ == "__main__":
    sys.stdout.write(summary(together([scan_world(seed, 6_000) for seed in (11, 12, 13, 14, 15)])))
