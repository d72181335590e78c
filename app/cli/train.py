"""`tapedeck train`: models trained on bars and launches. Only this command and its like need scikit-learn."""

import argparse
import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from app.cli import options, train_tokens
from app.cli.output import print_json, progress, say
from app.cli.venue import Venue, settings_of_venue
from app.core.errors import DataError, PartialResultError, UsageError, VenueError

if TYPE_CHECKING:
    from app.markets.hourly_bars import HourlyBars
    from app.markets.regime_model import RegimeModel
    from app.training.importance import HorizonImportance
    from app.training.regime_training import Provenance

_EPILOG = """\
Hours come from files of bars (--bars), or from the venue as candles (--source, --coin). A file is CSV, also gzipped,
with a line of names: a time (timestamp, date or open_time: ISO 8601, s or ms), open, high, low, close, volume, and
where they are known funding (the rate of an hour) and open_interest; or Parquet or Feather with such columns. Bars
shorter than an hour are put together. The coin is in the file's name. --funding names a file of rates for each file of
bars.

The model goes to your own folder, for you alone; one trained on the simulated venue never judges real hours. What is
printed are the regimes, what followed them, how far their names outlive a new training, and whether any feature tells
the way of the next hours at all.

examples:
  tapedeck train regime --bars ETHUSDT_1h.csv BTCUSDT_1h.csv
  tapedeck train regime --bars ETH_1h.feather --funding ETH_funding.feather --json
  tapedeck train regime --source live --coin BTC ETH SOL

exit codes: 0 trained, 1 scikit-learn is missing, 2 usage, 4 venue, 5 bars that cannot be used, 6 some coins are missing
"""
_COINS = ("BTC", "ETH", "SOL")


class _Given(NamedTuple):
    """The bars to train on, where they are from, which record they belong to, and what is missing."""

    bars: "list[HourlyBars]"
    provenance: "Provenance"
    mode: Venue
    failed: dict[str, str]


def configure(parser: argparse.ArgumentParser) -> None:
    """Flags of `train`."""
    models = parser.add_subparsers(title="what is trained", dest="model", metavar="WHAT", required=True)
    regime = models.add_parser(
        "regime",
        help="the regimes of a market, from hourly bars",
        description="Train the regimes of a market, from hourly bars.",
        epilog=_EPILOG,
    )
    group = regime.add_argument_group("bars")
    group.add_argument("--bars", nargs="+", type=Path, default=[], metavar="FILE", help="files of bars")
    group.add_argument("--funding", nargs="+", type=Path, default=[], metavar="FILE", help="files of hourly funding")
    group.add_argument("--source", choices=("live", "demo"), help="which venue is asked without --bars (default: live)")
    group.add_argument(
        "--coin", nargs="+", default=[], metavar="COIN", help=f"coins to ask for (default: {' '.join(_COINS)})"
    )
    regime.add_argument(
        "--seed", metavar="N", help="seed of all random draws, and of the simulated market with --source demo"
    )
    regime.add_argument(
        "--no-save", action="store_true", help="print what came of it, and keep the model that is there"
    )
    options.add_json(regime)
    options.add_talk(regime)
    options.add_settings(regime)
    tokens = models.add_parser(
        "tokens",
        help="the model of new tokens, from launches",
        description="Train the model of new tokens, from launches that were recorded or made up.",
        epilog=train_tokens.EPILOG,
    )
    train_tokens.configure(tokens)


def run(args: argparse.Namespace) -> int:
    """Train what was named, and print what came of it."""
    return train_tokens.run(args) if args.model == "tokens" else _train_regime(args)


