"""What the venue's process is started with. Imports nothing: it is read before the rest of the program is loaded."""

from typing import NamedTuple


class Options(NamedTuple):
    """Seed and number of live markets; how large the leaderboard is, how many users may be followed by streams of their
    own, how many error frames a second one more of them brings, and how often the leaderboard is refused at first.
    """

    seed: int = 7
    coins: int = 32
    leaderboard_rows: int = 5_000
    users: int = 15
    storm_per_s: int = 0
    refuse_leaderboard: int = 0
