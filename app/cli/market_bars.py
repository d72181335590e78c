"""The bars that `screen` and `backtest` take: of a file, or of a market by its name, stored and asked of the venue."""

import argparse
import asyncio
import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli import options
from app.cli.new_files import check_new, write_new
from app.cli.output import progress, say
from app.cli.venue import Venue, settings_of_venue
from app.core.clock import SystemClock
from app.core.errors import DataError, UsageError, VenueError

if TYPE_CHECKING:
    from app.core.events import Candle
    from app.screener.bars import Bars
    from app.training.venue_bars import HoursAsker

    MakeAsker = Callable[[], HoursAsker]

_COIN = re.compile(r"[A-Za-z0-9:@#/_.-]{1,32}\Z")
_HOURS_AT_ONCE = 1_000
_MOST_STORED = 200_000


def add_bars(parser: argparse.ArgumentParser) -> None:
    """`--bars` or `--asset`, and where the latter's come from: read with `given_bars`."""
    group = parser.add_argument_group("bars")
    one = group.add_mutually_exclusive_group(required=True)
    one.add_argument("--bars", type=Path, metavar="FILE", help="a file of bars")
    one.add_argument("--asset", metavar="COIN", help="a market by its name: its hours, stored and asked of the venue")
    add_venue(group)
    group.add_argument("--seed", metavar="N", help="with --source demo: which simulated market (setting demo.seed)")
    group.add_argument("--keep", type=Path, metavar="FILE", help="with --asset: a new CSV file for its bars")


def add_venue(group: "argparse._ArgumentGroup") -> None:
    """`--source`: whom `bars_of_asset` asks."""
    group.add_argument(
        "--source",
        choices=("live", "demo", "store"),
        help="with --asset: which venue is asked (default: live), or none",
    )


def check_words(args: argparse.Namespace) -> None:
    """Raises `UsageError` where the flags of `add_bars` do not fit together."""
    if args.bars is not None and (args.source or args.keep or args.seed is not None):
        raise UsageError("--source, --seed and --keep go with --asset; leave them out, or --bars")
    if args.seed is not None and args.source != "demo":
        raise UsageError("--seed is for the simulated venue; add --source demo")
    if args.asset is not None:
        check_coin(args.asset)
    if args.keep is not None:
        check_new(args.keep)


def check_coin(coin: str) -> None:
    """Raises `UsageError` for what cannot be the name of a market."""
    if not _COIN.match(coin):
        raise UsageError("--asset is no name of a market; write letters, digits and :@#/_.-")


def given_bars(args: argparse.Namespace, prepared: options.Prepared) -> "Bars":
    """The bars. Raises `DataError` for those that cannot be used, `VenueError` where the venue does not answer."""
    if args.bars is not None:
        from app.screener.bars import read_bars

        return read_bars(args.bars)
    bars = bars_of_asset(args.asset, args, prepared, hours_asker(args, prepared))
    if args.keep is not None:
        write_new({args.keep: csv_of(bars)})
    return bars


def hours_asker(args: argparse.Namespace, prepared: options.Prepared) -> "MakeAsker":
    """Makes what asks for the hours of all markets of a command: together they stay inside the venue's limit."""

    def asker() -> "HoursAsker":
        from app.training.venue_bars import asker_of

        mode: Venue = "demo" if args.source == "demo" else "live"
        return asker_of(mode, prepared.settings.hyperliquid.weight_per_minute, SystemClock())

    # Made when a venue is asked: stored hours need none of it.
    return cache(asker)


def bars_of_asset(coin: str, args: argparse.Namespace, prepared: options.Prepared, asker: "MakeAsker") -> "Bars":
    """The hours of a market by its name. Raises as `given_bars` does."""
    return asyncio.run(_of_asset(coin, args, prepared, asker))


