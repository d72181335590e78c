"""The `tapedeck` command: finds the module of the command asked for, runs it, and turns errors into exit codes.

A command is one thin module named in `app.cli.commands.COMMANDS`, with two functions:

    def configure(parser: argparse.ArgumentParser) -> None
        Adds the command's flags; those shared with others come from `app.cli.options`.

    def run(args: argparse.Namespace) -> int
        Does the work and returns the exit code. Raises a `TapedeckError` for what goes wrong: its class decides the
        exit code, its message is what the user reads. Data goes to stdout, talk to stderr (`app.cli.output`).

A command's module imports at its top only argparse, `app.cli.options`, `app.cli.output`, `app.core` and `app.config`;
whatever is heavier (textual, aiohttp, numpy, torch, feeds, the engine) it imports inside `run`, so that every `--help`
is quick. It starts with `prepared = options.prepare(args)`, which reads the settings and opens the log.
"""

import os
import sys
from collections.abc import Sequence

from app.core.errors import TapedeckError, UsageError

INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code. `argv` is without the program's name; None takes the process's own."""
    # Whatever is written (recordings, databases, logs) says what its owner watches.
    os.umask(0o077)
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        code = _dispatch(arguments)
        sys.stdout.flush()
    except TapedeckError as error:
        return _report(error)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return _reader_left()
    except Exception as error:  # noqa: BLE001 - the last barrier: the user gets a sentence, the file the traceback
        from app.cli.crash import report_crash

        return report_crash(error)
    return code


def _dispatch(arguments: list[str]) -> int:
    if arguments[:1] == ["--version"]:
        print(version_text())
        return 0
    from app.cli.commands import build_parser, command_words

    words = command_words(arguments)
    parser = build_parser(load=words[:1])
    try:
        args, unknown = parser.parse_known_args(words)
    except SystemExit:  # argparse's way of saying that --help was printed
        return 0
    if unknown:
        raise UsageError(f"tapedeck {words[0]}: unknown argument {unknown[0]}; see `tapedeck {words[0]} --help`")
    if getattr(args, "no_color", False):
        os.environ["NO_COLOR"] = "1"
    return _run(words[0], args)


def _run(name: str, args: object) -> int:
    from importlib import import_module

    from app.cli.commands import COMMANDS

    module = next(command.module for command in COMMANDS if command.name == name)
    code: int = import_module(module).run(args)
    return code


def _report(error: TapedeckError) -> int:
    from app.cli.output import print_error

    print_error(str(error))
    return error.exit_code


def _reader_left() -> int:
    """Whoever read our output has seen enough: no failure of ours."""
    # The interpreter flushes stdout once more as it ends; let that go nowhere.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def version_text() -> str:
    """Versions of tapedeck and of what it stands on, without importing any of it."""
    import platform
    import sqlite3

    from app import __version__

    return (
        f"tapedeck {__version__}\n"
        f"Python {platform.python_version()}, textual {installed_version('textual')}, "
        f"SQLite {sqlite3.sqlite_version}, torch {installed_version('torch')}"
    )


def installed_version(distribution: str) -> str:
    """The version of an installed distribution by its metadata, or "not installed"."""
    from importlib import metadata

    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "not installed"
