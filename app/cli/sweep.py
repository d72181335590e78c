"""`tapedeck sweep`: the strategy replayed over bars by many settings, and how far the best of them can be believed."""

import argparse
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from app.cli import options, sweep_bars
from app.cli.ending import end_with_input
from app.cli.figures import counted
from app.cli.moments import add_span, parse_span
from app.cli.new_files import check_new, write_new
from app.cli.output import print_json, progress, progress_lines, say
from app.core.errors import UsageError
from app.core.processors import usable_processors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    from app.cli.output import Advance
    from app.screener.folds import Fold
    from app.screener.sweep_run import RunFigures
    from app.screener.trials import Trial
    from app.sweep.crew import Crew
    from app.sweep.report import SweepReport
    from app.sweep.results import Results
    from app.sweep.sweeping import Run, Sweep

_EPILOG = """\
Each --grid names a setting and its values, each --random one and a range of which numbers are drawn, --runs times;
all combinations are tried, the other settings stay as they are. Swept can be what trades depend on: [batch_mode] (but
for its windows), [fusion], [strategy] and costs.taker_fee_bps. Every setting is replayed over every file of bars, in
each of --folds pieces of time with an account of its own: what `tapedeck backtest` makes of the same bars.

Results go to a file of SQLite and are never computed twice: the same command goes on where it was interrupted. A
market by its name has other bars each hour, which --keep holds still; its simulated venue is that of demo.seed. The
more is tried, the better the best one looks: the report says what luck alone would have given.

examples:
  tapedeck sweep --bars ETHUSDT_1h.parquet --grid fusion.entry_threshold_confidence=.40,.45,.50,.55
  tapedeck sweep --asset ETH BTC --grid fusion.mode=confirm,prefilter --folds 4
  tapedeck sweep --bars ETH_1h.csv BTC_1h.csv --random strategy.stop_atr=1..4 --runs 200 --folds 6 --csv runs.csv
  tapedeck sweep --bars ETH_1h.csv --grid fusion.mode=confirm,prefilter --cluster tls://10.0.0.5:8786 --shared /data/tmp

exit codes: 0 done, 1 workers or a library are missing, 2 usage, 3 a setting is wrong, 4 no cluster or venue answers,
            5 bars, candidates or a file of results that cannot be used, 130 interrupted (what is done is kept)
"""
_MOST_WORKERS = 512
_MOST_FOLDS = 1_000


_USUAL_DRAWS, _USUAL_SEED = 100, 1
_USUALLY_TOLD = 10


class _Made(NamedTuple):
    """What was swept and what came of it; `kept` runs were known before."""

    sweep: "Sweep"
    folds: "list[Fold]"
    figures: "Mapping[str, RunFigures]"
    report: "SweepReport"
    kept: int


def configure(parser: argparse.ArgumentParser) -> None:
    """Flags of `sweep`."""
    parser.epilog = _EPILOG
    sweep_bars.add_bars(parser)
    parser.add_argument("--candidates", nargs="+", type=Path, default=[], metavar="FILE",
                        help="enter only at these: a file for each of --bars, from `tapedeck screen`")  # fmt: skip
    add_span(parser)
    parser.add_argument("--volatility", type=Path, metavar="FILE", help="an index of volatility beside all bars")
    parser.add_argument("--funding", nargs="+", type=Path, default=[], metavar="FILE",
                        help="rates of funding: a file for each market")  # fmt: skip
    group = parser.add_argument_group("what is tried")
    group.add_argument("--grid", action="append", default=[], metavar="KEY=A,B,…", help="each of these values")
    group.add_argument("--random", action="append", default=[], metavar="KEY=LOW..HIGH", help="numbers in this range")
    group.add_argument("--runs", type=int, metavar="N", help="how often --random draws (default: 100)")
    group.add_argument(
        "--seed", type=int, dest="draw_seed", metavar="N", help="the same seed draws the same numbers (default: 1)"
    )
    group.add_argument("--folds", type=int, default=1, metavar="N", help="pieces of time, walked forward (default: 1)")
    group = parser.add_argument_group("who does it")
    group.add_argument("--workers", type=int, metavar="N", help="processes (default: one for each processor)")
    group.add_argument("--cluster", metavar="ADDRESS", help="the workers of this dask scheduler instead")
    group.add_argument("--shared", type=Path, metavar="FOLDER", help="where shared columns lie while it runs; "
                       "a cluster's machines all have to see it (default: in the cache)")  # fmt: skip
    group = parser.add_argument_group("what is written")
    group.add_argument("--results", type=Path, metavar="FILE", help="results of sweeps (default: one file for all)")
    group.add_argument("--csv", type=Path, metavar="FILE", help="a new file with a line for each run")
    group.add_argument("--best", type=int, metavar="N", help="tell of so many of the best trials (default: 10; with "
                       "--json all)")  # fmt: skip
    options.add_json(parser)
    options.add_talk(parser)
    group = parser.add_argument_group("for programs that start it")
    group.add_argument("--progress", choices=("bar", "jsonl"), default="bar", help="progress on stderr: a bar on a "
                       "terminal (default), or a JSON object a line")  # fmt: skip
    group.add_argument("--end-with-input", action="store_true", help="end as by ctrl-c when standard input ends")
    options.add_settings(parser)


