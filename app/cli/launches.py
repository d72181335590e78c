"""The launches that commands about the token model take: recorded ones, or some that tapedeck makes up."""

import argparse
from pathlib import Path

from app.cli.output import say

_DAYS = 10


def add_launches(parser: argparse.ArgumentParser) -> "argparse._ArgumentGroup":
    """`--data` or `--days`; the group they stand in, for more of the kind."""
    group = parser.add_argument_group("data")
    group.add_argument(
        "--data", nargs="+", type=Path, default=[], metavar="FOLDER", help="folders of recorded launches"
    )
    words = f"days of made-up launches without --data, at least 6 (default: {_DAYS})"
    group.add_argument("--days", type=int, default=_DAYS, metavar="N", help=words)
    return group


def add_draws(parser: argparse.ArgumentParser) -> None:
    """`--seed`: the setting demo.seed."""
    parser.add_argument("--seed", metavar="N", help="seed of all random draws, and of made-up launches")


def load_libraries(*libraries: str, quiet: bool) -> None:
    """Import what training needs, which takes seconds. Raises `TapedeckError` where one is not installed."""
    from app.training.library import needed

    say("Loading torch and scikit-learn…", quiet=quiet)
    for library in libraries:
        needed(library)
