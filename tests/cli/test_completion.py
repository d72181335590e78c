import subprocess
from pathlib import Path

import pytest

from app.cli.commands import COMMANDS, build_parser
from app.cli.completion import SHELLS, places, script
from app.cli.main import main

OWN = tuple(command for command in COMMANDS if command.name in ("tape", "config", "doctor", "completion"))


@pytest.fixture
def script_path(tmp_path: Path) -> Path:
    path = tmp_path / "tapedeck.bash"
    path.write_text(script("bash", build_parser([command.name for command in OWN], OWN)), encoding="utf-8")
    return path


def complete(script_path: Path, *words: str) -> set[str]:
    """What bash offers for the last of `words`."""
    program = (
        'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tapedeck; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "-c", program, "bash", str(script_path), *words], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("tapedeck", "co"), {"config", "completion"}),
        (("tapedeck", "config", "s"), {"show"}),
        (("tapedeck", "config", "show", "--js"), {"--json"}),
        (("tapedeck", "config", "--bad", "pa"), {"path"}),
        (("tapedeck", "config", "show", "--config", ""), set()),
        (("tapedeck", "completion", "z"), {"zsh"}),
        (("tapedeck", "tape", "cut", "a", "b", "--f"), {"--from"}),
        (("tapedeck", "nothing"), set()),
    ],
)
def test_bash_offers_what_fits(words: tuple[str, ...], expected: set[str], script_path: Path) -> None:
    assert complete(script_path, *words) == expected


def test_bash_offers_all_commands(script_path: Path) -> None:
    assert {command.name for command in OWN} <= complete(script_path, "tapedeck", "")


def test_places_cover_the_whole_parser() -> None:
    parser = build_parser([command.name for command in OWN], OWN)
    paths = {place.path for place in places(parser, "")}
    assert {"", "tape", "tape info", "tape import", "tape cut", "config show", "doctor"} <= paths


@pytest.mark.parametrize("shell", SHELLS)
def test_every_command_is_in_every_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    text = capsys.readouterr().out
    assert [command.name for command in COMMANDS if command.name not in text] == []
    assert "--offline" in text or "-l offline" in text


def test_an_unknown_shell_is_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "tcsh"]) == 2
    assert "tcsh" in capsys.readouterr().err
