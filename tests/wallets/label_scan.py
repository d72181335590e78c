"""Scans of a simulated world whose truth is known, without sockets: the venue's own answers, the scanner's own code."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scan_samples import drive

from app.config.settings import Settings
from app.demo.prediction import data_api, gamma_api
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
        self.calls = 0

    def answer(self, question: Question) -> Answer:
        """What the venue would send, read as the scanner reads it."""
        self.calls += 1
        values: dict[str, list[str]] = {}
        for name, text in question.query:
            values.setdefault(name, []).append(text)
        try:
            body = _ANSWERS[question.name](self._world, VenueQuestion(values, self._world.seed), self._now_s)
        except Refusal as refusal:
            return NoAnswer(refusal.text)
        return read_answer(question, body)


class Labelled(NamedTuple):
    """Verdicts on all wallets of a world, by wallet number, and their kinds."""

    verdicts: list[WalletVerdict]
    kinds: npt.NDArray[np.int64]
    calls: int

    @property
    def targets(self) -> npt.NDArray[np.bool_]:
        """Which wallets are TARGETs."""
        return np.array([verdict.verdict == "TARGET" for verdict in self.verdicts])


def scan_world(world: World, settings: Settings | None = None, now_s: int = START_S) -> Labelled:
    """Scan every wallet of a world."""
    addresses = [world.people.address(number) for number in range(world.people.count)]
    judging = Judging((settings or Settings()).wallets)
    venue = WorldVenue(world, now_s)
    scan = Scan(ScanPlan(listed=tuple(addresses), limit=len(addresses)), judging)
    found = {each.verdict.wallet: each.verdict for each in drive(scan, venue, now_s=now_s)}
    return Labelled([found[address] for address in addresses], world.people.kind, venue.calls)
