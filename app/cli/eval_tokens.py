"""`tapedeck eval tokens`: how good the way the token model is made is, on data it has not seen."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli import options
from app.cli.launches import add_draws, add_launches, load_libraries
from app.cli.output import print_json, print_line, progress, say
from app.core.errors import DataError

if TYPE_CHECKING:
    from app.training.token_evaluation import Answer, Question
    from app.training.token_sources import Source

EPILOG = """\
Judged is the way the model is trained, not one bundle: on a test part that is later and of other tokens, and on every
pool once by a model that never saw it (cross-validation by pool, five times the work; --quick leaves it out). Beside it
always: the base rate, volatility alone, ten features, gradient boosting, and for rugs the updates of the first hour.
Intervals are of 95 %, over tokens. Differences are taken on the same rows; above 0 is better.

With --bundle a bundle answers the later test part as well; whether it was trained on some of it, its card tells.

examples:
  tapedeck eval tokens --data launches --json
  tapedeck eval tokens --quick --bundle data/token_bundles/simulated-1 --data launches

docs/tokens.md says how to read what comes out.

exit codes: 0 judged, 1 a library is missing, 2 usage, 5 data that cannot be used, or too little of it
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Flags of `eval tokens`."""
    add_launches(parser)
    parser.add_argument(
        "--bundle",
        type=Path,
        metavar="FOLDER",
        help="a bundle to judge on the later test part too",
    )
    parser.add_argument("--quick", action="store_true", help="only the later test part, no cross-validation")
    add_draws(parser)
    options.add_json(parser)
    options.add_talk(parser)
    options.add_settings(parser)


def run(args: argparse.Namespace) -> int:
    """Judge and print. Raises `DataError` where there is nothing to judge on."""
    quiet = args.quiet or args.json
    prepared = options.prepare(args)
    load_libraries("torch", "sklearn", quiet=quiet)
    seed = prepared.settings.demo.seed
    judged = [(source, _questions(args, source, seed, quiet=quiet)) for source in _sources(args, seed, quiet=quiet)]
    if not any(questions for _, questions in judged):
        names = " and ".join(source.name for source, _ in judged)
        raise DataError(
            f"{names}: too few days to be split by time, so nothing is judged; {judged[0][0].remedy}, "
            "or leave out --quick"
        )
    if args.json:
        print_json(_fields(judged, seed))
    else:
        _print(judged)
    return 0


def _sources(args: argparse.Namespace, seed: int, *, quiet: bool) -> "list[Source]":
    from app.training.token_sources import checked_folders, five_minutes, hours, simulated

    with progress("making samples", 1.0, quiet=quiet) as advance:
        if not args.data:
            return [simulated(seed, args.days, advance)]
        folders = checked_folders(args.data)
        found = [source for read in (five_minutes, hours) if (source := read(folders, advance)) is not None]
    if not found:
        raise DataError(f"{args.data[0]} holds no recorded launches; docs/tokens.md names the files")
    return found


def _questions(args: argparse.Namespace, source: "Source", seed: int, *, quiet: bool) -> "list[Question]":
    from app.tokens.heads import HEADS, P_RUG
    from app.training import token_evaluation as evaluation
    from app.training.token_training import Recipe
    from app.training.tokens_data import split

    samples, recipe = source.samples, Recipe(seed=seed)
    say(f"{source.name}: training for the later test part…", quiet=quiet)
    later = evaluation.by_time(samples, split(samples), recipe, seed, _bundle(args, source))
    if later is None:
        say(f"{source.name}: it covers too little time to be split by time.", quiet=quiet)
    questions = [later] if later is not None else []
    if args.quick:
        return questions
    with progress(f"{source.name}: pools not seen", 1.0, quiet=quiet) as advance:
        unseen = evaluation.cross_validated(samples, recipe, seed, advance)
    questions.append(evaluation.question("pools not seen", samples, unseen, seed))
    rugs = unseen[evaluation.SERVED][:, HEADS.index(P_RUG)].astype(float)
    listed = evaluation.listed(samples, rugs, recipe, seed)
    return questions if listed is None else [*questions, listed]


def _bundle(args: argparse.Namespace, source: "Source") -> "dict[str, Answer]":
    """The bundle that was named, by its version and origin. Raises `BundleRefused`."""
    from app.tokens.candles import SLOT_S
    from app.tokens.predictor import Predictor

    if args.bundle is None or source.samples.slot_s != SLOT_S:
        return {}
    predictor = Predictor.open(args.bundle)
    manifest = predictor.bundle.manifest
    return {f"{manifest.version} ({manifest.origin})": predictor.predict}


def _fields(judged: "list[tuple[Source, list[Question]]]", seed: int) -> dict[str, object]:
    import msgspec

    from app.tokens.heads import SENTENCES
    from app.training.token_evaluation import findings

    return {
        "seed": seed,
        "heads": SENTENCES,
        "sources": [
            {
                "name": source.name,
                "origin": source.origin,
                "data": source.told,
                "data_sha256": source.sha256,
                "rows": len(source.samples.token),
                "tokens": len(set(source.samples.token.tolist())),
                "questions": msgspec.to_builtins(questions),
                "findings": findings(questions),
            }
            for source, questions in judged
        ],
    }


def _print(judged: "list[tuple[Source, list[Question]]]") -> None:
    from app.cli.token_text import print_questions

    for source, questions in judged:
        print_line(f"{source.name}: {source.origin}, {'; '.join(source.told)}")
        print_questions(questions)
        print_line("")
