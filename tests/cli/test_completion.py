import os
import shutil
import subprocess
from pathlib import Path

import pytest

from app.cli.commands import COMMANDS, build_parser
from app.cli.completion import SHELLS, places, script
from app.cli.main import main

HERE = Path(__file__).parent
OWN = tuple(command for command in COMMANDS if command.name in ("tape", "config", "doctor", "completion"))


def written(shell: str, folder: Path) -> Path:
    """The script for a shell, in a file."""
    path = folder / f"tapedeck.{shell}"
    path.write_text(script(shell, build_parser([command.name for command in OWN], OWN)), encoding="utf-8")
    return path


@pytest.fixture
def script_path(tmp_path: Path) -> Path:
    return written("bash", tmp_path)


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
        (("tapedeck", "tape", "info", ""), set()),
        (("tapedeck", "--set", "demo.seed=3", "doc"), {"doctor"}),
        (("tapedeck", "nothing"), set()),
    ],
)
def test_bash_offers_what_fits(words: tuple[str, ...], expected: set[str], script_path: Path) -> None:
    assert complete(script_path, *words) == expected


LINES = (
    ("tapedeck conf", "tapedeck config "),
    ("tapedeck config s", "tapedeck config show "),
    ("tapedeck config show --js", "tapedeck config show --json "),
    ("tapedeck completion z", "tapedeck completion zsh "),
    ("tapedeck doctor --json --off", "tapedeck doctor --json --offline "),
    ("tapedeck tape cut a b --fr", "tapedeck tape cut a b --from "),
    ("tapedeck tape info rec", "tapedeck tape info recorded.tape "),
    ("tapedeck tape info --js", "tapedeck tape info --json "),
    ("tapedeck config show --config rec", "tapedeck config show --config recorded.tape "),
    ("tapedeck --set demo.seed=3 doc", "tapedeck --set demo.seed=3 doctor "),
    # Nothing to complete: no file belongs here.
    ("tapedeck doctor rec", "tapedeck doctor rec"),
)
"""What is typed before the tab, and what the line is after it, in a folder that holds one tape."""


@pytest.mark.skipif(shutil.which("zsh") is None, reason="needs zsh")
def test_zsh_completes_what_fits(tmp_path: Path) -> None:
    (tmp_path / "recorded.tape").touch()
    typed = [line for line, _ in LINES]
    command = ["zsh", "-f", str(HERE / "zsh_completion.zsh"), str(written("zsh", tmp_path)), *typed]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    assert dict(zip(typed, done.stdout.splitlines(), strict=True)) == dict(LINES)
    assert done.stderr == ""


@pytest.mark.skipif(shutil.which("fish") is None, reason="needs fish")
@pytest.mark.parametrize(("typed", "expected"), LINES)
def test_fish_completes_what_fits(typed: str, expected: str, tmp_path: Path) -> None:
    (tmp_path / "recorded.tape").touch()
    start, _, last = typed.rpartition(" ")
    offered = fish_offers(typed, tmp_path)
    completed = f"{start} {offered[0]} " if offered else f"{start} {last}"
    assert len(offered) <= 1
    assert completed == expected


@pytest.mark.skipif(shutil.which("fish") is None, reason="needs fish")
def test_fish_offers_all_commands(tmp_path: Path) -> None:
    assert set(fish_offers("tapedeck ", tmp_path)) == {command.name for command in OWN}


def fish_offers(typed: str, folder: Path) -> list[str]:
    """What fish offers for the last word of a line, without the descriptions."""
    program = "source $argv[1]; complete -C $argv[2]"
    command = ["fish", "--no-config", "-c", program, str(written("fish", folder)), typed]
    environ = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder / "data")}
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == ""
    return [line.partition("\t")[0] for line in done.stdout.splitlines()]


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
