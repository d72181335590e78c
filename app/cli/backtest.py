"""`tapedeck backtest`: the strategy replayed over bars, after costs, beside holding the same market."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from app.cli import options
from app.cli.market_bars import add_bars, check_words, given_bars
from app.cli.moments import add_span, bounds, parse_span
from app.cli.new_files import check_new, write_new
from app.cli.output import print_json, say
from app.core.errors import DataError, UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from app.screener.backtest import Macro
    from app.screener.backtesting import Backtest
    from app.screener.bars import Bars
    from app.screener.named_candidates import NamedCandidates
    from app.screener.report import Summary
    from app.screener.screen import Screened

_EPILOG = """\
Bars are those that `tapedeck screen` takes. Every bar from --start to --end is replayed; those before warm up what
the strategy sees. With --candidates, a file that `tapedeck screen` wrote, only the bars around candidates are looked
at, and every bar of an open position: trades, account and figures are the same, which --check shows by doing both. The
file's sidecar tells whether it is of these bars and settings.

The strategy is the settings [fusion] and [strategy], the screen that every entry needs [batch_mode], and fees are
costs.taker_fee_bps; docs/screener.md tells what they mean and how fills are assumed. --volatility and --funding name
series beside the bars: a time, and a column volatility, or funding (the rate of an hour as a fraction).

Times in what is written are those at which bars opened. No file is written over.

examples:
  tapedeck backtest --bars ETHUSDT_1h.parquet --start 2025-06-15 --end 2025-09-30
  tapedeck backtest --bars ETHUSDT_1h.parquet --candidates candidates.jsonl --trades trades.jsonl --json
  tapedeck backtest --bars ETH_1h.csv --set fusion.entry_threshold_confidence=0.5 --svg eth.svg

exit codes: 0 replayed, 1 pyarrow is missing, 2 usage, 3 a setting is wrong, 4 venue, 5 bars or candidates that cannot
            be used, or --check found a difference
