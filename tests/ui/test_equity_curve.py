"""The curve on a screen: what its lines say, and how seldom it is drawn."""

import math
from dataclasses import replace

import pytest
from textual.app import App, ComposeResult
from textual.geometry import Region

from app.ui.widgets import equity_curve
from app.ui.widgets.equity_curve import CurveView, EquityCurve, curve_picture

POINTS = tuple((60_000 * n, 10_000 + 5 * math.sin(n / 6)) for n in range(120))
CURVE = CurveView("Paper equity", (*POINTS, (7_200_000, 10_000.0)), "00:00 to 02:00 UTC · low at 1", "", "up")


def text(view: CurveView, width: int, height: int) -> list[str]:
    return ["".join(f"{said:{cells}}" for said, cells, _ in line) for line in curve_picture(view, width, height).lines]


class WatchedCurve(EquityCurve):
    """Counts how often it was asked to be painted again."""

    painted = 0

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> "WatchedCurve":
        self.painted += repaint
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)


class CurveApp(App[None]):
    """A curve alone on a screen."""

    def compose(self) -> ComposeResult:
        yield WatchedCurve()


def test_its_lines_have_the_newest_the_highest_and_the_lowest_at_their_right_and_the_words_below() -> None:
    lines = text(CURVE, 60, 6)
    assert [len(line) for line in lines] == [60] * 6
    assert lines[0].endswith("  10,005.00")
    assert any(line.endswith(" ◂10,000.00") for line in lines)
    assert lines[4].endswith("  9,995.00 ")
    assert lines[5].strip() == CURVE.words


@pytest.mark.parametrize("size", [(0, 0), (60, 0), (0, 9), (1, 1), (3, 2)])
def test_there_is_no_size_it_cannot_have(size: tuple[int, int]) -> None:
    for view in (CURVE, replace(CURVE, points=(), empty="No curve yet.")):
        assert len(curve_picture(view, *size).lines) <= size[1]


@pytest.mark.asyncio
async def test_it_is_drawn_once_a_view_and_painted_when_it_looks_different(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = 0
    draw = equity_curve.draw_curve

    def counted(*given: object) -> object:
        nonlocal drawn
        drawn += 1
        return draw(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(equity_curve, "draw_curve", counted)
    async with CurveApp().run_test(size=(60, 12)) as pilot:
        curve = pilot.app.query_one(WatchedCurve)
        curve.show(CURVE)
        await pilot.pause()
        before = [curve.render_line(y).text for y in range(curve.size.height)]
        drawn = curve.painted = 0
        # A tenth of a second later the curve ends a hair further right, and looks the same.
        curve.show(replace(CURVE, points=(*POINTS, (7_200_100, 10_000.0))))
        assert [curve.render_line(y).text for y in range(curve.size.height)] == before
        assert (drawn, curve.painted) == (1, 0)
        curve.show(replace(CURVE, points=(*POINTS, (7_200_200, 10_001.0))))
        await pilot.pause()
        assert (drawn, curve.painted) == (2, 1)
        await pilot.resize_terminal(40, 9)
        await pilot.pause()
        assert curve.render_line(0).cell_length == curve.size.width < 40
