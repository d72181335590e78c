"""The shipped themes can be read: contrast by WCAG 2, and distances as colour-blind eyes see them."""

import math
import re
from itertools import combinations

import pytest
from deck_fakes import THEMES
from rich.color import Color

from app.ui.theme import Palette, Role, load_themes

PALETTES = load_themes([THEMES])[0]
COLOURED = [name for name, palette in PALETTES.items() if not palette.ansi]

Triple = tuple[float, float, float]
Matrix = tuple[Triple, Triple, Triple]

# Machado, Oliveira, Fernandes: "A Physiologically-based Model for Simulation of Color Vision Deficiency", IEEE
# Transactions on Visualization and Computer Graphics 15(6), 2009; the published matrices of severity 1.0, linear RGB.
VISIONS: dict[str, Matrix] = {
    "full": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
SEEN_BY = (
    ("deuteranopia", "deuteranopia"),
    ("deuteranopia", "protanopia"),
    ("deuteranopia", "full"),
    ("tritanopia", "tritanopia"),
    ("tritanopia", "full"),
)
_TO_XYZ: Matrix = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
_WHITE: Triple = (0.95047, 1.0, 1.08883)

READ: tuple[Role, ...] = ("text", "accent", "up", "down", "warning", "alert")
FAINT: tuple[Role, ...] = ("muted", "stale")
BADGES: tuple[Role, ...] = ("live", "demo", "tape")
TOLD_APART: tuple[Role, ...] = ("text", "up", "down", "warning", "alert")
# A difference of 2.3 in CIE 1976 L*a*b* is just noticed between large patches side by side (Mahy, Van Eycken and
# Oosterlinck 1994). Strokes a pixel wide, apart from each other, need far more: ten times as much is asked for.
DISTINCT = 10 * 2.3


def linear(colour: Color | None) -> Triple:
    assert colour is not None
    assert colour.triplet is not None
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in colour.triplet.normalized
    )
    return red, green, blue


def times(matrix: Matrix, values: Triple) -> Triple:
    first, second, third = (sum(a * b for a, b in zip(row, values, strict=True)) for row in matrix)
    return first, second, third


def contrast(one: Color | None, other: Color | None) -> float:
    """WCAG 2.2's ratio, from 1 to 21."""
    light, dark = sorted((times(_TO_XYZ, linear(colour))[1] for colour in (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def lab(colour: Color | None, vision: str) -> Triple:
    """CIE 1976 L*a*b* of a colour as a vision sees it."""
    red, green, blue = (min(1.0, max(0.0, channel)) for channel in times(VISIONS[vision], linear(colour)))
    x, y, z = (
        part ** (1 / 3) if part > (6 / 29) ** 3 else part * (29 / 6) ** 2 / 3 + 4 / 29
        for part in (value / white for value, white in zip(times(_TO_XYZ, (red, green, blue)), _WHITE, strict=True))
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def distance(palette: Palette, one: Role, other: Role, vision: str) -> float:
    return math.dist(lab(palette.style(one).color, vision), lab(palette.style(other).color, vision))


def grounds(palette: Palette, role: Role) -> list[Color | None]:
    """What a role is written on: its own background, and that of the row under the cursor."""
    return [palette.style(role).bgcolor, palette.style("cursor").bgcolor]


def test_the_shipped_themes() -> None:
    assert set(PALETTES) == {*COLOURED, "ansi", "mono"}
    assert set(COLOURED) == {"tape", "tape-light", "deuteranopia", "tritanopia", "high-contrast"}
    assert [name for name in COLOURED if not PALETTES[name].dark] == ["tape-light"]
    assert all(palette.description for palette in PALETTES.values())


def test_the_light_theme_is_dark_on_light() -> None:
    palette = PALETTES["tape-light"]
    text, ground = (lab(colour, "full")[0] for colour in (palette.style("text").color, palette.style("text").bgcolor))
    assert text < 30
    assert ground > 90


@pytest.mark.parametrize("name", COLOURED)
def test_what_is_read_stands_out(name: str) -> None:
    palette = PALETTES[name]
    enough = 7.0 if name == "high-contrast" else 4.5
    for role in READ:
        for ground in grounds(palette, role):
            assert contrast(palette.style(role).color, ground) >= enough, role
    for role in BADGES:
        assert contrast(palette.style(role).color, palette.style(role).bgcolor) >= enough, role


@pytest.mark.parametrize("name", COLOURED)
def test_what_is_faint_can_still_be_read(name: str) -> None:
    palette = PALETTES[name]
    enough = 7.0 if name == "high-contrast" else 3.0
    for role in FAINT:
        for ground in grounds(palette, role):
            assert contrast(palette.style(role).color, ground) >= enough, role


@pytest.mark.parametrize(("name", "vision"), SEEN_BY)
def test_colour_blind_eyes_tell_apart_what_differs(name: str, vision: str) -> None:
    palette = PALETTES[name]
    near = {
        pair: distance(palette, *pair, vision)
        for pair in combinations(TOLD_APART, 2)
        if distance(palette, *pair, vision) < DISTINCT
    }
    assert near == {}


@pytest.mark.parametrize(("name", "vision"), SEEN_BY)
def test_colour_blind_eyes_tell_simulated_data_from_live(name: str, vision: str) -> None:
    live, demo, tape = (lab(PALETTES[name].style(role).bgcolor, vision) for role in BADGES)
    assert min(math.dist(live, demo), math.dist(demo, tape), math.dist(live, tape)) >= DISTINCT


def test_the_simulation_tells_good_colours_from_bad_ones() -> None:
    assert distance(PALETTES["tape"], "up", "down", "deuteranopia") < DISTINCT
    for vision in VISIONS:
        assert lab(Color.parse("#ffffff"), vision) == pytest.approx((100, 0, 0), abs=0.1)


@pytest.mark.parametrize("name", ["ansi", "mono"])
def test_the_terminals_own_colours_only(name: str) -> None:
    roles = (THEMES / f"{name}.toml").read_text().partition("[roles]")[2]
    assert not re.search(r"#[0-9a-fA-F]{3}", roles)
    palette = PALETTES[name]
    assert palette.ansi
    assert palette.colourless == (name == "mono")
    theme = palette.textual_theme()
    own = [theme.primary, theme.foreground, theme.background, theme.error, *theme.variables.values()]
    assert not [colour for colour in own if colour and colour.startswith("#")]