def _train_regime(args: argparse.Namespace) -> int:
    """Train, save and print. Raises `PartialResultError` where coins are missing."""
    if args.bars and (args.source or args.coin):
        raise UsageError("--bars cannot go with --source or --coin; leave one of them out")
    if args.funding and len(args.funding) != len(args.bars):
        raise UsageError("--funding needs a file for each file of --bars, in the same order")
    quiet = args.quiet or args.json
    prepared = options.prepare(args)
    from app.training.library import needed

    say("Loading scikit-learn…", quiet=quiet)
    needed("sklearn")
    given = _from_files(args, quiet=quiet) if args.bars else asyncio.run(_from_venue(args, prepared, quiet=quiet))
    _train(args, prepared, given, quiet=quiet)
    if given.failed:
        coin, reason = next(iter(given.failed.items()))
        raise PartialResultError(f"{len(given.failed)} of {len(given.bars) + len(given.failed)} coins are missing "
                                 f"({coin}: {reason}); the model was trained on the others")  # fmt: skip
    return 0


def _from_files(args: argparse.Namespace, *, quiet: bool) -> _Given:
    import hashlib

    from app.training.bar_files import read_bars
    from app.training.regime_training import Provenance

    files = []
    with progress("reading", len(args.bars), quiet=quiet) as advance:
        for number, path in enumerate(args.bars):
            files.append(read_bars(path, args.funding[number] if args.funding else None))
            advance(number + 1)
    digest = hashlib.sha256("".join(file.sha256 for file in files).encode()).hexdigest()
    return _Given(
        [file.bars for file in files], Provenance("FILES", tuple(f.name for f in files[:64]), digest), "live", {}
    )


async def _from_venue(args: argparse.Namespace, prepared: options.Prepared, *, quiet: bool) -> _Given:
    from app.core.clock import SystemClock
    from app.training.venue_bars import asker_of, fetch_bars, http_of, provenance_of

    mode: Venue = args.source or "live"
    settings = prepared.settings
    coins = list(dict.fromkeys(args.coin)) or list(_COINS)
    async with settings_of_venue(mode, settings, quiet=quiet) as reached:
        clock = SystemClock()
        asker = asker_of(mode, settings.hyperliquid.weight_per_minute, clock)
        http = http_of(reached.hyperliquid.rest_url, settings.hyperliquid.request_timeout_s)
        try:
            with progress("asking for candles", 1.0, quiet=quiet) as advance:
                fetched = await fetch_bars(http, asker, coins, clock, advance)
        finally:
            await http.close()
    if not fetched.bars:
        coin, reason = next(iter(fetched.failed.items()))
        raise VenueError(f"no candles came ({coin}: {reason})")
    label = f"simulated, seed {settings.demo.seed}" if mode == "demo" else "Hyperliquid, candles of an hour"
    return _Given(fetched.bars, provenance_of(mode, label, fetched.bars), mode, fetched.failed)


def _train(args: argparse.Namespace, prepared: options.Prepared, given: _Given, *, quiet: bool) -> None:
    from app.cli.train_text import Result, json_fields, print_result
    from app.training.regime_report import report
    from app.training.regime_training import measured, stability, train

    seed = prepared.settings.demo.seed
    data = measured(given.bars)
    model = train(data, given.provenance, seed)
    saved = None if args.no_save else _save(prepared, given.mode, model)
    say("Training again on halves of time and from random starts, to see what stays…", quiet=quiet)
    stable = stability(data, model, seed)
    worth, too_few = _worth(given, seed, quiet=quiet)
    result = Result(model, saved, stable, report(model, given.bars, seed), worth, too_few)
    if args.json:
        print_json(json_fields(result))
    else:
        print_result(result)


def _worth(given: _Given, seed: int, *, quiet: bool) -> "tuple[Sequence[HorizonImportance], str]":
    """What features are worth at each horizon; nothing, and why, where there is too little to hold out."""
    from app.training.importance import importances

    try:
        with progress("what features are worth", 1.0, quiet=quiet) as advance:
            return importances(given.bars, seed, advance), ""
    except DataError as error:
        return (), str(error)


def _save(prepared: options.Prepared, mode: Venue, model: "RegimeModel") -> Path:
    from app.config.private_file import write_private
    from app.markets.regime_model import encode_model

    path = prepared.locations.regime_model(mode)
    write_private(path, encode_model(model))
    return path
