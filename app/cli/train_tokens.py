"""`tapedeck train tokens`: the token model, from launches that were recorded or made up, published as a bundle."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from app.cli import options
from app.cli.figures import counted
from app.cli.launches import add_draws, add_launches, load_libraries
from app.cli.output import print_json, print_line, progress, say
from app.core.errors import DataError, UsageError

if TYPE_CHECKING:
    from app.training.token_challenge import Challenge
    from app.training.token_evaluation import Question
    from app.training.token_model import Model
    from app.training.token_sources import Source
    from app.training.token_training import Progress
    from app.training.tokens_data import Split

EPILOG = """\
Without --data the model is trained on launches that tapedeck makes up: its bundle says SIMULATED and goes where the
demo looks for it. With --data it is trained on recordings in slots of five minutes, and goes where a live deck looks.

Tokens and times of training, validation and test are apart. Training stops when validation gets no better; after each
epoch it is kept, so that --resume goes on where it was broken off. What came of the test part stands on the card, and
is printed. A bundle is published only when its graph says what the network says.

With --from-outcomes it is trained on what a deck predicted and what became of it, as its database tells. Such a bundle
takes the place of the one that answers only if it is better on later tokens by a 95 % interval; else it is kept beside,
with the reason on its card.

examples:
  tapedeck train tokens
  tapedeck train tokens --data launches
  tapedeck train tokens --data launches --resume --json
  tapedeck train tokens --from-outcomes live --quiet
  tapedeck train tokens --rollback live