"""


class _Made(NamedTuple):
    """What was asked for and what came of it."""

    result: "Backtest"
    summary: "Summary"
    macro: "Macro | None"
    on_candidates: bool


class _Given(NamedTuple):
    """Bars from beginning to end, the part that was asked for, and what is named of it."""

    screened: "Screened"
    macro: "Macro | None"
    named: "NDArray[np.bool_] | None"


def configure(parser: argparse.ArgumentParser) -> None:
    """Flags of `backtest`."""
    parser.epilog = _EPILOG
    add_bars(parser)
    add_span(parser)
    parser.add_argument("--candidates", type=Path, metavar="FILE", help="look only around these (see below)")
    parser.add_argument("--check", action="store_true", help="with --candidates: replay every bar too, and compare")
    parser.add_argument("--volatility", type=Path, metavar="FILE", help="an index of volatility beside the bars")
    parser.add_argument("--funding", type=Path, metavar="FILE", help="rates of funding beside the bars")
    group = parser.add_argument_group("what is written")
    group.add_argument("--trades", type=Path, metavar="FILE", help="a new file for trades, one JSON object a line")
    group.add_argument("--equity", type=Path, metavar="FILE", help="the same for the account, one line a bar")
    group.add_argument("--svg", type=Path, metavar="FILE", help="a new file for a picture of account and trades")
    options.add_json(parser)
    options.add_talk(parser)
    options.add_settings(parser)


def run(args: argparse.Namespace) -> int:
    """Replay, write what was asked for, and print the report."""
    check_words(args)
    prepared = options.prepare(args)
    if args.check and args.candidates is None:
        raise UsageError("--check compares a backtest on candidates with one over every bar; add --candidates FILE")
    written = [path for path in (args.trades, args.equity, args.svg) if path is not None]
    if len(set(written)) < len(written):
        raise UsageError("--trades, --equity and --svg name the same file; give each its own")
    for path in written:
        check_new(path)
    made = _made(args, prepared)
    _write(args, made)
    _print(args, made)
    _remember(args, prepared, made)
    return 0


def _made(args: argparse.Namespace, prepared: options.Prepared) -> _Made:
    from app.screener.backtesting import backtest, first_difference
    from app.screener.report import summarise

    settings = prepared.settings
    given = _given(args, prepared)
    result = backtest(given.screened, settings, given.macro, given.named)
    if args.check:
        full = backtest(given.screened, settings, given.macro)
        apart = first_difference(result.replay, full.replay, given.screened)
        if apart:
            raise DataError(f"on candidates and over every bar differ: {apart}; was the file of candidates changed?")
        say("Over every bar the same trades and the same account came out.", quiet=args.quiet or args.json)
    return _Made(result, summarise(result, given.macro), given.macro, given.named is not None)


def _given(args: argparse.Namespace, prepared: options.Prepared) -> _Given:
    from app.screener.macro import read_macro
    from app.screener.named_candidates import check_origin, check_window, read_candidates
    from app.screener.screen import screen

    candidates = None if args.candidates is None else read_candidates(args.candidates)
    bars, settings = given_bars(args, prepared), prepared.settings
    if candidates is not None:
        check_origin(candidates, bars, settings.batch_mode)
    screened = screen(bars, settings.batch_mode, *_span(args, candidates))
    named = None
    if candidates is not None:
        check_window(candidates, screened)
        named = _named(args, candidates, bars, screened)
    return _Given(screened, read_macro(screened.bars, args.volatility, args.funding), named)


def _span(args: argparse.Namespace, candidates: "NamedCandidates | None") -> tuple[int, int]:
    """The span that was asked for; where no day is given, that of the screen."""
    sidecar = candidates.sidecar if candidates else None
    start, end = args.start or (sidecar.start if sidecar else ""), args.end or (sidecar.end if sidecar else "")
    return bounds(parse_span(start, end))


def _named(
    args: argparse.Namespace, candidates: "NamedCandidates", bars: "Bars", screened: "Screened"
) -> "NDArray[np.bool_]":
    """The marks of a file of candidates, with a word where they are not what the screen finds."""
    from app.screener.named_candidates import changes, marks

    marked = marks(candidates, bars, screened)
    if candidates.sidecar is None:
        say(
            f"{args.candidates} has no sidecar: nothing tells of which bars it is. It is taken as it is.",
            quiet=args.quiet,
        )
    others, lacking = changes(marked, screened)
    if others or lacking:
        say(
            f"{args.candidates} is not what the screen finds here: {others:,} of its bars are no candidates and are "
            f"not entered, {lacking:,} candidates are not in it and are not entered either.",
            quiet=args.quiet,
        )
    return marked


def _write(args: argparse.Namespace, made: _Made) -> None:
    import msgspec

    from app.screener.equity_picture import equity_picture
    from app.screener.report import assumptions, equity_rows, held_equity, trade_rows

    encoder, files = msgspec.json.Encoder(), {}
    if args.trades is not None:
        files[args.trades] = encoder.encode_lines(trade_rows(made.result))
    if args.equity is not None:
        files[args.equity] = encoder.encode_lines(equity_rows(made.result))
    if args.svg is not None:
        from app.cli.backtest_text import title

        notes = assumptions(made.result.rules)
        picture = equity_picture(
            made.result, held_equity(made.result, made.macro), title(made.result, made.summary), notes
        )
        files[args.svg] = picture.encode()
    write_new(files)


def _print(args: argparse.Namespace, made: _Made) -> None:
    from app.cli.backtest_text import looked_at, print_report

    if not args.json:
        print_report(made.result, made.summary, on_candidates=made.on_candidates)
        return
    from app.screener.report import assumptions, direction_sentence

    told: dict[str, Any] = {
        "summary": made.summary,
        "looked_at": looked_at(made.result, on_candidates=made.on_candidates),
        "visited_bars": made.result.visited,
        "assumptions": assumptions(made.result.rules),
        "direction": direction_sentence(made.summary),
    }
    print_json(told)


def _remember(args: argparse.Namespace, prepared: options.Prepared, made: _Made) -> None:
    """Keep what a deck shows as the last backtest; the figures are printed already, so a failure is only told."""
    from app.cli.backtest_text import record_of
    from app.core.clock import SystemClock
    from app.engine.last_backtest import keep_backtest

    record = record_of(made.result, made.summary, prepared.settings, SystemClock().wall_ns() // 1_000_000)
    try:
        keep_backtest(prepared.locations.last_backtest, record)
    except DataError as error:
        say(f"The deck will not show this backtest: {error}.", quiet=args.quiet)
