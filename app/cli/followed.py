"""What `tapedeck whales` and `tapedeck signal` share: a snapshot with the followed traders, from wherever they are."""

import argparse
import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from app.cli import options
from app.cli.engines import own_engine, running_engine, source_view
from app.cli.output import say
from app.config.sources import Given
from app.core.errors import ConfigError, DataError, PartialResultError, UsageError

if TYPE_CHECKING:
    from app.engine.protocol import Snapshot

LIMIT_S = 180.0
"""So long at most until enough is known: a leaderboard of 39 MB, and 300 questions inside the request budget."""


class Wanted(NamedTuple):
    """What was asked for. `coin` is empty for all; with `whole` the time is waited for though enough is known."""

    source: options.Source
    coin: str
    limit_s: float
    whole: bool
    quiet: bool


def too_few(partial: str, wanted: Wanted, flag: str) -> PartialResultError:
    """What is missing, and what brings more; `flag` sets how long is waited."""
    if wanted.source.tape is not None:
        return PartialResultError(f"{partial} at the end of the recording")
    longer = f"{flag} {max(LIMIT_S, 2 * wanted.limit_s):g}s"
    return PartialResultError(
        f"{partial} after {wanted.limit_s:g} s; wait longer ({longer}), or follow fewer (--tracked)"
    )


def followed_snapshot(args: argparse.Namespace, wanted: Wanted) -> "Snapshot":
    """A snapshot with the followed. Raises what keeps it from being made."""
    # Nobody looks at the scalper's metrics or at new tokens here.
    args.set = [
        *args.set,
        *(Given(key, False, "a command about traders") for key in ("scalper.enabled", "tokens.enabled")),
    ]
    prepared = options.prepare(args)
    if wanted.source.tape is not None:
        if wanted.whole or args.tracked is not None:
            raise UsageError("a recording is shown as it ended; leave --for and --tracked out")
        return asyncio.run(_of_tape(wanted.source.tape, wanted, prepared))
    if not prepared.settings.whales.enabled:
        raise ConfigError("whales.enabled is off, so no traders are followed; leave it on, or add --source tape")
    return asyncio.run(_of_venue(args, wanted, prepared))


async def _of_tape(tape: Path, wanted: Wanted, prepared: options.Prepared) -> "Snapshot":
    import msgspec

    from app.cli.graded import play_whole
    from app.engine.followed_view import followed_view
    from app.engine.freeze import freeze

    run = await play_whole(tape, prepared)
    outside = run.outside()
    if outside.trouble:
        say(outside.trouble, quiet=wanted.quiet)
    if not run.core.whales.roster.members:
        raise DataError(f"{tape.name} has no followed traders: record a venue with `tapedeck run --record`")
    view = followed_view(run.core.whales, wanted.coin, run.core.now_ms)
    return msgspec.structs.replace(freeze(run.core, run.source, outside), followed=view)


async def _of_venue(args: argparse.Namespace, wanted: Wanted, prepared: options.Prepared) -> "Snapshot":
    """From the engine that runs here on the same data: two would share one address's request budget. Else our own."""
    from app.engine.followed_watch import followed

    source = source_view(wanted.source.mode, prepared.settings)
    link = await running_engine(source, prepared.locations)
    if link is not None:
        say("Asking the engine that runs here.", quiet=wanted.quiet)
    else:
        say(f"Following the traders of {source.label} {source.detail}…", quiet=wanted.quiet)
        link = await own_engine(wanted.source.mode, prepared)
    try:
        snapshot = await followed(link, wanted.coin, wanted.limit_s, whole=wanted.whole)
    finally:
        await link.close()
    tracked = 0 if snapshot.followed is None else len(snapshot.followed.traders)
    if args.tracked is not None and tracked > prepared.settings.whales.tracked:
        say(f"It follows {tracked} traders: --tracked is for an engine of its own.", quiet=wanted.quiet)
    return snapshot
