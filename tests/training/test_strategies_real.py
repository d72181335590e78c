"""What docs/tokens.md says of the strategies on the shared recordings, reckoned anew."""

from pathlib import Path

import numpy as np
import pytest

from app.tokens.candles import SLOTS, VOLUME, Window
from app.tokens.features import Singles, parts
from app.tokens.strategies import StrategySays, strategies
from app.training.token_sources import five_minutes

LAUNCHES = Path(__file__).parents[3] / "shared" / "data" / "launches"
pytestmark = [
    pytest.mark.real,
    pytest.mark.nightly,
    pytest.mark.skipif(not LAUNCHES.exists(), reason="needs ../shared"),
]
_PAGE = Path(__file__).parents[2] / "docs" / "tokens.md"
_FEWEST = 12


def _says(features: Singles) -> StrategySays:
    """Of a row of features: its prices are logarithms against the last close, and strategies know no unit."""
    row = parts(features)
    values, mask = np.full((SLOTS, 5), np.nan), row.mask > 0
    values[mask, :VOLUME] = np.exp(row.candles[mask, :VOLUME].astype(np.float64))
    return strategies(Window(values, mask))


def test_how_often_tokens_rise_after_what_strategies_say() -> None:
    source = five_minutes([LAUNCHES], lambda _: None)
    assert source is not None
    rises = source.samples.label("rises")
    rows = [row for row, mask in enumerate(source.samples.features[:, 500:600]) if mask.sum() >= _FEWEST]
    kept = [row for row in rows if np.isfinite(rises[row])]
    said = [_says(source.samples.features[row]) for row in kept]
    page = _PAGE.read_text()
    for name in ("patterns", "reversal"):
        confidence = np.array([getattr(each, name) for each in said])
        for words, group in (("below ", confidence < 0.5), ("", confidence == 0.5), ("above ", confidence > 0.5)):
            rate = 100 * rises[kept][group].mean()
            assert f"| {name} {words}0.5 | {group.sum():,} | {rate:.1f} % |" in page