def run(args: argparse.Namespace) -> int:
    """Sweep, write what was asked for, and print the report."""
    sweep_bars.check_words(args)
    _check_words(args)
    if args.end_with_input:
        end_with_input()
    prepared = options.prepare(args)
    if args.csv is not None:
        check_new(args.csv)
    made = _made(args, prepared)
    if args.csv is not None:
        from app.cli.sweep_text import csv_text

        write_new({args.csv: csv_text(made.sweep, made.figures).encode()})
    _print(args, made)
    return 0


def _check_words(args: argparse.Namespace) -> None:
    if not args.grid and not args.random:
        raise UsageError("nothing is swept; add --grid KEY=A,B or --random KEY=LOW..HIGH")
    if (args.runs is not None or args.draw_seed is not None) and not args.random:
        raise UsageError("--runs and --seed are for --random; leave them out, or add a range")
    if args.cluster and args.workers is not None:
        raise UsageError("--workers is for this machine, and --cluster has workers of its own; leave one of them out")
    if args.cluster:
        from app.sweep.crew import check_cluster

        check_cluster(args.cluster)
    for name, most in (("runs", 1 << 53), ("workers", _MOST_WORKERS), ("folds", _MOST_FOLDS), ("best", 1 << 53)):
        number = getattr(args, name)
        if number is not None and not 1 <= number <= most:
            raise UsageError(f"--{name} is {number}; give at least 1" + (f", at most {most}" if most < 1 << 53 else ""))
    if args.draw_seed is not None and args.draw_seed < 0:
        raise UsageError(f"--seed is {args.draw_seed}; give at least 0")


def _made(args: argparse.Namespace, prepared: options.Prepared) -> _Made:
    from app.sweep.report import report
    from app.sweep.results import open_results

    trials = _trials(args, prepared)
    sweep, folds = _sweep(args, prepared, trials)
    quiet = args.quiet or args.json
    with open_results(args.results or prepared.locations.sweeps) as results:
        known = results.known(run.key for run in sweep.runs)
        if known:
            say(f"{counted(len(known), 'run')} of {len(sweep.runs):,} are known already.", quiet=quiet)
        missing = [run for run in sweep.runs if run.key not in known]
        figures = {**known, **_done(args, prepared, sweep, missing, results)} if missing else known
        return _Made(sweep, folds, figures, report(sweep, figures, folds, results), len(known))


def _trials(args: argparse.Namespace, prepared: options.Prepared) -> "list[Trial]":
    from app.screener.trials import grid_values, plan_trials, random_ranges

    ranges = random_ranges(args.random)
    seed = _USUAL_SEED if args.draw_seed is None else args.draw_seed
    return plan_trials(prepared.settings, grid_values(args.grid), ranges, args.runs or _USUAL_DRAWS, seed)


def _sweep(args: argparse.Namespace, prepared: options.Prepared, trials: "list[Trial]") -> "tuple[Sweep, list[Fold]]":
    from app.sweep.markets import Span, cells_of, folds_over, swept_markets
    from app.sweep.sweeping import sweep_of

    span = Span(*parse_span(args.start, args.end))
    screens = (trial.settings.screen for trial in trials)
    given = sweep_bars.given_bars(args, prepared)
    macros = sweep_bars.given_macros(args, given)
    markets = swept_markets(given, args.candidates, span, screens, macros)
    folds = folds_over(markets, args.folds)
    return sweep_of(trials, markets, cells_of(markets, folds)), folds


def _done(
    args: argparse.Namespace, prepared: options.Prepared, sweep: "Sweep", missing: "list[Run]", results: "Results"
) -> "Mapping[str, RunFigures]":
    """What the missing runs came to."""
    from app.sweep.sweeping import carry_on, private_folder

    total = len(missing)
    try:
        with (
            private_folder(args.shared or prepared.locations.cache_dir / "sweeps") as folder,
            _crew(args) as crew,
            _progress(args, f"{total:,} runs", total) as advance,
        ):
            return carry_on(sweep, missing, results, crew, folder, advance)
    except KeyboardInterrupt:
        done = len(results.known(run.key for run in missing))
        say(f"Interrupted: {done:,} of {total:,} runs are done and kept; the same command goes on.", quiet=args.quiet)
        raise


def _progress(args: argparse.Namespace, label: str, total: int) -> "AbstractContextManager[Advance]":
    if args.progress == "bar":
        return progress(label, total, quiet=args.quiet or args.json)
    from app.core.clock import SystemClock

    return progress_lines(label, total, SystemClock())


@contextmanager
def _crew(args: argparse.Namespace) -> "Iterator[Crew]":
    from app.sweep.crew import cluster_crew, local_crew

    if args.cluster is None:
        yield local_crew(args.workers or usable_processors())
        return
    with cluster_crew(args.cluster) as crew:
        yield crew


def _print(args: argparse.Namespace, made: _Made) -> None:
    if not args.json:
        from app.cli.sweep_text import print_report

        print_report(made.sweep, made.report, args.best or _USUALLY_TOLD)
        return
    import msgspec

    from app.cli.sweep_text import doubts

    told = {"runs": len(made.sweep.runs), "known_before": made.kept, "markets": [
        market.bars.name for market in made.sweep.markets
    ], "folds": len(made.folds), "doubts": doubts(made.report)}  # fmt: skip
    report = msgspec.structs.replace(made.report, trials=made.report.trials[: args.best])
    print_json({**told, **msgspec.to_builtins(report)})
