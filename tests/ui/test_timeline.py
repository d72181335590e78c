"""The line that says where a tape stands: what it draws, and how seldom."""

import pytest
from deck_fakes import WALL_MS
from textual.app import App, ComposeResult
from textual.geometry import Region

from app.core.playback import Playback
from app.ui.widgets.timeline import Timeline


class WatchedTimeline(Timeline):
    """Counts how often it was asked to be painted again."""

    painted = 0

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> "WatchedTimeline":
        self.painted += repaint and not layout
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)


class TimelineApp(App[None]):
    """A timeline alone on a screen."""

    def compose(self) -> ComposeResult:
        yield WatchedTimeline()


@pytest.mark.asyncio
async def test_it_is_painted_when_a_cell_changes_and_gone_without_a_tape() -> None:
    async with TimelineApp().run_test(size=(60, 5)) as pilot:
        line = pilot.app.query_one(WatchedTimeline)
        line.show(Playback(WALL_MS, WALL_MS + 40_000, WALL_MS, 1.0, False, False))
        await pilot.pause()
        assert line.display
        assert line.render_line(0).text == f" 22:13:20 {'─' * 40} 22:14:00 "
        line.painted = 0
        for passed_ms in (100, 200, 900):
            line.show(Playback(WALL_MS, WALL_MS + 40_000, WALL_MS + passed_ms, 1.0, False, False))
        assert line.painted == 0
        line.show(Playback(WALL_MS, WALL_MS + 40_000, WALL_MS + 1_000, 1.0, False, False))
        assert line.painted == 1
        assert line.render_line(0).text == f" 22:13:20 ━{'─' * 39} 22:14:00 "
        line.show(None)
        assert not line.display
