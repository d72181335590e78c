"""`tapedeck explain`: one wallet opened up."""

import argparse
import asyncio
from typing import TYPE_CHECKING

from app.cli import options
from app.cli.output import print_json, say
from app.cli.venue import Venue, settings_of_venue, source_fields, venue_mode
from app.config.sources import Given
from app.core.errors import DataError, PartialResultError

if TYPE_CHECKING:
    from app.wallets.explaining import Explanation

_EPILOG = """\
All stages are gone through, also where a scan would have stopped before. Nothing is kept: it is no new verdict.
Of copying late it tells what following each trade 2, 10 and 60 seconds after it would have brought, as far as others
traded the same then. Exit code 6: the wallet could not be judged, and the reason says why.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Flags of `explain`."""
    parser.epilog = _EPILOG
    parser.add_argument("address", metavar="ADDR", help="the wallet's address: 0x and 40 hex digits")
    parser.add_argument("--profile", metavar="NAME", help="thresholds by name (setting wallets.profile)")
    group = parser.add_argument_group("source")
    group.add_argument("--source", choices=("live", "demo"), help="which venue is asked (default: live)")
    options.add_seed(parser)
    options.add_json(parser)
    options.add_talk(parser)
    options.add_settings(parser)


def run(args: argparse.Namespace) -> int:
    """Open up the wallet. Raises `PartialResultError` where it cannot be judged."""
    from app.cli.explain_text import print_explanation

    mode = venue_mode(args)
    if args.profile is not None:
        args.set = [*args.set, Given("wallets.profile", args.profile, "flag --profile", is_text=True)]
    prepared = options.prepare(args)
    explained = asyncio.run(_explain(args, prepared, mode))
    if args.json:
        print_json({"source": source_fields(mode, prepared.settings), **_fields(explained)})
    else:
        print_explanation(explained, source_fields(mode, prepared.settings))
    if explained.opened is None:
        raise PartialResultError(f"{explained.wallet} cannot be judged: {explained.verdict.reason}")
    return 0


def _fields(explained: "Explanation") -> dict[str, object]:
    import msgspec

    fields: dict[str, object] = msgspec.to_builtins(explained)
    return fields


async def _explain(args: argparse.Namespace, prepared: options.Prepared, mode: Venue) -> "Explanation":
    from app.cli.engines import running_engine, source_view
    from app.feeds.polymarket.limits import CALLS, HALF_CALLS
    from app.store.reader import open_reader
    from app.wallets.explaining import explain_wallet

    link = await running_engine(source_view(mode, prepared.settings), prepared.locations)
    if link is not None:
        await link.close()
    calls = CALLS if link is None else HALF_CALLS
    async with settings_of_venue(mode, prepared.settings, quiet=args.quiet or args.json) as settings:
        try:
            async with open_reader(prepared.locations.database(mode)) as reader:
                return await explain_wallet(settings, args.address, reader=reader, calls=calls)
        except DataError as error:
            # Its history is a part only; the wallet itself is at the venue.
            say(f"No history: {error}", quiet=args.quiet or args.json)
            return await explain_wallet(settings, args.address, calls=calls)
