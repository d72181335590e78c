"""Leaderboards of any size, made up in the form of the venue's."""

from pathlib import Path

import numpy as np

_WINDOWS = (("day", 1.0), ("week", 5.0), ("month", 20.0), ("allTime", 100.0))
_WIDEST = 820
"""Bytes of a row: those of the venue's 39 MB for 47,000 rows."""


def write_leaderboard(path: Path, rows: int, seed: int) -> int:
    """Write a leaderboard of about 830 bytes a row, a tenth of which is dirty; how many bytes it has."""
    generator = np.random.default_rng(seed)
    with path.open("w") as file:
        file.write('{"leaderboardRows":[')
        for number in range(rows):
            file.write((", " if number else "") + _row(generator, number))
        file.write("]}")
    return path.stat().st_size


def _row(generator: np.random.Generator, number: int) -> str:
    equity = float(np.exp(generator.normal(9.5, 2.5)))
    dirt = generator.integers(0, 30)
    windows = ",".join(_window(generator, name, equity, days, int(dirt)) for name, days in _WINDOWS)
    name = f'"trader {number}"' if number % 7 == 0 else "null"
    row = (
        f'{{"ethAddress":"0x{generator.integers(0, 2**62):016x}{number:024x}","accountValue":"{equity:.10f}",'
        f'"windowPerformances":[{windows}],"prize":0,"displayName":{name}}}'
    )
    return row + " " * max(0, _WIDEST - len(row))


def _window(generator: np.random.Generator, name: str, equity: float, days: float, dirt: int) -> str:
    roi = 26_412.04 if dirt == 1 and name == "allTime" else float(generator.normal(0, 0.02 * days**0.5))
    volume = 0.0 if dirt == 2 else equity * days * float(generator.gamma(2.0, 2.0))
    return f'["{name}",{{"pnl":"{equity * roi:.16f}","roi":"{roi:.10f}","vlm":"{volume:.16f}"}}]'
