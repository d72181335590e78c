"""`tapedeck scan`: wallets through the funnel."""

import argparse
import asyncio
import signal
from typing import TYPE_CHECKING

from app.cli import options
from app.cli.main import INTERRUPTED
from app.cli.output import print_csv, print_json, say
from app.cli.venue import Venue, settings_of_venue, source_fields, venue_mode
from app.config.sources import Given
from app.core.errors import PartialResultError, UsageError, VenueError
from app.core.text import clean

if TYPE_CHECKING:
    from pathlib import Path

    from app.config.settings import Settings
    from app.engine.link import EngineLink
    from app.wallets.scan_report import ScanReport
    from app.wallets.scanner import Scanner

_LARGEST_LIMIT = 100_000
_LIMIT_DIGITS = 6
_BESIDE = "NOT SAVED and with half of the venue's limits."

_EPILOG = """\
--from takes one or more of these, looked through in order; a wallet that several name is scanned once:

  leaderboard   the venue's leaderboards (settings scanner.windows, scanner.categories); the default.
                leaderboard:week, leaderboard:politics or leaderboard:week:politics are those alone
  trades        wallets of recent large trades (setting scanner.large_trade_usdc)
  market        holders of the markets of recent large trades; with a market's id (0x and 64 hex digits), its holders
  FILE          addresses in a file, one a line
  0x…           addresses

Where an engine runs here on the same data (a deck, or `tapedeck run`), it does the scan and keeps the verdicts; with
--profile or --limit the scan is one of its own, is not saved, and keeps to half of the venue's limits.

A scan that is broken off is gone on with by the next one of its kind; wallets that did nothing since the last scan
keep their verdict and cost no call. Exit code 6: some wallets could not be scored, a rule or an entry of the list of
viral wallets could not be used, or what came of it could not be saved, and it is said why.

examples:
  tapedeck scan --source demo --limit 200
  tapedeck scan --from leaderboard:week:politics trades --profile conservative --json
  tapedeck scan --from wallets.txt --csv > verdicts.csv
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Flags of `scan`."""
    parser.epilog = _EPILOG
    parser.add_argument(
        "--from", dest="words", nargs="+", default=[], metavar="SOURCE", help="where wallets come from (see below)"
    )
    parser.add_argument("--profile", metavar="NAME", help="thresholds by name (setting wallets.profile)")
    parser.add_argument("--limit", type=_limit, metavar="N", help="at most so many wallets (default: scanner.limit)")
    group = parser.add_argument_group("source")
    group.add_argument("--source", choices=("live", "demo"), help="which venue is asked (default: live)")
    options.add_seed(parser)
    parser.add_argument("--csv", action="store_true", help="print a row for each wallet as CSV")
    options.add_json(parser)
    options.add_talk(parser)
    options.add_settings(parser)


def run(args: argparse.Namespace) -> int:
    """Scan, and print what came of it. Raises `PartialResultError` where wallets or sources are missing."""
    if args.json and args.csv:
        raise UsageError("--json and --csv are two forms of the same; leave one of them out")
    mode = venue_mode(args)
    if args.profile is not None:
        args.set = [*args.set, Given("wallets.profile", args.profile, "flag --profile", is_text=True)]
    prepared = options.prepare(args)
    from app.wallets.explaining import CHECK_NETWORK

    report, interrupted = asyncio.run(_scanned(args, prepared, mode))
    _print(args, report, mode, prepared.settings)
    if interrupted:
        say(f"NOT SAVED: {report.unsaved}", quiet=not report.unsaved)
        return INTERRUPTED
    if report.wallets == 0 and (report.stopped or report.troubles):
        first = report.stopped or f"{report.troubles[0].name}: {report.troubles[0].reason}"
        raise VenueError(f"no wallet was looked at: {first}; {CHECK_NETWORK}")
    if report.is_partial:
        raise PartialResultError(_what_is_missing(report))
    return 0


async def _scanned(args: argparse.Namespace, prepared: options.Prepared, mode: Venue) -> "tuple[ScanReport, bool]":
    """By the engine that runs here on the same data, where it scans by the same thresholds as many; else by our own."""
    from app.cli.engines import running_engine, source_view

    link = await running_engine(source_view(mode, prepared.settings), prepared.locations)
    if link is None:
        return await _scan(args, prepared, mode)
    quiet = args.quiet or args.json or args.csv
    try:
        if args.profile is not None or args.limit is not None:
            say(f"An engine runs here: --profile and --limit make this a scan of its own, {_BESIDE}", quiet=quiet)
            return await _scan(args, prepared, mode, beside_engine=True)
        say("The engine that runs here scans.", quiet=quiet)
        return await _scan_in_engine(link, args, prepared.locations.database(mode), quiet=quiet)
    finally:
        await link.close()


