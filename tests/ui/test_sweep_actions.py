"""Sweeps from the deck: a line that proposes one, a key that stops it at the second press, and what is said of it."""

import pytest
from deck_fakes import ScriptedLink, deck_on, settle, snapshot
from screener_fakes import (
    ARGUMENTS,
    DONE_SWEEP,
    FAILED_SWEEP,
    RESEARCH,
    RUNNING_SWEEP,
    STOPPED_SWEEP,
    screened,
    screener,
)

from app.engine.protocol import Command
from app.engine.protocol_screen import ResearchView, StartSweep, StopSweep, SweepView
from app.ui.panels.research import proposed_sweep, research_view, sweep_news
from app.ui.state import DeckView


def sweeps(link: ScriptedLink) -> list[Command]:
    return [command for command in link.commands if isinstance(command, StartSweep | StopSweep)]


def lines(sweep: SweepView | None = None, research: ResearchView | None = RESEARCH) -> dict[str, str]:
    """What is told by the names of lines, those without a name joined to the line above."""
    shown = screened(screener(research=research), sweep=sweep)
    told: dict[str, str] = {}
    name = ""
    for row in research_view(DeckView("connected", newest=shown, shown=shown), 400, "X").rows:
        name = row.cells[0].value or name
        told[name] = f"{told[name]} / {row.cells[1].text}" if name in told else row.cells[1].text
    return told


@pytest.mark.asyncio
async def test_the_key_proposes_a_sweep_of_the_coin_under_the_cursor_and_enter_begins_it() -> None:
    link = ScriptedLink()
    link.say(screened())
    async with deck_on(link) as (deck, pilot):
        for key in ("n", "down", "X"):
            await pilot.press(key)
            await settle(pilot)
        assert not sweeps(link)
        await pilot.press("enter")
        await settle(pilot)
        assert sweeps(link) == [StartSweep(ARGUMENTS)]
        assert deck._deck_screen.NAME == "screener"


@pytest.mark.asyncio
async def test_what_is_written_is_swept_and_escape_begins_nothing() -> None:
    link = ScriptedLink()
    link.say(screened())
    async with deck_on(link) as (deck, pilot):
        for key in ("n", "X", *"--bars a.csv", "enter"):
            await pilot.press("minus" if key == "-" else "space" if key == " " else "full_stop" if key == "." else key)
            await settle(pilot)
        assert sweeps(link) == [StartSweep("--bars a.csv")]
        await pilot.press("X", "escape")
        await settle(pilot)
        assert len(sweeps(link)) == 1
        assert deck._deck_screen.flash.message == "No sweep was begun."


@pytest.mark.asyncio
async def test_a_sweep_that_runs_is_stopped_by_the_second_press_alone() -> None:
    link = ScriptedLink()
    link.say(screened(sweep=RUNNING_SWEEP))
    async with deck_on(link) as (deck, pilot):
        await pilot.press("n", "X")
        await settle(pilot)
        assert not sweeps(link)
        assert deck._deck_screen.flash.message == "Stop the sweep? X again stops it; what is done is kept."
        await pilot.pause(7)
        await pilot.press("X")
        await settle(pilot)
        assert not sweeps(link)
        await pilot.press("X")
        await settle(pilot)
        assert sweeps(link) == [StopSweep()]


@pytest.mark.asyncio
async def test_its_end_is_told_on_every_screen() -> None:
    link = ScriptedLink()
    link.say(snapshot(sweep=RUNNING_SWEEP))
    async with deck_on(link) as (deck, pilot):
        link.say(snapshot(2, sweep=FAILED_SWEEP))
        await settle(pilot)
        assert deck._deck_screen.flash.message == f"The sweep failed: {FAILED_SWEEP.message}"


def test_news_are_told_once() -> None:
    assert sweep_news(RUNNING_SWEEP, DONE_SWEEP) == ("The sweep is done; the Screener shows what it came to", "info")
    assert sweep_news(DONE_SWEEP, DONE_SWEEP) is None
    assert sweep_news(None, RUNNING_SWEEP) is None
    assert sweep_news(RUNNING_SWEEP, STOPPED_SWEEP) == (f"The sweep was stopped: {STOPPED_SWEEP.message}", "warning")


def test_a_sweep_that_was_stopped_is_proposed_again_and_one_that_is_done_is_not() -> None:
    for sweep, words in ((STOPPED_SWEEP, ARGUMENTS), (FAILED_SWEEP, ARGUMENTS), (DONE_SWEEP, "--asset SOL --source")):
        shown = screened(sweep=sweep)
        assert proposed_sweep(DeckView("connected", newest=shown, shown=shown), "SOL").startswith(words)


def test_a_running_sweep_shows_how_far_it_is_and_what_is_left() -> None:
    told = lines(RUNNING_SWEEP)["sweep"]
    assert told.startswith("███████░░░░░░░░░░░░░ 6 of 16 runs, about 0:50 left / X stops it")
    assert told.endswith(ARGUMENTS)
    assert lines(SweepView(arguments="--bars x", state="running", message="it begins"))["sweep"].startswith(
        "running: it begins"
    )


def test_a_result_is_told_with_its_doubts_and_a_failure_with_its_sentence() -> None:
    told = lines(DONE_SWEEP)
    assert told["swept"] == "ETH, DEMO, simulated, seed 7: 16 runs, 6 known before over 31 days in 4 folds"
    assert told["best trials"].startswith("fusion.entry_threshold_confidence 0.2: Sharpe 1.10, +2.10 % after costs")
    assert "luck alone would give" in told["doubts"]
    assert told["walk forward"] == "-0.61 %, Sharpe -0.40: here nothing was chosen by hindsight"
    assert lines(FAILED_SWEEP)["sweep"].startswith("failed: the venue tells no hours of ETH; check its name")
    assert "X begins it again where it ended" in lines(STOPPED_SWEEP)["sweep"]


def test_the_last_backtest_stands_beside_holding_with_its_age_and_costs() -> None:
    told = lines()
    assert told["last backtest"].startswith("ETHUSDT_1h.parquet, 1h, 2025-06-15T00:00:00Z")
    assert "made 1h ago" in told["last backtest"]
    assert "return: +7.80% | +58.84%" in told["after costs"]
    assert "57.16 of fees" in told["after costs"]
    assert "4.5 bp of fees" in told["assumed"]
    old = lines(research=ResearchView(backtest=RESEARCH.backtest, backtest_age_s=9 * 86_400))
    assert "made 9d ago; old" in old["last backtest"]


@pytest.mark.parametrize(
    ("research", "said"),
    [
        (ResearchView(), "none yet: `tapedeck backtest --asset ETH`"),
        (ResearchView(source_words="--source demo"), "none yet: `tapedeck backtest --asset ETH --source demo`"),
        (ResearchView(backtest_trouble="last-backtest.json is no record"), "last-backtest.json is no record"),
        (None, "this engine tells of none"),
    ],
)
def test_without_a_backtest_it_is_said_how_to_make_one(research: ResearchView | None, said: str) -> None:
    assert lines(research=research)["last backtest"].startswith(said)
