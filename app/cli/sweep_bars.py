"""The bars that `sweep` takes: of files, or of markets by their names, kept so that an interrupted sweep goes on."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli import options
from app.cli.figures import counted
from app.cli.market_bars import add_venue, bars_of_asset, check_coin, csv_of, hours_asker
from app.cli.new_files import write_new
from app.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.screener.backtest import Macro
    from app.screener.bars import Bars


def add_bars(parser: argparse.ArgumentParser) -> None:
    """`--bars` or `--asset`, and where the latter's come from: read with `given_bars`."""
    group = parser.add_argument_group("bars")
    one = group.add_mutually_exclusive_group(required=True)
    one.add_argument("--bars", nargs="+", type=Path, metavar="FILE", help="files of bars")
    one.add_argument("--asset", nargs="+", metavar="COIN", help="markets by name: their hours, stored and asked for")
    add_venue(group)
    group.add_argument("--keep", type=Path, metavar="FILE", help="with one --asset: a CSV file for its bars, which are "
                       "taken from it where it is there, so that an interrupted sweep goes on")  # fmt: skip


def check_words(args: argparse.Namespace) -> None:
    """Raises `UsageError` where the flags of `add_bars` do not fit together."""
    if args.bars is not None and (args.source or args.keep):
        raise UsageError("--source and --keep go with --asset; leave them out, or --bars")
    for coin in args.asset or ():
        check_coin(coin)
    markets = len(args.bars or args.asset)
    if args.funding and len(args.funding) != markets:
        files = counted(len(args.funding), "file")
        raise UsageError(f"--funding names {files} for {counted(markets, 'market')}; give each its own, in order")
    if args.keep is not None and len(args.asset) > 1:
        raise UsageError("--keep is for one --asset; leave it out, or keep the bars of each with `tapedeck screen`")


def given_bars(args: argparse.Namespace, prepared: options.Prepared) -> "list[Bars]":
    """The bars of each market. Raises `DataError` for those that cannot be used, `VenueError` without an answer."""
    from app.screener.bars import read_bars

    if args.bars is not None:
        return [read_bars(path) for path in args.bars]
    if args.keep is not None and args.keep.exists():
        return [read_bars(args.keep)]
    asker = hours_asker(args, prepared)
    bars = [bars_of_asset(coin, args, prepared, asker) for coin in args.asset]
    if args.keep is not None:
        write_new({args.keep: csv_of(bars[0])})
    return bars


def given_macros(args: argparse.Namespace, bars: "Sequence[Bars]") -> "list[Macro | None]":
    """The series beside the bars of each market. Raises `DataError` for a file that is none."""
    from app.screener.macro import read_macro

    funding: list[Path | None] = list(args.funding) or [None] * len(bars)
    return [read_macro(each, args.volatility, rates) for each, rates in zip(bars, funding, strict=True)]
