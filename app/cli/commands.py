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
    Command("start", "app.cli.start", "the same as `tapedeck` alone: asks the first time what to open"),
    Command("live", "app.cli.live", "open the deck on the live market"),
    Command("demo", "app.cli.demo", "open the deck on a simulated market: no network needed"),
    Command("play", "app.cli.play", "open the deck on a recording"),
    Command("record", "app.cli.record", "record a market without a deck"),
    Command("tape", "app.cli.tape", "inspect, import and cut recordings"),
    Command("run", "app.cli.run", "run the engine without a deck and print what it counted"),
    Command("attach", "app.cli.attach", "open a deck on an engine that is running already"),
    Command("read", "app.cli.read", "read one market once, as the scalper's panel does"),
    Command("eval", "app.cli.eval", "judge a claimant: the scalper's read, scores of traders, or the token model"),
    Command("scan", "app.cli.scan", "look for wallets worth following on a prediction market"),
    Command("explain", "app.cli.explain", "open up one wallet: pillars, trades behind them, reasons to doubt"),
    Command("whales", "app.cli.whales", "who of the venue's best traders is followed, how each counts, and alerts"),
    Command("signal", "app.cli.lean", "which way the followed traders lean in one market, and who is behind it"),
    Command("score", "app.cli.score", "judge tokens by their mints: what model and strategies say, and why"),
    Command("train", "app.cli.train", "train a model: of market regimes on hourly bars, or of new tokens on launches"),
    Command(
        "screen", "app.cli.screen", "which bars of a file or market are candidates for an entry, by what was known then"
    ),
    Command("backtest", "app.cli.backtest", "replay the strategy over bars, after costs, beside buy and hold"),
    Command("sweep", "app.cli.sweep", "replay the strategy by many settings, and how far the best can be believed"),
    Command("scorecards", "app.cli.scorecards", "how the deck's claims came out, with intervals"),
    Command("doctor", "app.cli.doctor", "check this machine and what tapedeck needs"),
    Command("config", "app.cli.config", "show, find and check settings"),
    Command("bench", "app.cli.bench", "measure tapedeck on this machine"),
    Command("completion", "app.cli.completion", "print a completion script for bash, zsh or fish"),
)
START_COMMAND = "start"
DEFAULT_COMMAND = "live"

_EPILOG = """\
Without a command, tapedeck asks the first time what to open, and opens that from then on (the setting deck.opens).
A deck fills the terminal: ? shows its keys, q leaves it.

examples:
  tapedeck demo                        look around without a network
  tapedeck live --set markets.top=50   live, with the 50 busiest markets
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

    def add_argument(self, action: argparse.Action) -> None:
        """Also makes the column of names as wide as the commands are with their indentation, which argparse forgets."""
        super().add_argument(action)
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - there is no public name for this class
            self._action_max_length += self._indent_increment


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
        description="A trading deck for the terminal: live markets, recordings, replay. Public data only, no orders.",
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
    """The arguments with the command in front: those of `live` alone mean `live`, none but settings mean `start`.

    Flags of the settings may stand before the command; they are moved behind it. Raises `UsageError` for any other flag
    there, saying where it goes, and for a word that is no command, naming the nearest one.
    """
    settings, rest = _leading_settings(arguments)
    if not rest:
        return [START_COMMAND, *settings]
    if rest[0].startswith("-") and rest[0] not in ("-h", "--help"):
        _check_no_command(rest)
        return [DEFAULT_COMMAND, *arguments]
    if rest[0].startswith("-"):
        return [DEFAULT_COMMAND, *arguments] if settings else rest
    _check_command(rest[0])
    # A later flag wins over an earlier one: those that stood first go before the command's own.
    words = next((place for place, word in enumerate(rest) if word.startswith("-")), len(rest))
    return [*rest[:words], *settings, *rest[words:]]


def _leading_settings(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """The flags of `app.cli.options.add_settings` that come first, with their values, and all that follows."""
    place = 0
    while place < len(arguments):
        flag, equals, _ = arguments[place].partition("=")
        if flag not in ("--set", "--config", "--no-color"):
            break
        place += 1 if equals or flag == "--no-color" else 2
    return list(arguments[:place]), list(arguments[place:])


def _check_no_command(flags: Sequence[str]) -> None:
    """Raises `UsageError` where a command follows flags that are its own."""
    command = next((word for word in flags if word in _names()), None)
    if command is not None:
        flag = flags[0].partition("=")[0]
        raise UsageError(f"{flag} goes after the command: tapedeck {command} {flag}; see `tapedeck {command} --help`")


def _check_command(word: str) -> None:
    if word not in _names():
        near = difflib.get_close_matches(word[:64], _names(), n=1)
        hint = f"did you mean {near[0]}?" if near else "`tapedeck --help` lists the commands"
        raise UsageError(f"{word} is not a command; {hint}")


def _names() -> list[str]:
    return [command.name for command in COMMANDS]
