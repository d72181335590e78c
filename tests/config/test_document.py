import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

from app.config.document import default_files, environment_variables, field_docs, settings_page
from app.config.fields import Field, allowed, section_names, setting_fields, values_of
from app.config.load import DEFAULT_FILES, check_file
from app.config.settings import Settings

ROOT = Path(__file__).parents[2]


def test_the_page_matches_the_model() -> None:
    assert (ROOT / "docs" / "settings.md").read_text(encoding="utf-8") == settings_page(), (
        "run: python -m app.config.document"
    )


@pytest.mark.parametrize("name", DEFAULT_FILES)
def test_a_default_file_matches_the_model(name: str) -> None:
    assert (ROOT / "configs" / name).read_text(encoding="utf-8") == default_files()[name], (
        "run: python -m app.config.document"
    )


def test_the_default_files_hold_every_key_and_no_other() -> None:
    texts = [(ROOT / "configs" / name).read_text(encoding="utf-8") for name in DEFAULT_FILES]
    tables = {section: table for text in texts for section, table in tomllib.loads(text).items()}
    found = {f"{section}.{name}": value for section, table in tables.items() for name, value in table.items()}
    defaults = {key: list(value) if isinstance(value, tuple) else value for key, value in values_of(Settings()).items()}
    assert found == defaults
    assert set(found) == set(setting_fields())


@pytest.mark.parametrize("name", DEFAULT_FILES)
def test_every_key_of_a_default_file_has_a_comment(name: str) -> None:
    lines = (ROOT / "configs" / name).read_text(encoding="utf-8").splitlines()
    bare = [
        line for before, line in pairwise(lines) if not line.startswith("#") and " = " in line and before[:1] != "#"
    ]
    assert bare == []


@pytest.mark.parametrize("field", setting_fields().values(), ids=lambda field: field.key)
def test_every_setting_is_documented(field: Field) -> None:
    assert field_docs()[field.section.__name__, field.name].endswith(".")
    assert allowed(field) != "text", "give the type a description or bounds"


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.toml")), ids=lambda path: path.name)
def test_every_shipped_file_is_valid(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / path.name
    copy.write_bytes(path.read_bytes())
    copy.chmod(0o600)
    assert isinstance(check_file(copy), Settings)


def test_every_section_is_on_the_page() -> None:
    page = settings_page()
    assert [name for name in section_names() if f"## `[{name}]`" not in page] == []


def test_environment_variables_are_listed() -> None:
    names = environment_variables()
    assert "TAPEDECK_MARKETS__TOP" in names
    assert names[-1] == "TAPEDECK_HOME"
