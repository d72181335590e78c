"""Themes as data."""

from pathlib import Path

import pytest
from deck_fakes import THEMES

from app.core.errors import ConfigError
from app.ui.theme import ROLES, default_palette, load_themes, one_notice, parse_theme

PAGE = Path(__file__).parents[2] / "docs" / "themes.md"
UP = 'up = "bright_white"'
GOOD = 'name = "plain"\n[roles]\n' + "\n".join(f'{role} = "bright_white"' for role in ROLES)


def test_the_shipped_themes_are_good() -> None:
    themes, notices = load_themes([THEMES])
    assert list(themes) == sorted(path.stem for path in THEMES.glob("*.toml"))
    assert notices == []


def test_the_built_in_theme_is_the_first_of_the_shipped_ones() -> None:
    assert default_palette().styles == load_themes([THEMES])[0]["tape"].styles


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
        ("name = " + "1" * 10_000, "digits"),
        (GOOD.replace(UP, ""), "no style for role 'up'"),
        (GOOD.replace(UP, 'upp = "red"'), "'upp' is not a role; nearest: up"),
        (GOOD.replace(UP, 'up = "bright_rad"'), "role 'up' has 'bright_rad'; nearest: bright_red"),
        (GOOD.replace(UP, 'up = "Red"'), "role 'up' has 'Red'; nearest: red"),
        (GOOD.replace(UP, 'up = "blod red"'), "role 'up' has 'blod'; nearest: bold"),
        (GOOD.replace(UP, 'up = "#fff"'), "role 'up' has '#fff'; write #rrggbb"),
        (GOOD.replace(UP, 'up = "chartreuse"'), "role 'up' has 'chartreuse'; known: default black red"),
        (GOOD.replace(UP, 'up = "link http://x"'), "role 'up' has 'link'"),
        (GOOD.replace(UP, 'up = "red on bold"'), "after 'on'"),
        (GOOD.replace(UP, 'up = ""'), "role 'up' must name a colour"),
        (GOOD.replace(UP, "up = 3"), "role 'up' must be a text in quotes"),
        (GOOD + '\nsideways = "red"', "'sideways' is not a role; known: background"),
        (GOOD + "\ndark = true", "'dark' is not a role; write it above [roles]"),
        ('up = "red"\n' + GOOD, "'up' is not a key of a theme; write it below [roles]"),
        ("rolls = 1\n" + GOOD, "'rolls' is not a key of a theme; nearest: roles"),
        (GOOD.replace('"plain"', '"../x"'), "name must be"),
        (GOOD.replace('"plain"', "1"), "name"),
        ('name = "x"', "roles"),
        ('name = "x"\nroles = 1', "roles"),
    ],
)
def test_a_broken_theme_says_what_is_wrong(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=r"theme x\.toml: ") as raised:
        parse_theme(text, "x.toml")
    assert words in str(raised.value)


def test_colours_may_be_written_in_capitals() -> None:
    up = parse_theme(GOOD.replace(UP, 'up = "#AABBCC"'), "x.toml").style("up").color
    assert up is not None
    assert up.name == "#aabbcc"


def test_a_description_is_one_short_line() -> None:
    palette = parse_theme(f'description = "a\\nb{"c" * 100}"\n{GOOD}', "x.toml")
    assert palette.description.startswith("abcc")
    assert len(palette.description) == 60


def test_one_notice_for_all_that_is_wrong() -> None:
    first, second, third = (f"theme {name}.toml: 'upp' is not a role; nearest: up" for name in "abc")
    assert one_notice([], "tape", ["tape"]) == ""
    assert one_notice([first], "tape", ["tape"]) == f"{first}."
    assert one_notice([first, second], "tape", ["tape"]) == f"{first}. 1 more theme file has errors."
    assert one_notice([first, second, third], "b", ["tape"]) == (
        f"{second}. The built-in theme is shown. 2 more theme files have errors."
    )
    assert one_notice([], "taper", ["tape"]) == (
        "There is no usable theme 'taper', the built-in one is shown; nearest: tape."
    )
    assert one_notice([], "taper", []) == "There is no usable theme 'taper', the built-in one is shown."


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
        (folder / "plain.toml").write_text(GOOD.replace(UP, f'up = "{colour}"'))
    themes, _ = load_themes([first, second])
    up = themes["plain"].style("up").color
    assert up is not None
    assert up.name == "red"


def test_the_page_tells_of_every_role_and_theme_and_its_example_is_good() -> None:
    page = PAGE.read_text()
    example = "\n".join(line.removeprefix("    ") for line in page[page.index('    name = "dusk"') :].splitlines()[:20])
    assert parse_theme(example, "dusk.toml").name == "dusk"
    tables = "\n".join(line for line in page.splitlines() if line.startswith("|"))
    assert all(f"`{word}`" in tables for word in (*ROLES, *load_themes([THEMES])[0]))
