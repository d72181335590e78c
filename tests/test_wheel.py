"""What is installed is what was tested: the wheel holds themes and settings, and runs on its own."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's content in a folder of its own, as an installer would lay it out."""
    target = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = target.glob("tapedeck-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target / "site")
    return target / "site"


def tapedeck(installed: Path, home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(installed), "TAPEDECK_HOME": str(home)}
    command = [sys.executable, "-P", "-m", "app", *words]
    return subprocess.run(command, env=environment, cwd=home, capture_output=True, text=True, timeout=60, check=False)


def test_the_wheel_ships_themes_and_settings(installed: Path) -> None:
    for folder in ("_themes", "_configs"):
        assert list((installed / "app" / folder).glob("*.toml")), folder
    assert (installed / "app" / "_configs" / "wallets" / "balanced.toml").is_file()
    assert (installed / "app" / "_data" / "viral_wallets.json").is_file()
    assert list((installed / "app" / "_data" / "token_bundles").glob("*/model.onnx"))


def test_hazard_28_its_own_files_are_the_ones_used(installed: Path, tmp_path: Path) -> None:
    shown = tapedeck(installed, tmp_path, "config", "show", "--origin")
    assert shown.returncode == 0, shown.stderr
    assert str(installed / "app" / "_configs" / "default.toml") in shown.stdout


def test_the_demo_runs_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    ended = tapedeck(installed, tmp_path, "run", "--source", "demo", "--for", "6s", "--json")
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["events"] > 50