exit codes: 0 trained and published or kept beside, or rolled back, 1 a library is missing, 2 usage, 5 data that cannot
be used
"""


class _Done(NamedTuple):
    """What was published, and how it did on the test part."""

    version: str
    folder: Path
    source: "Source"
    model: "Model"
    question: "Question"
    challenge: "Challenge | None"


def configure(parser: argparse.ArgumentParser) -> None:
    """Flags of `train tokens`."""
    group = add_launches(parser)
    group.add_argument(
        "--from-outcomes",
        choices=("live", "demo"),
        help="what a deck of this source predicted, and what became of it",
    )
    parser.add_argument("--resume", action="store_true", help="go on with a training that was broken off")
    parser.add_argument(
        "--rollback",
        choices=("live", "demo"),
        help="train nothing: have the bundle before this one answer again",
    )
    parser.add_argument("--into", type=Path, metavar="FOLDER", help="publish below this folder instead of your own")
    parser.add_argument("--name", metavar="NAME", help="the version of the bundle (default: origin and time)")
    add_draws(parser)
    options.add_json(parser)
    options.add_talk(parser)
    options.add_settings(parser)


def run(args: argparse.Namespace) -> int:
    """Train, judge, publish and print. Raises `DataError` where the data is too little or damaged."""
    quiet = args.quiet or args.json
    prepared = options.prepare(args)
    if args.rollback:
        return _roll_back(args, prepared)
    load_libraries("torch", "sklearn", "onnx", quiet=quiet)
    source = _source(args, prepared, quiet=quiet)
    done = _trained(args, prepared, source, quiet=quiet)
    if args.json:
        print_json(_fields(done))
    else:
        _print(done)
    return 0


def _roll_back(args: argparse.Namespace, prepared: options.Prepared) -> int:
    from app.tokens.bundle import rollback

    root = args.into or prepared.locations.token_bundles(args.rollback)
    version = rollback(root)
    if args.json:
        print_json({"version": version, "folder": str(root / version)})
    else:
        print_line(f"{version} answers again: {root / version}")
    return 0


def _source(args: argparse.Namespace, prepared: options.Prepared, *, quiet: bool) -> "Source":
    from app.training.token_sources import checked_folders, five_minutes, simulated

    if args.from_outcomes:
        from app.training.token_outcomes import read_outcomes

        if args.data:
            raise UsageError("give --data or --from-outcomes, not both")
        return read_outcomes(prepared.locations.database(args.from_outcomes), args.from_outcomes)
    seed = prepared.settings.demo.seed
    if not args.data:
        say(f"Launches of {args.days} days are made up, seed {seed}.", quiet=quiet)
    with progress("making samples", 1.0, quiet=quiet) as advance:
        if not args.data:
            return simulated(seed, args.days, advance)
        source = five_minutes(checked_folders(args.data), advance)
    if source is None:
        raise DataError(f"{args.data[0]} holds no launches in slots of five minutes; docs/tokens.md names the files")
    return source


def _trained(args: argparse.Namespace, prepared: options.Prepared, source: "Source", *, quiet: bool) -> _Done:
    from app.training.token_evaluation import judged
    from app.training.token_release import check_labels
    from app.training.tokens_data import split

    seed, samples = prepared.settings.demo.seed, source.samples
    parts = split(samples)
    check_labels(samples, parts, source.remedy)
    model = _fit(args, prepared, source, parts, quiet=quiet)
    say("Judging it on the test part, beside what it has to beat…", quiet=quiet)
    question = judged(model, samples, parts, seed)
    challenge = _challenge(args, prepared, source, parts, model) if args.from_outcomes else None
    folder = _publish(args, prepared, source, parts, model, question, challenge)
    return _Done(folder.name, folder, source, model, question, challenge)


def _challenge(
    args: argparse.Namespace, prepared: options.Prepared, source: "Source", parts: "Split", model: "Model"
) -> "Challenge":
    """The new model against the bundle that answers, on the test part."""
    from app.training.token_challenge import Challenge, challenge, champion_of
    from app.training.token_model import answers

    roots = (args.into,) if args.into else prepared.locations.token_bundle_roots(args.from_outcomes)
    champion = champion_of(roots)
    if isinstance(champion, str):
        return Challenge(True, champion)
    asked, seed = source.samples.rows(parts.test), prepared.settings.demo.seed
    return challenge(lambda rows: answers(model, rows).served, champion, asked, seed)


def _fit(
    args: argparse.Namespace, prepared: options.Prepared, source: "Source", parts: "Split", *, quiet: bool
) -> "Model":
    from app.training.token_model import fitted
    from app.training.token_training import Recipe

    recipe = Recipe(seed=prepared.settings.demo.seed)
    checkpoint = prepared.locations.cache_dir / "token-training" / _name(source)
    say(f"Training on {len(parts.train):,} rows, validating on {len(parts.validation):,}.", quiet=quiet)
    with progress("training", recipe.most_epochs, quiet=quiet) as advance:

        def tell(done: "Progress") -> None:
            advance(done.epoch)
            # Where a bar moves, a line for each epoch would tear it; a log has no bar.
            say(_epoch(done), quiet=quiet or sys.stderr.isatty())

        model = fitted(source.samples, parts.train, parts.validation, recipe, tell, checkpoint, resume=args.resume)
    say(f"Trained: {_epoch(model.progress)}.", quiet=quiet)
    return model


def _publish(
    args: argparse.Namespace, prepared: options.Prepared, source: "Source", parts: "Split", model: "Model",
    question: "Question", challenge: "Challenge | None",
) -> Path:  # fmt: skip
    from app.tokens.bundle import promote, write
    from app.tokens.predictor import Predictor
    from app.training.token_model import rows_sha256
    from app.training.token_release import Origin, Split3, files_of, manifest_of

    at_s, version = _version(args.name, source)
    origin = Origin(source.origin, source.told, source.sha256, _command(args, prepared.settings.demo.seed))
    hashed = Split3(parts, rows_sha256(source.samples, *parts[:4]))
    promotion = () if challenge is None else (_sentence(challenge), *challenge.findings)
    files = files_of(model, source.samples, hashed, origin, [question], promotion)
    root = args.into or prepared.locations.token_bundles("demo" if source.origin == "SIMULATED" else "live")
    folder = write(root, manifest_of(version, source.origin, at_s), files)
    Predictor.open(folder)
    if challenge is None or challenge.promoted:
        promote(root, version)
    return folder


def _sentence(challenge: "Challenge") -> str:
    return f"{'Promoted' if challenge.promoted else 'Not promoted'}: {challenge.reason}."


def _version(name: str | None, source: "Source") -> tuple[int, str]:
    """The time, and the version of a bundle that is made at it."""
    from datetime import UTC, datetime

    from app.core.clock import SystemClock

    at_s = SystemClock().wall_ns() // 1_000_000_000
    return at_s, name or f"{_name(source)}-{datetime.fromtimestamp(at_s, UTC):%Y%m%d-%H%M%S}"


def _name(source: "Source") -> str:
    from app.training.token_sources import OUTCOMES

    return f"{source.origin.lower()}-outcomes" if source.name == OUTCOMES else source.origin.lower()


def _command(args: argparse.Namespace, seed: int) -> str:
    """The command that makes it again; of folders only the names."""
    words = ["tapedeck train tokens"]
    if args.from_outcomes:
        words.append(f"--from-outcomes {args.from_outcomes}")
    else:
        words += ["--data", *(folder.name for folder in args.data)] if args.data else [f"--days {args.days}"]
    return " ".join([*words, f"--seed {seed}"])


def _epoch(done: "Progress") -> str:
    waited = "the best so far" if not done.waited else f"no better for {counted(done.waited, 'epoch')}"
    return f"epoch {done.epoch}: best validation loss {done.best:.4f}, {waited}"


def _fields(done: _Done) -> dict[str, object]:
    import msgspec

    return {
        "version": done.version,
        "folder": str(done.folder),
        "origin": done.source.origin,
        "data": done.source.told,
        "data_sha256": done.source.sha256,
        "epochs": done.model.progress.epoch,
        "best_epoch": done.model.progress.best_epoch,
        "validation_loss": done.model.progress.best,
        "served": done.model.served,
        "test": msgspec.to_builtins(done.question),
        "challenge": msgspec.to_builtins(done.challenge),
    }


def _print(done: _Done) -> None:
    from app.cli.token_text import print_questions

    print_line(f"{done.version}: {done.source.origin}, {'; '.join(done.source.told)}")
    print_questions([done.question])
    print_line("")
    if done.challenge is not None:
        for line in (*done.challenge.findings, _sentence(done.challenge)):
            print_line(line)
    is_kept = done.challenge is not None and not done.challenge.promoted
    print_line(f"{'Kept beside' if is_kept else 'Published'}: {done.folder}")
