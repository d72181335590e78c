"""`tapedeck sweep`: many settings of the strategy over bars of many markets, and what the best of them is worth."""

import argparse
import hashlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from app.cli import options
from app.cli.moments import parse_day
from app.cli.new_files import check_new, write_new
from app.cli.output import progress, say
from app.core.errors import UsageError

if TYPE_CHECKING:
    from app.config.settings import Settings
    from app.screener.sweep import Market
    from app.screener.sweep_file import SweepFile
    from app.screener.sweep_report import Verdict
    from app.screener.sweep_runs import Run
    from app.screener.sweep_space import Point

_EPILOG = """\
Each point of a sweep is a choice of settings: every combination of --grid, or --random N draws from --grid and --range.
Any setting of [batch_mode], [fusion], [strategy] and [costs] may be named; the items of a list are joined by +. Every
point is replayed over every file of bars; features are computed once for all points that share them.

With --cluster the workers of a dask scheduler do the runs: they need tapedeck installed and the folder for temporary
files (TMPDIR) in common with this machine, and a scheduler runs what anybody who reaches it sends.

Results go to a SQLite file as they come; the same command goes on where it was interrupted. Of many points the best is
partly luck: beside it stand how choices made on the days before did on the days after (walk forward), the deflated
Sharpe ratio, and the probability of backtest overfitting; docs/screener.md tells where they come from.

examples:
  tapedeck sweep --bars ETH_1h.parquet --grid fusion.entry_threshold_confidence=0.40,0.45,0.50,0.55 --out eth.sqlite
  tapedeck sweep --bars *_1h.parquet --grid fusion.mode=confirm,advisory --range strategy.stop_atr=1:4 \\
    --random 200 --out random.sqlite --csv random.csv

exit codes: 0 done, 1 pyarrow is missing or workers died, 2 usage, 3 a setting is wrong, 4 no cluster, 5 bars,
            candidates or a file of results that cannot be used
"""
_SECTIONS = ("batch_mode", "fusion", "strategy", "costs")


class _Sweep(NamedTuple):
    """What is to be swept."""

    base: "Settings"
    markets: "list[Market]"
    points: "list[Point]"
    about: dict[str, Any]


def configure(parser: argparse.ArgumentParser) -> None:
    """Flags of `sweep`."""
    parser.epilog = _EPILOG
    parser.add_argument("--bars", type=Path, nargs="+", required=True, metavar="FILE", help="files of bars")
    parser.add_argument("--start", metavar="DAY", help="the first day, or a moment in ISO 8601, UTC")
    parser.add_argument("--end", metavar="DAY", help="the last day, or a moment")
    parser.add_argument("--candidates", type=Path, metavar="FILE", help="enter only these; of one file of bars")
    group = parser.add_argument_group("points")
    group.add_argument("--grid", action="append", default=[], metavar="KEY=V,V", help="a setting and its values")
    group.add_argument("--range", action="append", default=[], metavar="KEY=LOW:HIGH", help="bounds of random values")
    group.add_argument("--random", type=int, metavar="N", help="so many points at random, not every combination")
    group.add_argument("--seed", metavar="N", help="seed of random points (setting demo.seed)")
    parser.add_argument("--folds", type=int, default=4, metavar="N", help="folds of the walk forward (default: 4)")
    parser.add_argument("--workers", type=int, metavar="N", help="processes (default: one a processor)")
    parser.add_argument(
        "--cluster", metavar="ADDRESS", help="workers of a dask scheduler, such as tcp://127.0.0.1:8786"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="a SQLite file, new or of this sweep")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="a new file for all runs as CSV")
    options.add_json(parser)
    options.add_talk(parser)
    options.add_settings(parser)


def run(args: argparse.Namespace) -> int:
    """Do what is left of the sweep, and print what it says."""
    from app.screener.sweep_file import csv_of, open_sweep
    from app.screener.sweep_report import judge

    workers = _checked_workers(args)
    base = options.prepare(args).settings
    sweep = _sweep(args, base)
    with open_sweep(args.out, sweep.about, sweep.points) as file:
        if args.cluster is None:
            _carry_out(args, sweep, file, workers, lambda: _executor(workers))
        else:
            from app.cli.cluster import cluster_at

            with cluster_at(args.cluster) as cluster:
                _carry_out(args, sweep, file, cluster.workers, cluster.make_executor)
        runs = file.runs()
    verdict = judge(runs, args.folds)
    if args.csv is not None:
        write_new({args.csv: csv_of(runs, sweep.points)})
    _print(args, sweep, runs, verdict)
    return 0


def _checked_workers(args: argparse.Namespace) -> int:
    """How many processes. Raises `UsageError` for flags that do not fit together."""
    if args.csv is not None:
        check_new(args.csv)
    if args.random is None and args.range:
        raise UsageError("--range needs --random N: there is no grid between two bounds")
    if args.random is not None and not 1 <= args.random <= 100_000:
        raise UsageError(f"--random {args.random} is outside 1 to 100,000")
    if not args.grid and not args.range:
        raise UsageError("nothing to sweep; add --grid KEY=VALUE,VALUE")
    if not 0 <= args.folds <= 100:
        raise UsageError(f"--folds {args.folds} is outside 0 to 100")
    if args.cluster is not None and args.workers is not None:
        raise UsageError("--workers are of this machine; leave them out, or --cluster")
    workers: int = args.workers or len(os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(2))
    if not 1 <= workers <= 256:
        raise UsageError(f"--workers {args.workers} is outside 1 to 256")
    return workers


