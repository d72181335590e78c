"""An SVG picture of a terminal that looks the same wherever it is shown, and fetches nothing.

Textual's own export leaves the place of every letter to the font and to how blanks are read, and asks a host for that
font. Here every word has its own place, and what is drawn with block and line characters is drawn as shapes.
"""

import re
from collections.abc import Iterator, Mapping
from html import escape, unescape
from itertools import groupby

_CELL_WIDTH, _CELL_HEIGHT = 12.2, 24.4
_TOP_ABOVE_BASELINE = 18.5
_FONTS = '"DejaVu Sans Mono", Menlo, Consolas, monospace'

_TEXT = re.compile(r'<text class="([\w-]+-r\d+)" x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)</text>')
_LEFT_OUT = re.compile(
    r"\s*(?:<!--.*?-->|@font-face\s*\{.*?\}|font-variant-east-asian[^;]*;"
    r'|<clipPath id="[\w-]+-line-\d+">.*?</clipPath>)',
    re.DOTALL,
)
_UNIQUE = re.compile(r"\bterminal-\d+\b")

_Box = tuple[float, float, float, float]
"""Left, top, right and bottom, as shares of a cell."""

_HALF_LIGHT, _HALF_HEAVY = 0.06, 0.17
_MIDDLE = 0.5


def _upright(half: float, top: float, bottom: float) -> _Box:
    return (_MIDDLE - half, top, _MIDDLE + half, bottom)


def _level(half: float, left: float, right: float) -> _Box:
    # A cell is twice as high as it is wide.
    return (left, _MIDDLE - half / 2, right, _MIDDLE + half / 2)


_EIGHTHS: Mapping[str, tuple[_Box, ...]] = {
    sign: ((0, 1 - eighths / 8, 1, 1),) for eighths, sign in enumerate("▁▂▃▄▅▆▇█", start=1)
}
_SHAPES: Mapping[str, tuple[_Box, ...]] = {
    **_EIGHTHS,
    "▀": ((0, 0, 1, 0.5),),
    "▔": ((0, 0, 1, 0.125),),
    "│": (_upright(_HALF_LIGHT, 0, 1),),
    "╵": (_upright(_HALF_LIGHT, 0, 0.5),),
    "╷": (_upright(_HALF_LIGHT, 0.5, 1),),
    "┃": (_upright(_HALF_HEAVY, 0, 1),),
    "╹": (_upright(_HALF_HEAVY, 0, 0.5),),
    "╻": (_upright(_HALF_HEAVY, 0.5, 1),),
    "╿": (_upright(_HALF_HEAVY, 0, 0.5), _upright(_HALF_LIGHT, 0.5, 1)),
    "╽": (_upright(_HALF_LIGHT, 0, 0.5), _upright(_HALF_HEAVY, 0.5, 1)),
    "─": (_level(_HALF_LIGHT, 0, 1),),
    "━": (_level(_HALF_HEAVY, 0, 1),),
    "┬": (_level(_HALF_LIGHT, 0, 1), _upright(_HALF_LIGHT, 0.5, 1)),
    "┴": (_level(_HALF_LIGHT, 0, 1), _upright(_HALF_LIGHT, 0, 0.5)),
    "╭": (_level(_HALF_LIGHT, _MIDDLE, 1), _upright(_HALF_LIGHT, 0.5, 1)),
    "╮": (_level(_HALF_LIGHT, 0, _MIDDLE), _upright(_HALF_LIGHT, 0.5, 1)),
    "╰": (_level(_HALF_LIGHT, _MIDDLE, 1), _upright(_HALF_LIGHT, 0, 0.5)),
    "╯": (_level(_HALF_LIGHT, 0, _MIDDLE), _upright(_HALF_LIGHT, 0, 0.5)),
}
_SIGNS = "".join(map(re.escape, _SHAPES))
_RUN = re.compile(rf"[{_SIGNS}]+|[^\s{_SIGNS}]+")


def standalone(svg: str) -> str:
    """`svg` as Textual exports it, with every word in its place, and without any address but its namespace."""
    svg = _LEFT_OUT.sub("", svg)
    svg = svg.replace("Fira Code, monospace", _FONTS).replace("font-family: arial", "font-family: sans-serif")
    svg = _UNIQUE.sub("t", _TEXT.sub(_placed, svg))
    # Smoothed edges would let the background through where two shapes meet.
    return svg.replace('<g class="t-matrix"', '<g class="t-matrix" shape-rendering="crispEdges"')


def _placed(text: re.Match[str]) -> str:
    """A text's words and shapes, one by one."""
    name, left, baseline = text[1], float(text[2]), float(text[3])
    return "".join(
        f'<path class="{name}" d="{_outline(run[0], left + run.start() * _CELL_WIDTH, baseline)}"/>'
        if run[0][0] in _SHAPES
        else _word(name, run[0], left + run.start() * _CELL_WIDTH, baseline)
        for run in _RUN.finditer(unescape(text[4]))
    )


def _word(name: str, word: str, left: float, baseline: float) -> str:
    length = f"{len(word) * _CELL_WIDTH:g}"
    return f'<text class="{name}" x="{left:g}" y="{baseline:g}" textLength="{length}">{escape(word)}</text>'


def _outline(signs: str, left: float, baseline: float) -> str:
    """The boxes of signs side by side; equal ones that touch are one box."""
    path, place = "", 0
    for sign, run in groupby(signs):
        count = len(list(run))
        for box in _boxes(sign, count):
            path += _rectangle(box, left + place * _CELL_WIDTH, baseline - _TOP_ABOVE_BASELINE)
        place += count
    return path


def _boxes(sign: str, count: int) -> Iterator[_Box]:
    for left, top, right, bottom in _SHAPES[sign]:
        if left == 0 and right == 1:
            yield (0, top, count, bottom)
        else:
            yield from ((left + place, top, right + place, bottom) for place in range(count))


def _rectangle(box: _Box, left: float, top: float) -> str:
    width, height = (box[2] - box[0]) * _CELL_WIDTH, (box[3] - box[1]) * _CELL_HEIGHT
    return (
        f"M{left + box[0] * _CELL_WIDTH:.5g} {top + box[1] * _CELL_HEIGHT:.5g}h{width:.4g}v{height:.4g}h-{width:.4g}z"
    )