async def _of_asset(coin: str, args: argparse.Namespace, prepared: options.Prepared, asker: "MakeAsker") -> "Bars":
    quiet, source = args.quiet or args.json, args.source or "live"
    mode: Venue = "demo" if source == "demo" else "live"
    if source == "store":
        return _as_bars(f"{coin}, LIVE, stored", await _stored(prepared, mode, coin))
    try:
        stored = await _stored(prepared, mode, coin) if prepared.locations.database(mode).exists() else []
    except DataError as error:
        say(f"{error}: no stored hours are taken.", quiet=args.quiet)
        stored = []
    try:
        asked = await _asked(prepared, mode, coin, asker(), quiet=quiet)
    except VenueError as error:
        if len(stored) < 2:
            ways = "--bars FILE takes a file of bars" + (", --source demo a simulated market" if mode == "live" else "")
            raise VenueError(f"{error}; {ways}") from error
        say(f"{error}: only the {len(stored):,} stored hours are taken.", quiet=args.quiet)
        asked = []
    label = f"DEMO, simulated, seed {prepared.settings.demo.seed}" if source == "demo" else "LIVE, Hyperliquid"
    bars = _as_bars(f"{coin}, {label}", [*asked, *stored])
    say(f"{bars.name}: {bars.length:,} hours, {len(asked):,} told by the venue now, others stored.", quiet=quiet)
    return bars


async def _stored(prepared: options.Prepared, mode: Venue, coin: str) -> "list[Candle]":
    """The hours in the database of a source."""
    from app.store.reader import open_reader
    from app.store.schema import CANDLES
    from app.store.table import Condition

    async with open_reader(prepared.locations.database(mode)) as reader:
        wanted = (Condition("coin", "=", coin), Condition("interval", "=", "1h"))
        return await reader.select(CANDLES, wanted, limit=_MOST_STORED)


async def _asked(
    prepared: options.Prepared, mode: Venue, coin: str, asker: "HoursAsker", *, quiet: bool
) -> "list[Candle]":
    """All hours that the venue keeps, asked for piece by piece."""
    from app.markets.hourly_bars import HOUR_MS
    from app.training.venue_bars import MOST_HOURS, http_of

    now_ms = SystemClock().wall_ns() // 1_000_000
    pieces, found = MOST_HOURS // _HOURS_AT_ONCE, []
    async with settings_of_venue(mode, prepared.settings, quiet=quiet) as reached:
        http = http_of(reached.hyperliquid.rest_url, reached.hyperliquid.request_timeout_s)
        try:
            with progress(f"asking for hours of {coin}", pieces, quiet=quiet) as advance:
                for number in range(pieces):
                    start_ms = now_ms - (MOST_HOURS - number * _HOURS_AT_ONCE) * HOUR_MS
                    end_ms = start_ms + _HOURS_AT_ONCE * HOUR_MS
                    found += await asker.whole_hours(http, coin, start_ms, end_ms, now_ms)
                    advance(number + 1)
        finally:
            await http.close()
    if not found:
        raise VenueError(f"the venue tells no hours of {coin}; check its name")
    return found


def _as_bars(name: str, candles: "Sequence[Candle]") -> "Bars":
    """Candles in any order as bars; of two of one hour the first counts. Raises `DataError` for fewer than two."""
    import numpy as np

    from app.markets.bar_table import BarTable
    from app.screener.bars import COLUMNS, check_bars

    by_time = {candle.open_ms: candle for candle in reversed(candles)}
    rows = [by_time[time] for time in sorted(by_time)]
    if len(rows) < 2:
        raise DataError(f"{name}: {len(rows)} hours are known; let tapedeck run longer, or name another market")
    columns = {each: np.array([getattr(row, each) for row in rows], dtype=np.float64) for each in COLUMNS}
    return check_bars(name, BarTable(np.array([row.open_ms for row in rows], dtype=np.int64), columns))


def csv_of(bars: "Bars") -> bytes:
    """Bars as a file that `--bars` takes: the same bars have the same hash. Each row says where they come from."""
    from app.screener.bars import moment_text

    rows = zip(*(column.tolist() for column in bars[3:]), strict=True)
    source = '"' + bars.name.replace('"', "'") + '"'
    lines = [",".join((moment_text(time), *map(repr, values), source)) for time, *values in rows]
    return "\n".join(["timestamp,open,high,low,close,volume,source", *lines, ""]).encode()
