"""One token opened up: verdict and arithmetic, its chart, what moved the model, and every feature it was told."""

from collections.abc import Mapping
from functools import partial

from textual.widget import Widget

from app.engine.protocol import JobName
from app.ui.panels.token_detail import chart_view, effects_view, features_view, verdict_view
from app.ui.screens.base import Panel
from app.ui.screens.charted import CrosshairScreen
from app.ui.screens.opened import Lines, OpenedScreen
from app.ui.state import DeckView
from app.ui.theme import Palette
from app.ui.widgets.arranged_table import ArrangedTable
from app.ui.widgets.candle_canvas import Marks
from app.ui.widgets.candle_chart import CandleChart

_PAIRED_FROM, _HIGH_FROM = 110, 44
"""From such a width on there are two columns; from such a height on the verdict leaves the chart room below it."""


class TokenScreen(OpenedScreen, CrosshairScreen):
    """Follows one token; its chart has a crosshair."""

    NAME = "token"
    DEFAULT_CSS = """
    TokenScreen #opened { grid-rows: 3fr 2fr 2fr 2fr; }
    TokenScreen.-paired #opened { grid-size: 2; grid-columns: 1fr 1fr; grid-rows: 1fr 1fr 1fr; }
    TokenScreen.-paired .lines { row-span: 3; }
    TokenScreen.-high .lines { row-span: 2; }
    TokenScreen.-high #token-features { row-span: 2; }
    TokenScreen.-narrow CandleChart, TokenScreen.-short CandleChart { border: none; border-top: solid $border; }
    """

    def __init__(self, palette: Palette, mint: str, marks: Marks = "blocks") -> None:
        self.mint = mint
        self.chart = CandleChart(marks, id="token-chart")
        effects = Panel("what moved the model", partial(effects_view, mint=mint), "What moved it")
        features = Panel("features", partial(features_view, mint=mint), "Features")
        super().__init__(
            palette,
            Lines("token-verdict", "Verdict", lambda view, width: verdict_view(view, mint, width)),
            (
                (ArrangedTable(leads=True, id="token-effects"), effects),
                (ArrangedTable(leads=True, id="token-features"), features),
            ),
        )

    @property
    def token(self) -> str:
        return self.mint

    def job(self) -> JobName | None:
        return "tokens"

    def named_panels(self) -> Mapping[str, Widget]:
        """The chart comes last: in two columns it stands below the verdict, or below the tables."""
        return {**super().named_panels(), "Chart": self.chart}

    def lay_out(self, *, alone: bool) -> None:
        super().lay_out(alone=alone)
        is_paired = not alone and self.size.width >= _PAIRED_FROM
        self.set_class(is_paired, "-paired")
        self.set_class(is_paired and self.size.height >= _HIGH_FROM, "-high")

    def show_panels(self, view: DeckView) -> None:
        super().show_panels(view)
        self.draw("chart", lambda: self.chart.show(chart_view(view, self.mint)), self.chart.fail)
