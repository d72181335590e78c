"""Kills an engine that follows the traders of a simulated venue which lives on, and looks at what it left."""

import contextlib
import json
import sqlite3
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
from processes import all_gone, children, command, environment, wait_until
from whale_storm import Saved, check_alerts, saved_in

from app.config.settings import Settings
from app.config.whale_settings import AlertsSettings
from app.core.whale_events import TraderMoved

MOVES_A_LIFE = 4
LONGEST_S = 1.0
ALERTS = AlertsSettings(minimum_usd=0.0, minimum_equity_share=0.0, minimum_change=0.0, cool_down_s=2.0)
"""Every move is told."""


def kill_over(seed: int, kills: int, home: Path) -> list[str]:
    """Kill `kills` engines one after the other on one database; what is wrong with it, empty when nothing is."""
    generator = np.random.default_rng([seed, 10])
    with _venue(seed) as urls:
        for _ in range(kills):
            _one_life(urls, home, float(generator.uniform(0.0, LONGEST_S)))
    saved = saved_in(_database(home))
    return [*_broken_chains(saved), *check_alerts(saved, Settings(alerts=ALERTS))]


@contextlib.contextmanager
def _venue(seed: int) -> Iterator[Mapping[str, str]]:
    words = [sys.executable, "-P", "-m", "app.demo", "--seed", str(seed), "--coins", "3"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        try:
            assert program.stdout is not None
            yield json.loads(program.stdout.readline())
        finally:
            program.kill()


def _one_life(urls: Mapping[str, str], home: Path, after_s: float) -> None:
    """An engine that is killed so long after it has told some moves."""
    before = _moves_in(home)
    program = subprocess.Popen(
        [*command("run", "--quiet"), *_settings(urls)], env=environment(home), stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_until(lambda: _moves_in(home) >= before + MOVES_A_LIFE, "traders whose moves are told")
        time.sleep(after_s)
        started = children(program.pid)
    finally:
        program.kill()
        program.wait()
    all_gone(started)


def _settings(urls: Mapping[str, str]) -> Iterator[str]:
    chosen = {
        "hyperliquid.websocket_url": urls["websocket_url"],
        "hyperliquid.rest_url": urls["rest_url"],
        "hyperliquid.leaderboard_url": urls["rest_url"] + "/Mainnet/leaderboard",
        "polymarket.data_url": urls["prediction_url"],
        "polymarket.gamma_url": urls["gamma_url"],
        "markets.top": "3",
        "whales.tracked": "40",
        "alerts.minimum_usd": str(ALERTS.minimum_usd),
        "alerts.minimum_equity_share": str(ALERTS.minimum_equity_share),
        "alerts.minimum_change": str(ALERTS.minimum_change),
        "alerts.cool_down_s": str(ALERTS.cool_down_s),
    }
    for name, value in chosen.items():
        yield from ("--set", f"{name}={value}")


def _database(home: Path) -> Path:
    return next(home.rglob("live.sqlite"))


def _moves_in(home: Path) -> int:
    """How many moves are on disk; 0 where nobody has made a database yet."""
    paths = list(home.rglob("live.sqlite"))
    if not paths:
        return 0
    with contextlib.closing(sqlite3.connect(f"{paths[0].as_uri()}?mode=ro", uri=True)) as connection:
        try:
            return int(connection.execute("SELECT count(*) FROM trader_moves").fetchone()[0])
        except sqlite3.OperationalError:
            return 0


def _broken_chains(saved: Saved) -> Iterator[str]:
    """Each move of an account in a coin begins where the one before it ended."""
    chains: dict[tuple[str, str], list[TraderMoved]] = defaultdict(list)
    for move in saved.moves:
        chains[move.trader, move.coin].append(move)
    for (trader, coin), moves in chains.items():
        for earlier, later in pairwise(moves):
            if earlier.size_after != later.size_before:
                yield f"{trader} {coin}: from {earlier.size_after:g}, then from {later.size_before:g}"
