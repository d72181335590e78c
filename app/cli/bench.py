"""`tapedeck bench`: measure tapedeck on this machine."""

import argparse
import os
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli import options
from app.cli.output import encode_json, print_json, print_line, print_table, say
from app.config.whole_files import write_whole
from app.core.errors import DataError, UsageError

if TYPE_CHECKING:
    from app.bench.report import Bench, Line

BENCHES = {
    "start": "app.bench.start:START",
    "ingest": "app.bench.ingest:INGEST",
    "tape": "app.bench.tape:TAPE",
    "replay": "app.bench.replay:REPLAY",
    "store": "app.bench.store:STORE",
    "ui": "app.bench.ui:UI",
    "scalper": "app.bench.scalper:SCALPER",
    "wallets": "app.bench.wallets:WALLETS_BENCH",
    "whales": "app.bench.whales:WHALES",
    "signal": "app.bench.signal:SIGNAL",
    "infer": "app.bench.infer:INFER",
    "screen": "app.bench.screen:SCREEN",
    "backtest": "app.bench.backtest:BACKTEST",
    "sweep": "app.bench.sweep:SWEEP",
}
"""Where each benchmark stands. Imported when it is used: most of them load the whole engine."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Flags of `bench`."""
    parser.add_argument(
        "name",
        nargs="?",
        choices=BENCHES,
        metavar="NAME",
        help=f"one of: {', '.join(BENCHES)} (without NAME: list them)",
    )
    parser.add_argument("--wallets", type=int, metavar="N", help="how many wallets `bench wallets` measures (100000)")
    parser.add_argument("--save", type=Path, metavar="FILE", help="write the JSON to a new file as well")
    options.add_json(parser)
    options.add_talk(parser)


def run(args: argparse.Namespace) -> int:
    """Measure and report; 1 when a target is missed."""
    from app.bench.report import lines, machine

    if args.save is not None and args.save.exists():
        raise UsageError(f"{args.save} exists already; name a new file")
    if args.name is None:
        print_table(("bench", "measures"), [(name, load_bench(name).about) for name in BENCHES])
        return 0
    bench = load_bench(args.name)
    if args.wallets is not None and (bench.measure_of is None or args.wallets < 1):
        raise UsageError(f"--wallets {args.wallets} is for bench wallets, and at least 1; leave it out")
    say(f"Measuring {bench.about}…", quiet=args.quiet or args.json)
    results = bench.measure_of(args.wallets) if bench.measure_of and args.wallets else bench.measure()
    report = {"bench": bench.name, "machine": machine(), "results": results}
    if args.save is not None:
        _save(args.save, encode_json(report))
    judged = lines(bench, results)
    if args.json:
        print_json(report)
    else:
        print_table(
            ("figure", ">value", "target", "verdict"), [(x.figure, f"{x.value:g}", x.target, x.verdict) for x in judged]
        )
        print_line(f"OVERALL {'FAIL' if _failed(judged) else 'PASS'}")
    return 1 if _failed(judged) else 0


def load_bench(name: str) -> "Bench":
    """The benchmark of that name, a key of `BENCHES`."""
    module, _, attribute = BENCHES[name].partition(":")
    bench: Bench = getattr(import_module(module), attribute)
    return bench


def _failed(judged: list["Line"]) -> bool:
    return any(line.verdict == "FAIL" for line in judged)


def _save(path: Path, data: bytes) -> None:
    """Results take the place of older ones; a link or a device of that name stays what it is."""
    if os.path.lexists(path) and (path.is_symlink() or not path.is_file()):
        raise DataError(f"{path} is no plain file and stays as it is; name another file")
    try:
        write_whole(path, data + b"\n")
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror}; name another file") from error
