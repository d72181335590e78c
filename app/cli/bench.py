"""`tapedeck bench`: measure tapedeck on this machine."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli import options
from app.cli.output import encode_json, print_json, print_line, print_table, say
from app.core.errors import DataError, UsageError

if TYPE_CHECKING:
    from app.bench.report import Line

NAMES = ("start",)


def configure(parser: argparse.ArgumentParser) -> None:
    """Flags of `bench`."""
    parser.add_argument("name", nargs="?", choices=NAMES, metavar="NAME", help=f"one of: {', '.join(NAMES)}")
    parser.add_argument("--save", type=Path, metavar="FILE", help="write the JSON to a new file as well")
    options.add_json(parser)
    options.add_talk(parser)


def run(args: argparse.Namespace) -> int:
    """Measure and report; 1 when a target is missed."""
    from app.bench.report import lines, machine
    from app.bench.start import START

    if args.save is not None and args.save.exists():
        raise UsageError(f"{args.save} exists already; name a new file")
    if args.name is None:
        print_table(("bench", "measures"), [(START.name, START.about)])
        return 0
    bench = {START.name: START}[args.name]
    say(f"Measuring {bench.about}…", quiet=args.quiet or args.json)
    results = bench.measure()
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


def _failed(judged: list["Line"]) -> bool:
    return any(line.verdict == "FAIL" for line in judged)


def _save(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data + b"\n")
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror}; name another file") from error
