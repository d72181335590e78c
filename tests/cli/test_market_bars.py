"""Bars of a market by its name: stored ones, the venue's, and both."""

import asyncio
import json
from pathlib import Path

import pytest

from app.cli.main import main
from app.config.locations import Locations, ensure
from app.config.settings import StoreSettings
from app.core.clock import ManualClock
from app.core.events import Candle
from app.screener.bars import HOUR_MS, read_bars
from app.store.store import Store

START_MS = 1_789_999_200_000 // HOUR_MS * HOUR_MS
CLOSED_PORT = ("--set", "hyperliquid.rest_url=http://127.0.0.1:9")


def hour(number: int, coin: str = "ETH", interval: str = "1h") -> Candle:
    price = 2_000.0 + 5 * (number % 7)
    return Candle(coin, interval, START_MS + number * HOUR_MS, price, price + 9, price - 9, price + 1, 3.0, 5)


@pytest.fixture
def stored(locations: Locations) -> Locations:
    """A database of the live source with 40 hours, one of them missing, and candles that are none of them."""
    rows = [hour(number) for number in range(40) if number != 7]
    rows += [hour(99, coin="BTC"), hour(50, interval="1m")]

    async def fill() -> None:
        store = Store(ensure(locations.database("live").parent) / locations.database("live").name, StoreSettings(),
                      ManualClock(wall_ns=(START_MS + 41 * HOUR_MS) * 1_000_000))  # fmt: skip
        await store.open()
        assert all([await store.put_durably(row) for row in rows])
        await store.close()

    asyncio.run(fill())
    return locations


def test_stored_hours_are_bars(stored: Locations, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = tmp_path / "kept.csv"
    assert main(["backtest", "--asset", "ETH", "--source", "store", "--keep", str(kept), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["summary"]["bars"] == 39
    bars = read_bars(kept)
    assert (bars.length, bars.missing, int(bars.times[0])) == (39, 1, START_MS)
    assert bars.name == "kept.csv (ETH, LIVE, stored)"
    assert bars.closes.tolist() == [hour(number).close for number in range(40) if number != 7]


def test_a_venue_that_is_away_leaves_the_stored_hours(stored: Locations, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["screen", "--asset", "ETH", *CLOSED_PORT]) == 0
    said = capsys.readouterr().err
    assert "only the 39 stored hours are taken" in said
    assert "ETH, LIVE, Hyperliquid: 39 hours, 0 told by the venue now" in said


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--asset", "ETH", *CLOSED_PORT), 4, "; --bars FILE takes a file of bars, --source demo a simulated market"),
        (("--asset", "ETH", "--source", "store"), 5, "live.sqlite does not exist yet"),
        (("--asset", "no such coin"), 2, "--asset is no name of a market"),
        (("--asset", "ETH", "--seed", "1"), 2, "--seed is for the simulated venue"),
        (("--bars", "x.csv", "--source", "live"), 2, "go with --asset"),
        (("--bars", "x.csv", "--asset", "ETH"), 2, "not allowed with argument"),
        (("--asset", "ETH", "--keep", "."), 2, "exists already"),
    ],
)
@pytest.mark.parametrize("command", ["screen", "backtest"])
def test_mistakes_end_in_a_sentence_and_the_right_code(
    command: str, words: tuple[str, ...], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, *words]) == code
    printed = capsys.readouterr()
    assert said in printed.err
    assert printed.out == ""


def test_a_market_that_is_not_stored_is_told(stored: Locations, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["screen", "--asset", "SOL", "--source", "store"]) == 5
    assert "SOL, LIVE, stored: 0 hours are known" in capsys.readouterr().err


def test_the_simulated_venue_is_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept, out = tmp_path / "kept.csv", tmp_path / "c.jsonl"
    words = ("--source", "demo", "--seed", "5", "--keep", str(kept), "--out", str(out))
    assert main(["screen", "--asset", "BTC", *words]) == 0
    assert "BTC, DEMO, simulated, seed 5" in capsys.readouterr().err
    bars = read_bars(kept)
    assert bars.length > 500
    # What was kept are the very bars that were screened, and they still say that they are made up.
    assert main(["backtest", "--bars", str(kept), "--candidates", str(out), "--check", "--quiet"]) == 0
    told = capsys.readouterr().out.splitlines()[0]
    assert told.startswith("kept.csv (BTC, DEMO, simulated, seed 5), 1h, ")
    assert told.endswith(f": {bars.length:,} bars")