async def _scan_in_engine(
    link: "EngineLink", args: argparse.Namespace, database: "Path", *, quiet: bool
) -> "tuple[ScanReport, bool]":
    from app.cli.engine_scan import scan_in_engine
    from app.cli.scan_bar import progress_bar

    interrupted, loop = asyncio.Event(), asyncio.get_running_loop()

    def interrupt(number: int) -> None:
        interrupted.set()
        # The second one ends the program.
        loop.remove_signal_handler(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, interrupt, number)
    try:
        with progress_bar(quiet=quiet) as show:
            report = await scan_in_engine(link, args.words, database, interrupted, show, quiet=args.quiet)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
    return report, interrupted.is_set()


async def _scan(
    args: argparse.Namespace, prepared: options.Prepared, mode: Venue, *, beside_engine: bool = False
) -> "tuple[ScanReport, bool]":
    import msgspec

    from app.cli.scan_bar import progress_bar
    from app.config.locations import ensure
    from app.core.clock import SystemClock
    from app.engine.vitals import resident_bytes
    from app.feeds.polymarket.limits import CALLS, HALF_CALLS
    from app.store.store import Store
    from app.wallets.api import scan_wallets
    from app.wallets.scanner import Memory

    clock, quiet = SystemClock(), args.quiet or args.json or args.csv
    ensure(prepared.locations.state_dir)
    store = Store(prepared.locations.database(mode), prepared.settings.store, clock)
    await store.open()
    interrupts: list[int] = []
    try:
        async with settings_of_venue(mode, prepared.settings, quiet=quiet) as settings:
            with progress_bar(quiet=quiet) as show:
                report = await scan_wallets(
                    settings,
                    args.words,
                    limit=args.limit,
                    store=store,
                    clock=clock,
                    memory=Memory(resident_bytes, settings.scanner.memory_mb * 1_000_000),
                    calls=HALF_CALLS if beside_engine else CALLS,
                    on_begun=lambda scanner: _heed_interrupts(scanner, interrupts),
                    on_progress=show,
                )
    finally:
        status = await store.close()
    return msgspec.structs.replace(report, unsaved=clean(status.lost, 240)), bool(interrupts)


def _heed_interrupts(scanner: "Scanner", interrupts: list[int]) -> None:
    """The first Ctrl-C ends the scan and keeps what it has; the second one ends the program."""
    loop = asyncio.get_running_loop()

    def interrupt(number: int) -> None:
        interrupts.append(number)
        scanner.cancel("interrupted")
        loop.remove_signal_handler(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, interrupt, number)


def _print(args: argparse.Namespace, report: "ScanReport", mode: Venue, settings: "Settings") -> None:
    from app.cli.scan_text import CSV_COLUMNS, csv_rows, json_fields, print_report

    if args.json:
        print_json({"source": source_fields(mode, settings), **json_fields(report)})
    elif args.csv:
        print_csv(CSV_COLUMNS, csv_rows(report, source_fields(mode, settings)))
    else:
        print_report(report, source_fields(mode, settings))
    if args.csv:
        for note in report.notes:
            say(note, quiet=args.quiet)


def _what_is_missing(report: "ScanReport") -> str:
    parts = [f"NOT SAVED: {report.unsaved}"] if report.unsaved else []
    if report.stopped:
        parts.append(f"the scan stopped early: {report.stopped}")
    if report.unscored:
        first = f" ({report.not_scored[0].wallet}: {report.not_scored[0].reason})" if report.not_scored else ""
        parts.append(f"{report.unscored} of {report.wallets} wallets not scored{first}")
    parts += [f"{trouble.name}: {trouble.reason}" for trouble in report.troubles[:3]]
    parts += [f"left out: {note}" for note in report.notes[:3]]
    return "; ".join(parts)


def _limit(text: str) -> int:
    # Of many digits not even the length is converted: that takes a time in proportion to its square.
    digits = text.lstrip("0")
    if text.isascii() and text.isdigit() and len(digits) <= _LIMIT_DIGITS and 1 <= int(digits or "0") <= _LARGEST_LIMIT:
        return int(digits)
    raise argparse.ArgumentTypeError(f"{clean(text, 40)!r} is not a number of wallets, 1 to {_LARGEST_LIMIT}")
