"""Themes as data."""

from pathlib import Path

import pytest
from deck_fakes import THEMES

from app.core.errors import ConfigError
from app.ui.theme import ROLES, default_palette, load_themes, parse_theme

GOOD = 'name = "plain"\n[roles]\n' + "\n".join(f'{role} = "bright_white"' for role in ROLES)


def test_the_shipped_themes_are_good() -> None:
    themes, notices = load_themes([THEMES])
    assert set(themes) >= {"tape", "mono"}
    assert notices == []


def test_mono_uses_the_terminals_own_colours_only() -> None:
    mono = load_themes([THEMES])[0]["mono"]
    colours = [colour for style in mono.styles.values() for colour in (style.color, style.bgcolor) if colour]
    assert colours
    assert all(colour.is_default for colour in colours)
    assert mono.textual_theme().ansi


def test_every_role_stands_on_the_panel_but_the_cursor() -> None:
    palette = default_palette()
    panel = palette.style("panel").bgcolor
    assert palette.style("up").bgcolor == panel
    assert palette.style("live").bgcolor != panel
    assert palette.style("cursor").color is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name = ", "Invalid value"),
        (GOOD.replace('up = "bright_white"', ""), "no style for role 'up'"),
        (GOOD.replace('up = "bright_white"', 'up = "chartreuse"'), "role 'up' has 'chartreuse'"),
        (GOOD.replace('up = "bright_white"', 'up = "link http://x"'), "role 'up' has 'link'"),
        (GOOD.replace('up = "bright_white"', 'up = "red on bold"'), "after 'on'"),
        (GOOD.replace('up = "bright_white"', 'up = ""'), "after 'on'"),
        (GOOD + '\nsideways = "red"', "sideways"),
        (GOOD.replace('"plain"', '"../x"'), "name must be"),
        ("colour = 1\n" + GOOD, "colour"),
    ],
)
def test_a_broken_theme_says_what_is_wrong(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=r"theme x\.toml") as raised:
        parse_theme(text, "x.toml")
    assert words in str(raised.value)


def test_a_broken_file_is_a_notice_and_the_others_load(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("[roles")
    (tmp_path / "big.toml").write_bytes(b"#" * 100_000)
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    (tmp_path / "good.toml").write_text(GOOD)
    themes, notices = load_themes([tmp_path, tmp_path / "absent"])
    assert list(themes) == ["plain"]
    assert [notice.split(":")[0] for notice in notices] == ["theme bad.toml", "theme big.toml", "theme bytes.toml"]


def test_the_earlier_folder_wins(tmp_path: Path) -> None:
    first, second = tmp_path / "mine", tmp_path / "shipped"
    for folder, colour in ((first, "red"), (second, "blue")):
        folder.mkdir()
        (folder / "plain.toml").write_text(GOOD.replace('up = "bright_white"', f'up = "{colour}"'))
    themes, _ = load_themes([first, second])
    up = themes["plain"].style("up").color
    assert up is not None
    assert up.name == "red"