def _sweep(args: argparse.Namespace, base: "Settings") -> _Sweep:
    import msgspec

    from app.screener.sweep_space import settings_of

    points = _points(args, base.demo.seed)
    for point in points:
        settings_of(base, point)
    markets = _markets(args, base, points)
    sections = msgspec.json.encode({name: getattr(base, name) for name in _SECTIONS}, order="sorted")
    about = {
        "bars": {market.name: market.bars.sha256 for market in markets},
        "first": {market.name: int(market.bars.times[market.first]) for market in markets},
        "settings": hashlib.sha256(sections).hexdigest(),
        "points": hashlib.sha256(msgspec.json.encode(points, order="sorted")).hexdigest(),
        "candidates": hashlib.sha256(args.candidates.read_bytes()).hexdigest() if args.candidates else "",
    }
    return _Sweep(base, markets, points, about)


def _points(args: argparse.Namespace, seed: int) -> "list[Point]":
    from app.screener.sweep_space import drawn, grid, parse_axis, parse_span

    axes, spans = [parse_axis(text) for text in args.grid], [parse_span(text) for text in args.range]
    keys = [*(axis.key for axis in axes), *(span.key for span in spans)]
    if len(set(keys)) < len(keys):
        raise UsageError("a key is named twice by --grid and --range; name each once")
    idle = next((key for key in keys if key.partition(".")[0] not in _SECTIONS and "." in key), None)
    if idle is not None:
        raise UsageError(f"{idle} changes nothing in a backtest; sweep settings of {', '.join(_SECTIONS)}")
    return grid(axes) if args.random is None else drawn(axes, spans, args.random, seed)


def _markets(args: argparse.Namespace, base: "Settings", points: "Sequence[Point]") -> "list[Market]":
    from app.screener.bars import read_bars
    from app.screener.screen import screen
    from app.screener.sweep import Market

    names = [path.name for path in args.bars]
    if len(set(names)) < len(names):
        raise UsageError("two files of --bars have the same name; results would be mixed up")
    if args.candidates is not None and (len(names) > 1 or any(_screens(key) for point in points for key in point)):
        raise UsageError("--candidates are of one file of bars and one screen; sweep neither bars nor [batch_mode]")
    start_ms = parse_day(args.start, last=False) if args.start else 0
    end_ms = parse_day(args.end, last=True) if args.end else 1 << 53
    markets = []
    for path in args.bars:
        bars = read_bars(path)
        screened = screen(bars, base.batch_mode, start_ms, end_ms)
        named = _named(args, base, bars, screened) if args.candidates else None
        markets.append(Market(bars.name, screened.bars, screened.first, named))
    return markets


def _screens(key: str) -> bool:
    from app.config.screener_settings import ScreenSettings

    section, _, name = key.partition(".")
    return section == "batch_mode" and name in ScreenSettings.__struct_fields__


def _named(args: argparse.Namespace, base: "Settings", bars: Any, screened: Any) -> Any:  # noqa: ANN401
    from app.screener.named_candidates import check_origin, check_window, marks, read_candidates

    candidates = read_candidates(args.candidates)
    check_origin(candidates, bars, base.batch_mode)
    check_window(candidates, screened)
    if candidates.sidecar is None:
        say(
            f"{args.candidates} has no sidecar: nothing tells of which bars it is. It is taken as it is.",
            quiet=args.quiet,
        )
    return marks(candidates, bars, screened)


def _carry_out(
    args: argparse.Namespace, sweep: _Sweep, file: "SweepFile", workers: int, make_executor: Callable[[], Executor]
) -> None:
    from app.screener.sweep import carry_out, prepared_jobs

    quiet = args.quiet or args.json
    done = file.done()
    total = len(sweep.points) * len(sweep.markets)
    if done:
        say(f"{len(done):,} of {total:,} runs are there already.", quiet=quiet)
    finished = len(done)

    with (
        prepared_jobs(sweep.markets, sweep.base, sweep.points, done, workers) as jobs,
        progress("runs", total, quiet=quiet) as advance,
    ):

        def put(runs: "list[Run]") -> None:
            nonlocal finished
            file.put(runs)
            finished += len(runs)
            advance(finished)

        carry_out(jobs, sweep.base, make_executor, put)


def _executor(workers: int) -> Executor:
    """Processes of their own; one worker needs none."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    from app.screener.sweep import Alone

    return Alone() if workers == 1 else ProcessPoolExecutor(workers, get_context("spawn"))


def _print(args: argparse.Namespace, sweep: _Sweep, runs: "list[Run]", verdict: "Verdict") -> None:
    from app.cli.sweep_text import json_fields, print_verdict

    if args.json:
        from app.cli.output import print_json

        print_json(json_fields(sweep.points, runs, verdict))
    else:
        print_verdict(sweep.points, runs, verdict)
