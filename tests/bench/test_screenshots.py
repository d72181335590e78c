"""The README's pictures: real ones of the demo, which stand alone and say DEMO."""

import asyncio
import re
from xml.etree import ElementTree

import pytest

from app.bench.screenshots import PICTURES, Picture, take
from app.bench.svg import standalone

NAMESPACE = "http://www.w3.org/2000/svg"
ADDRESS = re.compile(r"\w+://[^\"'\s<)]*|@import|url\((?!#)")


def exported(text: str) -> str:
    """What Textual exports, as far as it matters here, of one line of text."""
    return (
        f'<svg xmlns="{NAMESPACE}"><!-- Generated with Rich https://example.org --><style>'
        '@font-face { src: url("https://example.org/font.woff2"); }\n'
        ".terminal-42-matrix { font-family: Fira Code, monospace; font-variant-east-asian: full-width; }"
        '</style><defs><clipPath id="terminal-42-line-0"><rect x="0"/></clipPath></defs><g class="terminal-42-matrix">'
        '<text class="terminal-42-r1" x="12.2" y="20" textLength="99" clip-path="url(#terminal-42-line-0)">'
        f"{text}</text>"
        "</g></svg>"
    )


def test_the_demo_deck_is_pictured() -> None:
    pictures = [Picture("small", (60, 16), metrics=False), Picture("opened", (60, 16), market=True, metrics=False)]
    taken = asyncio.run(take(pictures))
    assert list(taken) == ["small", "opened"]
    for svg in taken.values():
        words = [text.text or "" for text in ElementTree.fromstring(svg).iter(f"{{{NAMESPACE}}}text")]
        assert "DEMO" in words
        assert ADDRESS.findall(svg) == [NAMESPACE]
        assert len(svg.encode()) < 100_000
    assert "★BTC" in taken["small"]
    assert "<path" in taken["opened"]


def test_the_pictures_are_of_the_sizes_promised() -> None:
    assert {picture.name: picture.size for picture in PICTURES} == {
        "dashboard": (200, 60),
        "market": (140, 40),
        "narrow": (60, 20),
        "deuteranopia": (140, 40),
    }


def test_a_picture_fetches_nothing_and_keeps_no_blanks() -> None:
    svg = standalone(exported("&#160;&#160;a&#160;&amp;b"))
    assert ADDRESS.findall(svg) == [NAMESPACE]
    texts = list(ElementTree.fromstring(svg).iter(f"{{{NAMESPACE}}}text"))
    assert [(text.text, text.get("x")) for text in texts] == [("a", "36.6"), ("&b", "61")]


@pytest.mark.parametrize(("signs", "boxes"), [("───", 1), ("│││", 3), ("█▁", 2), ("╭─", 3)])
def test_lines_and_blocks_are_shapes_and_equal_ones_that_touch_are_one(signs: str, boxes: int) -> None:
    root = ElementTree.fromstring(standalone(exported(signs)))
    paths = [path.get("d", "") for path in root.iter(f"{{{NAMESPACE}}}path")]
    assert len(paths) == 1
    assert paths[0].count("M") == boxes
    assert next(root.iter(f"{{{NAMESPACE}}}text"), None) is None
