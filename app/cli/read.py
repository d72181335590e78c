"""`tapedeck read`: one market read once, by the model or by the rules."""

import argparse
import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from app.cli import options
from app.cli.engines import running_engine, source_view
from app.cli.output import print_json, print_line, say
from app.config.sources import Given
from app.core.clock import SystemClock
from app.core.errors import PartialResultError, UsageError

if TYPE_CHECKING:
    from app.config.settings import Settings
    from app.engine.link import EngineLink
    from app.engine.one_read import OneRead

By = Literal["ai", "rules"]

_DATA: tuple[options.Mode, ...] = ("live", "demo", "tape")
_WHO: tuple[By, ...] = ("ai", "rules")
_WAIT_S = 180.0
_ORIGIN = "the market that was named"
_EPILOG = """\
A read looks at a whole minute. An engine that runs here on the same data (a deck, or `tapedeck run`) has one, and is
asked; otherwise an engine is started for this read alone, which takes a little longer than that minute. Of a recording
the last read that it holds is shown.

--source names the data. Because the scalper's metrics have a source too, `--source ai` and `--source rules` are taken
for --by; both kinds may be given.

Where the model does not read, the rules do, labelled RULES; the reason goes to stderr, and the exit code is 6.
"""


class _Wanted(NamedTuple):
    """What was asked for."""

    coin: str
    by: By
    source: options.Source
    wait_s: float
    quiet: bool


def configure(parser: argparse.ArgumentParser) -> None:
    """Flags of `read`."""
    parser.epilog = _EPILOG
    parser.add_argument("coin", metavar="COIN", help="the market, as the venue names it: BTC, ETH, kPEPE")
    parser.add_argument("--by", choices=_WHO, help="who reads: the model or the rules (default: ai)")
    group = parser.add_argument_group("source")
    group.add_argument(
        "--source",
        action="append",
        choices=(*_DATA, *_WHO),
        default=[],
        help="where data comes from (default: live); ai and rules mean --by",
    )
    group.add_argument(
        "--tape",
        type=Path,
        metavar="FILE",
        help="a recording, by its path or its name among your tapes (means --source tape)",
    )
    options.add_seed(parser)
    options.add_wait(parser, _WAIT_S, "for a read")
    options.add_json(parser)
    options.add_talk(parser)
    options.add_settings(parser)


def run(args: argparse.Namespace) -> int:
    """Read, and print the read. Raises `PartialResultError` where the rules had to read for the model."""
    wanted = _wanted(args)
    prepared = options.prepare(args)
    if wanted.source.tape is not None:
        read = _of_tape(wanted.source.tape, wanted, prepared)
    else:
        args.set = [*args.set, *_for_one_market(wanted)]
        alone = options.load_settings(args, prepared.locations).settings
        read = asyncio.run(_of_venue(wanted, prepared, alone))
    if args.json:
        print_json(read)
    else:
        for line in read_lines(read):
            print_line(line)
    if read.why_rules:
        raise PartialResultError(f"the model did not read: {read.why_rules}. These are the RULES")
    return 0


def _wanted(args: argparse.Namespace) -> _Wanted:
    given: list[str] = args.source
    args.source = _one_of(_DATA, given)
    by = _one_of(_WHO, [*given, *([args.by] if args.by else [])]) or "ai"
    coin = args.coin.upper() if args.coin.islower() else args.coin
    return _Wanted(
        coin, "rules" if by == "rules" else "ai", options.source_of(args), args.wait, args.quiet or args.json
    )


def _one_of(words: Sequence[str], given: Sequence[str]) -> str | None:
    """The one of `words` that was given, None for none. Raises `UsageError` for several."""
    found = list(dict.fromkeys(word for word in given if word in words))
    if len(found) > 1:
        raise UsageError(f"{' and '.join(found)} cannot both be the source; leave one of them out")
    return found[0] if found else None


def _of_tape(tape: Path, wanted: _Wanted, prepared: options.Prepared) -> "OneRead":
    from app.cli.graded import play_whole
    from app.engine.freeze import freeze
    from app.engine.one_read import read_of_tape

    run = asyncio.run(play_whole(tape, prepared))
    outside = run.outside()
    if outside.trouble:
        say(outside.trouble, quiet=wanted.quiet)
    return read_of_tape(freeze(run.core, run.source, outside), wanted.coin, wanted.by)


