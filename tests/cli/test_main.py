import argparse
import importlib
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli.commands import COMMANDS, Command, build_parser, command_words
from app.cli.main import INTERRUPTED, installed_version, main
from app.config.locations import Locations
from app.core.errors import (
    ConfigError,
    DataError,
    PartialResultError,
    TapedeckError,
    UsageError,
    VenueError,
)

HEAVY = ("textual", "aiohttp", "numpy", "torch", "websockets", "aiosqlite", "ollama")
FOR_HELP_ONLY = ("rich", "msgspec", "platformdirs")


def fail_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> int:
    """Run `config path` with a command that raises `error`."""

    def run(args: argparse.Namespace) -> int:
        raise error

    monkeypatch.setattr("app.cli.config.run", run)
    return main(["config", "path"])


def modules_after(*arguments: str) -> set[str]:
    """Top-level names in `sys.modules` after the command ran in a fresh interpreter."""
    program = (
        "import sys; from app.cli.main import main; code = main(sys.argv[1:]); "
        "print('\\n' + ' '.join(sorted({name.partition('.')[0] for name in sys.modules}))); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_version_names_what_tapedeck_stands_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("tapedeck ")
    for name in ("Python 3.", "textual 8.", "SQLite 3.", f"torch {installed_version('torch')}"):
        assert name in printed


def test_what_is_not_installed_is_said() -> None:
    assert installed_version("no-such-distribution-of-tapedeck") == "not installed"


def test_version_imports_next_to_nothing() -> None:
    assert modules_after("--version").isdisjoint(HEAVY + FOR_HELP_ONLY)


def test_help_imports_nothing_heavy() -> None:
    assert modules_after("--help").isdisjoint(HEAVY)


def test_help_of_no_command_imports_anything_heavy() -> None:
    program = (
        "import sys; from app.cli.main import main\n"
        f"for name in {[command.name for command in COMMANDS]}:\n"
        f"    code, found = main([name, '--help']), sorted(set({HEAVY}) & set(sys.modules))\n"
        "    if code or found: sys.exit(f'{name}: exit code {code}, imports {found}')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_keeps_the_convention(command: Command) -> None:
    module = importlib.import_module(command.module)
    assert callable(module.run)
    parser = build_parser(load=[command.name])
    assert isinstance(parser, argparse.ArgumentParser)


@pytest.mark.parametrize("action", ["show", "path"])
def test_settings_are_shown_without_the_deck(action: str) -> None:
    assert modules_after("config", action).isdisjoint(HEAVY)


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    printed = capsys.readouterr().out
    # Each with its help on its own line.
    assert [command.name for command in COMMANDS if f"\n    {command.name:10}  " not in printed] == []
    assert "exit codes: 0 ok" in printed
    assert "\x1b" not in printed


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], ["start"]),
        (["--set", "markets.top=3"], ["start", "--set", "markets.top=3"]),
        (["--record", "mine.tape"], ["live", "--record", "mine.tape"]),
        (["demo", "--seed", "3"], ["demo", "--seed", "3"]),
        (["--help"], ["--help"]),
        (["--no-color", "--help"], ["live", "--no-color", "--help"]),
    ],
)
def test_flags_alone_belong_to_live(arguments: list[str], expected: list[str]) -> None:
    assert command_words(arguments) == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--set", "demo.seed=3", "demo"], ["demo", "--set", "demo.seed=3"]),
        (["--set=a=b", "--no-color", "config", "show"], ["config", "show", "--set=a=b", "--no-color"]),
        (
            ["--config", "demo", "play", "x.tape", "--speed", "2"],
            ["play", "x.tape", "--config", "demo", "--speed", "2"],
        ),
        # Of two for one key the later wins, wherever they stand.
        (["--set", "a=1", "run", "--set", "a=2"], ["run", "--set", "a=1", "--set", "a=2"]),
    ],
)
def test_settings_may_stand_before_the_command(arguments: list[str], expected: list[str]) -> None:
    assert command_words(arguments) == expected


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["--seed", "3", "demo"], "--seed goes after the command: tapedeck demo --seed"),
        (["--json", "doctor"], "--json goes after the command: tapedeck doctor --json"),
        (["--set", "a=b", "--for=9s", "run"], "--for goes after the command: tapedeck run --for"),
        # Taken for a file of that name, it would record the live market over night.
        (["--record", "demo"], "--record goes after the command: tapedeck demo --record"),
        (["--set", "a=b", "dmo"], "dmo is not a command; did you mean demo?"),
    ],
)
def test_other_flags_before_the_command_are_sent_behind_it(arguments: list[str], hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        command_words(arguments)
    assert hint in str(caught.value)


def test_settings_before_the_command_apply(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--set", "markets.top=9", "config", "show"]) == 0
    assert "top = 9" in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(("word", "hint"), [("confg", "did you mean config?"), ("zzz", "tapedeck --help")])
def test_an_unknown_command_is_usage(word: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([word]) == 2
    assert f"{word} is not a command; " in capsys.readouterr().err
    with pytest.raises(UsageError, match=hint.replace("?", r"\?")):
        command_words([word])


@pytest.mark.parametrize("arguments", [["config"], ["config", "shw"], ["config", "show", "--nope"], ["tape", "cut"]])
def test_wrong_words_are_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: tapedeck ")
    assert "--help" in captured.err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (TapedeckError("x"), 1),
        (UsageError("x"), 2),
        (ConfigError("x"), 3),
        (VenueError("x"), 4),
        (DataError("x"), 5),
        (PartialResultError("x"), 6),
        (KeyboardInterrupt(), INTERRUPTED),
    ],
)
def test_the_error_decides_the_exit_code(error: BaseException, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert fail_with(monkeypatch, error) == code


def test_errors_are_one_clean_line_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fail_with(monkeypatch, DataError("the file [bold]a[/] \x1b]52;c;AAAA\x07 is " + "long " * 60))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: the file [bold]a[/] ]52;c;AAAA is long long")
    assert captured.err.count("\n") == 1
    assert captured.err.rstrip("\n").isprintable()


def test_the_unexpected_goes_to_a_crash_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], locations: Locations
) -> None:
    locations.log_dir.mkdir(parents=True)
    locations.log_file.write_text("".join(f"line {number}\n" for number in range(300)), encoding="utf-8")
    assert fail_with(monkeypatch, ZeroDivisionError("by \x1b[2Jzero")) == 1
    (path,) = locations.log_dir.glob("crash-*.txt")
    captured = capsys.readouterr()
    assert str(path) in captured.err
    assert captured.err.count("\n") == 1
    text = path.read_text(encoding="utf-8")
    assert text.startswith("tapedeck ")
    assert "ZeroDivisionError: by [2Jzero" in text
    assert "Traceback" in text
    assert [line for line in text.splitlines() if line.startswith("line ")] == [f"line {n}" for n in range(100, 300)]
    assert "\x1b" not in text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_crash_without_a_place_for_its_file_is_still_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    home.write_text("in the way")
    assert fail_with(monkeypatch, ZeroDivisionError("by zero")) == 1
    assert "ZeroDivisionError: by zero" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["config", "show"], ["config", "show", "--json"], ["config", "path"]])
def test_a_reader_who_leaves_is_no_failure(arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "app", *arguments], stdout=writing, stderr=subprocess.PIPE, check=False
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


def test_what_is_written_is_private() -> None:
    os.umask(0o022)
    assert main(["config", "path"]) == 0
    assert os.umask(0o077) == 0o077


def test_no_color_reaches_all_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "show", "--no-color"]) == 0
    assert os.environ["NO_COLOR"] == "1"
    assert "\x1b" not in capsys.readouterr().out
