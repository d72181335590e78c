"""`tapedeck eval`: how good a claimant is, over a recording, against what it must beat."""

import argparse
import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli import eval_tokens, eval_traders, options
from app.cli.output import print_json, print_line, print_table, progress, say
from app.core.errors import ConfigError, PartialResultError, VenueError

if TYPE_CHECKING:
    from app.cli.options import Prepared
    from app.config.settings import Settings
    from app.engine.evaluation_report import Evaluation, SourceReport
    from app.feeds.tape.recording import Recording

_EPILOG = """\
Compared are the reads that the recording holds, every --model asked now, and the rules at the same instants.
A model is asked whenever the desk would have asked it, under the same deadline, while the recording stands still; its
answer enters after the time it really took. An hour of three coins is some 600 questions.

examples:
  tapedeck eval scalper --tape monday.tape
  tapedeck eval scalper --tape monday.tape --model mistral --model llama3.2:3b --json

docs/scalper.md says how to read what comes out.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Flags of `eval`."""
    claimants = parser.add_subparsers(title="what is judged", dest="claimant", metavar="WHAT", required=True)
    scalper = claimants.add_parser(
        "scalper",
        help="the scalper's read: AI against rules",
        description="Judge the scalper's read over a recording: AI against rules.",
        epilog=_EPILOG,
    )
    scalper.add_argument(
        "--tape", type=Path, required=True, metavar="FILE", help="a recording, by its path or its name among your tapes"
    )
    scalper.add_argument(
        "--model", action="append", default=[], metavar="M", help="a model of Ollama's to ask now (may be repeated)"
    )
    options.add_json(scalper)
    options.add_talk(scalper)
    options.add_settings(scalper)
    traders = claimants.add_parser(
        "traders",
        help="scores of traders: one month against the next",
        description="Judge scores of traders: does one month's say anything of the next?",
        epilog=eval_traders.EPILOG,
    )
    eval_traders.configure(traders)
    tokens = claimants.add_parser(
        "tokens",
        help="the model of new tokens: against what it must beat",
        description="Judge how the model of new tokens is made, on launches it has not seen.",
        epilog=eval_tokens.EPILOG,
    )
    eval_tokens.configure(tokens)


def run(args: argparse.Namespace) -> int:
    """Judge what was named, and print what came of it. Raises `PartialResultError` where a model could not be asked."""
    others = {"traders": eval_traders.run, "tokens": eval_tokens.run}
    return others.get(args.claimant, _judge_scalper)(args)


def _judge_scalper(args: argparse.Namespace) -> int:
    """Play the recording once for each source."""
    prepared = options.prepare(args)
    models = list(dict.fromkeys(args.model))
    quiet = args.quiet or args.json
    evaluation = asyncio.run(_evaluate(options.among_tapes(args.tape), prepared, models, quiet=quiet))
    if args.json:
        print_json(evaluation)
    else:
        _print(evaluation)
    if not any(source.by == "ai" for source in evaluation.sources) and not models:
        say("The recording holds no reads of a model; --model asks one about it.", quiet=args.quiet)
    if evaluation.failed:
        raise PartialResultError(
            "; ".join(f"{model} was not judged: {why}" for model, why in evaluation.failed.items())
        )
    return 0


async def _evaluate(tape: Path, prepared: "Prepared", models: list[str], *, quiet: bool) -> "Evaluation":
    from app.engine.evaluation_report import Evaluation
    from app.engine.tape_run import settings_of, tape_source
    from app.feeds.tape.importers import open_recording
    from app.scorecards.paired import LEAST_EFFECTIVE_N

    recording = open_recording(tape)
    recorded = settings_of(recording)
    settings = recorded or prepared.settings
    sources = await _as_recorded(recording, settings, quiet=quiet, rules_alone=not models)
    failed: dict[str, str] = {}
    for model in models:
        try:
            sources += await _asked_now(recording, recorded, prepared.settings, model, quiet=quiet)
        except (VenueError, ConfigError) as error:
            failed[model] = str(error)
    return Evaluation(
        tape=tape.name,
        data=tape_source(recording).detail,
        seconds=round((recording.end_ns - recording.start_ns) / 1e9, 3),
        least_effective_n=LEAST_EFFECTIVE_N,
        costs_bps=2 * (settings.costs.taker_fee_bps + settings.costs.slippage_bps),
        sources=tuple(sources),
        failed=failed,
    )


async def _as_recorded(
    recording: "Recording", settings: "Settings", *, quiet: bool, rules_alone: bool
) -> "list[SourceReport]":
    """The reads of the tape; the rules by themselves where it has none and `rules_alone` are wanted."""
    from app.engine.evaluation import TapeEvaluation
    from app.engine.evaluation_report import rules_report, source_reports

    played = TapeEvaluation(recording, settings)
    with progress("the reads of the tape", 1.0, quiet=quiet) as advance:
        await played.play(advance)
    reports = source_reports(played, "recorded")
    return reports if reports or not rules_alone else [rules_report(played)]


async def _asked_now(
    recording: "Recording", recorded: "Settings | None", own: "Settings", model: str, *, quiet: bool
) -> "list[SourceReport]":
    from app.core.clock import SystemClock
    from app.engine.evaluation import TapeEvaluation, evaluation_settings
    from app.engine.evaluation_model import ModelAnswers
    from app.engine.evaluation_report import source_reports

    settings = evaluation_settings(recorded, own, model)
    answers = ModelAnswers(settings.scalper, settings.costs, SystemClock())
    try:
        say(f"Having {model} loaded…", quiet=quiet)
        await answers.open()
        played = TapeEvaluation(recording, settings, answers)
        with progress(f"asking {model}", 1.0, quiet=quiet) as advance:
            await played.play(advance)
    finally:
        await answers.close()
    reports = source_reports(played, "asked")
    if not reports:
        raise VenueError("the recording holds no whole minute of a market that could be read; take a longer one")
    return reports


def _print(evaluation: "Evaluation") -> None:
    from app.cli import evaluation_text as text

    print_line(text.heading(evaluation))
    tables = (
        (text.QUESTION_COLUMNS, text.question_rows(evaluation)),
        (text.CLAIM_COLUMNS, text.claim_rows(evaluation)),
        (text.SIDE_COLUMNS, text.side_rows(evaluation)),
        (text.PAIR_COLUMNS, text.pair_rows(evaluation)),
        (text.CALIBRATION_COLUMNS, text.calibration_rows(evaluation)),
        (text.UNGRADED_COLUMNS, text.ungraded_rows(evaluation)),
    )
    for columns, rows in tables:
        if rows:
            print_line("")
            print_table(columns, rows)
    print_line("")
    for sentence in text.verdicts(evaluation):
        print_line(sentence)