async def _of_venue(wanted: _Wanted, prepared: options.Prepared, alone: "Settings") -> "OneRead":
    """From the engine that runs here on the same data, if it reads this market; else from one of our own."""
    from app.engine.one_read import NotReadHereError

    link = await running_engine(source_view(wanted.source.mode, prepared.settings), prepared.locations)
    if link is not None:
        say("Asking the engine that runs here.", quiet=wanted.quiet)
        try:
            return await _take(link, wanted, by_hand=True)
        except (NotReadHereError, UsageError):
            say("It does not read this market.", quiet=wanted.quiet)
    say(f"Waiting for a whole minute of {wanted.coin} on {wanted.source.mode.upper()}…", quiet=wanted.quiet)
    own = _own(wanted, alone)
    try:
        await own.connect()
    except BaseException:
        await own.close()
        raise
    return await _take(own, wanted, by_hand=False)


def _for_one_market(wanted: _Wanted) -> Iterator[Given]:
    """Settings of an engine that follows and reads one market."""
    yield Given("markets.favourites", [wanted.coin], _ORIGIN)
    yield Given("markets.top", 1, _ORIGIN)
    yield Given("scalper.coins", [wanted.coin], _ORIGIN)
    # Nobody looks at traders and tokens here, and the venue's budget is for the others of this address.
    yield Given("whales.enabled", False, _ORIGIN)
    yield Given("tokens.enabled", False, _ORIGIN)
    if wanted.by == "rules":
        yield Given("scalper.enabled", False, _ORIGIN)


def _own(wanted: _Wanted, settings: "Settings") -> "EngineLink":
    """An engine for one read: nobody else attaches to it, and it keeps nothing."""
    from app.engine.engine import Engine
    from app.engine.local_link import LocalLink
    from app.engine.venue_run import VenueRun

    clock = SystemClock()
    run = VenueRun(source_view(wanted.source.mode, settings), settings, clock)
    return LocalLink(Engine(run, clock, snapshot_hz=settings.engine.snapshot_hz))


async def _take(link: "EngineLink", wanted: _Wanted, *, by_hand: bool) -> "OneRead":
    """One read over a connected link, which is closed then."""
    from app.engine.one_read import ReadWatch, one_read

    try:
        return await one_read(link, ReadWatch(wanted.coin, wanted.by, by_hand=by_hand), wanted.wait_s)
    finally:
        await link.close()


def read_lines(read: "OneRead") -> Iterator[str]:
    """A read for people, a line each; every line has a name in front."""
    spread = "unknown" if read.spread_bps is None else f"{read.spread_bps:.2g} bp"
    yield f"{'market':13}{read.coin} · {read.source.label} {read.source.detail}"
    yield f"{'read by':13}{read.label}{_when(read)}"
    yield f"{'setup':13}{read.setup}"
    yield f"{'momentum':13}{_score(read.momentum)}{'' if read.momentum is None else f' {_way(read.direction)}'}"
    yield f"{'pressure':13}{_score(read.pressure)}"
    yield f"{'continuation':13}{_score(read.continuation)}{'' if read.continuation is None else ' % in a minute'}"
    yield f"{'freshness':13}{read.freshness or '–'}"
    if read.action is not None:
        conflict = f", CONFLICT: it calls the move {read.freshness}" if read.conflict else ""
        yield f"{'action':13}{_action(read)}, confidence {read.confidence}/10{conflict}"
        yield f"{'sentence':13}{read.sentence}"
    age = "" if read.data_age_ms is None else f", {read.data_age_ms / 1000:.1f} s old"
    yield f"{'price':13}{'–' if read.price is None else f'{read.price:,.10g}'}{age}"
    yield f"{'costs':13}{read.round_trip_bps:g} bp a round trip in fees, and the spread of {spread}"


def _when(read: "OneRead") -> str:
    if read.latency_ms is None:
        return ""
    return f", {read.age_ms / 1000:.1f} s ago, after {read.latency_ms / 1000:.1f} s ({read.trigger})"


def _action(read: "OneRead") -> str:
    return "HOLD" if read.in_position and read.action == "NONE" else read.action or "–"


def _way(direction: int) -> str:
    """A fall must not read like a rise."""
    from app.scalper.persona import direction_word

    return direction_word(direction)


def _score(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f}"
