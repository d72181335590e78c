"""The registry of commands, and the parser made from it. Only the command that was asked for is imported."""

import argparse
import difflib
from collections.abc import Collection, Sequence
from importlib import import_module
from typing import Any, NamedTuple, NoReturn

from rich_argparse import RawDescriptionRichHelpFormatter

from app.core.errors import UsageError


class Command(NamedTuple):
    """One word after `tapedeck`: its module (with `configure` and `run`) and its line in the help."""

    name: str
    module: str
    help: str


COMMANDS = (
    Command("start", "app.cli.start", "what plain `tapedeck` does: a choice the first time, then live"),
    Command("live", "app.cli.live", "the deck on live venues"),
    Command("demo", "app.cli.demo", "the deck on the embedded, simulated venue: no network needed"),
    Command("play", "app.cli.play", "the deck on a recording"),
    Command("record", "app.cli.record", "record live venues without a deck"),
    Command("tape", "app.cli.tape", "inspect, import and cut recordings"),
    Command("run", "app.cli.run", "the engine without a deck"),
    Command("attach", "app.cli.attach", "the deck on an engine that is running"),
    Command("scorecards", "app.cli.scorecards", "how the deck's claims came out, with intervals"),
    Command("doctor", "app.cli.doctor", "check this machine and what tapedeck needs"),
    Command("config", "app.cli.config", "show, find and check settings"),
    Command("bench", "app.cli.bench", "measure tapedeck on this machine"),
    Command("completion", "app.cli.completion", "print a completion script for a shell"),
)
START_COMMAND = "start"
DEFAULT_COMMAND = "live"

_EPILOG = """\
examples:
  tapedeck demo                        look around without a network
  tapedeck --set markets.top=50        live, with the 50 busiest markets
  tapedeck record --for 10m            record ten minutes
  tapedeck play FILE.tape --speed 10   watch a recording ten times as fast

`tapedeck COMMAND --help` tells more about a command, docs/settings.md about settings.

exit codes: 0 ok, 1 failure, 2 usage, 3 config, 4 network or venue, 5 data or database, 6 partial result,
            130 interrupted
"""


class HelpFormatter(RawDescriptionRichHelpFormatter):
    """Help in colours where the terminal has them. Square brackets in a text are just brackets."""

    text_markup = False
    help_markup = False


class Parser(argparse.ArgumentParser):
    """A parser that raises `UsageError` instead of ending the process."""

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - argparse's own signature
        super().__init__(*arguments, **{"formatter_class": HelpFormatter, "allow_abbrev": False, **options})

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{self.prog}: {message}; see `{self.prog} --help`")


def build_parser(load: Collection[str] = (), commands: Sequence[Command] = COMMANDS) -> Parser:
    """The whole parser. Only commands in `load` are imported and get their flags; the others have a name and a help."""
    parser = Parser(
        prog="tapedeck",
        description="A trading deck for the terminal: live markets, recordings, replay. Public data only.",
        epilog=_EPILOG,
    )
    parser.add_argument("--version", action="store_true", help="print versions and exit")
    words = parser.add_subparsers(title="commands", dest="command", metavar="COMMAND")
    for command in commands:
        child = words.add_parser(command.name, help=command.help, description=_sentence(command.help))
        if command.name in load:
            import_module(command.module).configure(child)
    return parser


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + "."


def command_words(arguments: Sequence[str]) -> list[str]:
    """The arguments with the command in front: flags alone belong to `live`, no arguments at all mean `start`.

    Raises `UsageError` for a word that is no command, naming the nearest one.
    """
    if not arguments:
        return [START_COMMAND]
    if arguments[0].startswith("-") and arguments[0] not in ("-h", "--help"):
        return [DEFAULT_COMMAND, *arguments]
    word = arguments[0]
    names = [command.name for command in COMMANDS]
    if word in names or word.startswith("-"):
        return list(arguments)
    near = difflib.get_close_matches(word[:64], names, n=1)
    hint = f"did you mean {near[0]}?" if near else "`tapedeck --help` lists the commands"
    raise UsageError(f"{word} is not a command; {hint}")
