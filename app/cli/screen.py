"""`tapedeck screen`: which bars of a file or a market are candidates for an entry."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from app.cli import options
from app.cli.market_bars import add_bars, check_words, given_bars
from app.cli.moments import add_span, bounds, parse_span
from app.cli.output import print_json, print_line, say

if TYPE_CHECKING:
    from app.config.screener_settings import ScreenSettings
    from app.screener.bars import Bars
    from app.screener.candidates_file import Sidecar
    from app.screener.screen import Screened

_EPILOG = """\
A file of bars is CSV, also gzipped, with a line of names: a time (timestamp, date or open_time: ISO 8601, s or ms),
open, high, low, close and volume; or Parquet or Feather with such columns. Bars may be of any span that divides four
hours. Those before --start warm the features up. A day given to --end is screened to its last bar. With --asset bars
are the hours of a market: those stored by runs of tapedeck, and the 5,000 newest, which the venue is asked for.

Each candidate is one line: when its bar opened, the side, the score and the reason. Beside FILE a sidecar,
FILE.screen.json, holds the hashes of the bars and of the settings. A file that no screen wrote is never written over.
Thresholds are the settings [batch_mode]; files with some are in configs/screener.

examples:
  tapedeck screen --bars ETHUSDT_1h.parquet --start 2025-06-15 --end 2025-09-30 --out candidates.jsonl
  tapedeck screen --bars ETH_1h.csv --config configs/screener/wide.toml | head
  tapedeck screen --asset ETH --keep ETH_1h.csv --out candidates.jsonl

exit codes: 0 screened, 1 pyarrow is missing, 2 usage, 3 a setting is wrong, 4 venue, 5 bars that cannot be used
"""


class _Result(NamedTuple):
    screened: "Screened"
    sidecar: "Sidecar"
    lines: bytes


def configure(parser: argparse.ArgumentParser) -> None:
    """Flags of `screen`."""
    parser.epilog = _EPILOG
    add_bars(parser)
    add_span(parser)
    parser.add_argument("--out", type=Path, metavar="FILE", help="where candidates go (default: stdout)")
    options.add_json(parser)
    options.add_talk(parser)
    options.add_settings(parser)


def run(args: argparse.Namespace) -> int:
    """Screen, and write the candidates to the file or to stdout."""
    start_ms, end_ms = bounds(parse_span(args.start, args.end))
    check_words(args)
    prepared = options.prepare(args)
    settings = prepared.settings.batch_mode.screen
    if args.out is not None:
        from app.screener.candidates_file import check_free

        check_free(args.out)
    result = _screened(given_bars(args, prepared), settings, start_ms, end_ms)
    if args.out is None:
        _to_stdout(args, result)
    else:
        _to_file(args, result)
    return 0


def _screened(bars: "Bars", settings: "ScreenSettings", start_ms: int, end_ms: int) -> _Result:
    from app.screener.candidates_file import candidate_lines, sidecar_of
    from app.screener.screen import screen

    screened = screen(bars, settings, start_ms, end_ms)
    lines = candidate_lines(screened, settings)
    return _Result(screened, sidecar_of(bars, screened, settings, lines.count(b"\n")), lines)


def _to_stdout(args: argparse.Namespace, result: _Result) -> None:
    import sys

    sys.stdout.write(result.lines.decode())
    for line in _summary(result):
        say(line, quiet=args.quiet or args.json)


def _to_file(args: argparse.Namespace, result: _Result) -> None:
    import msgspec

    from app.screener.candidates_file import write_candidates

    write_candidates(args.out, result.lines, result.sidecar)
    if args.json:
        told = {**msgspec.to_builtins(result.sidecar), "out": str(args.out), "screened": result.screened.length}
        print_json({**told, "share": result.screened.share, "unknown": result.screened.unknown})
        return
    for line in _summary(result):
        print_line(line)


def _summary(result: _Result) -> list[str]:
    from app.screener.bars import interval_text

    screened, sidecar = result.screened, result.sidecar
    lines = [
        f"{sidecar.candidates:,} candidates of {screened.length:,} bars ({screened.share:.1%}), "
        f"{interval_text(screened.bars.interval_ms)}, {sidecar.start} to {sidecar.end}"
    ]
    if screened.bars.missing:
        lines.append(f"{screened.bars.missing:,} bars are missing in between: features go on over the holes.")
    if screened.unknown:
        lines.append(f"{screened.unknown:,} bars have no score yet: it takes 20 days of bars before them.")
    return lines
