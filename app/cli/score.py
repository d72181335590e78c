"""`tapedeck score MINT…`: what model and strategies say of tokens now, and what a decision makes of it."""

import argparse
import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

from app.cli import options
from app.cli.engines import own_engine, running_engine, source_view
from app.cli.output import print_json, print_line, say
from app.config.sources import Given
from app.core.errors import ConfigError, PartialResultError, UsageError

if TYPE_CHECKING:
    from app.engine.protocol_tokens import TokenRow
    from app.engine.token_watch import ScoreReport

LIMIT_S = 90.0
_MOST = 50
_EPILOG = """\
rise: the probability that the highest five-minute close of the next hour is 3 % or more above the price after a 1 %
round trip. rug: that within 24 hours the pool is drained or the price falls by nine tenths. A model trained on
simulated launches counts for nothing on real tokens: the mode is then DO NOT TRUST, and strategies alone decide. An
engine that runs here on the same data is asked; otherwise one is started. `y` on a token of ML health copies its mint
with the rest of the row.

examples:
  tapedeck score 6Mix12LiHrQFojaQEnfPUC65Qkwd6X4Y5Qg93oFbordr
  tapedeck score MINT1 MINT2 --json

exit codes: 0 all are judged, 2 no mint, 4 venue, 6 some are not judged
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Flags of `score`."""
    parser.epilog = _EPILOG
    parser.add_argument("mints", metavar="MINT", nargs="+", help="a token's address on Solana, up to 50")
    options.add_source(parser)
    options.add_wait(parser, LIMIT_S, "until all are judged")
    options.add_json(parser)
    options.add_talk(parser)
    options.add_settings(parser)


def run(args: argparse.Namespace) -> int:
    """Print the verdicts. Raises `PartialResultError` where some token was not judged."""
    source = options.source_of(args)
    if source.tape is not None:
        raise UsageError("a recording cannot be asked again; its verdicts are shown by `tapedeck play`")
    if len(args.mints) > _MOST:
        raise UsageError(f"{len(args.mints)} tokens are more than the {_MOST} of one question: split the list")
    # Nobody looks at the scalper's metrics or at traders here.
    off = [Given(key, False, "a command about tokens") for key in ("scalper.enabled", "whales.enabled")]
    args.set = [*args.set, *off]
    prepared = options.prepare(args)
    if not prepared.settings.tokens.enabled:
        raise ConfigError("tokens.enabled is off, so no tokens are looked for; leave it on")
    report = asyncio.run(_report(args, source, prepared))
    if args.json:
        print_json(report)
    else:
        for line in score_lines(report):
            print_line(line)
    if report.missing:
        raise PartialResultError(f"{len(report.missing)} of {len(set(args.mints))} tokens were not judged")
    return 0


def score_lines(report: "ScoreReport") -> Iterator[str]:
    """The verdicts for people: a block for each token, and a line for each without one."""
    yield f"source      {report.source.label} {report.source.detail}"
    yield f"mode        {report.mode}{f': {report.mode_reason}' if report.mode_reason else ''}"
    for row in report.tokens:
        yield ""
        yield from _token_lines(row)
    for mint, reason in report.missing.items():
        yield ""
        yield f"token       {mint}"
        yield f"verdict     none: {reason}"


def _token_lines(row: "TokenRow") -> Iterator[str]:
    yield f"token       {row.mint} {row.name}"
    yield f"verdict     {row.ruling}"
    yield f"reasons     {'; '.join(row.reasons) or 'none'}"
    yield f"model       rise {_percent(row.p_rise)}, rug {_percent(row.p_rug)}, gain {_gain(row.gain_pct)}"
    yield f"strategies  {_percent(row.strategy)}, saw {', '.join(row.seen) or 'nothing'}"
    yield f"combined    {row.arithmetic or '–'}"
    yield f"known       {row.candles} candles, age {row.age_s // 60} min, holders {_count(row.holders)}"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def _gain(percent: float | None) -> str:
    return "–" if percent is None else f"{percent:+.1f} %"


def _count(number: int | None) -> str:
    return "not known" if number is None else f"{number:,}"


async def _report(args: argparse.Namespace, source: options.Source, prepared: options.Prepared) -> "ScoreReport":
    from app.engine.token_watch import scored

    view = source_view(source.mode, prepared.settings)
    link = await running_engine(view, prepared.locations)
    quiet = args.quiet or args.json
    if link is not None:
        say("Asking the engine that runs here.", quiet=quiet)
    else:
        say(f"Scoring tokens of {view.label} {view.detail}…", quiet=quiet)
        link = await own_engine(source.mode, prepared)
    try:
        return await scored(link, args.mints, args.wait)
    finally:
        await link.close()
