"""The key for work by hand: what it means on each panel, how it cancels, and what is said of the end."""

import pytest
from deck_fakes import ScriptedLink, deck_on, screen_text, settle, snapshot

from app.engine.protocol import CancelJob, CommandResult, JobView, StartJob
from app.ui.actions import ACTIONS
from app.ui.jobs import JOBS, job_news
from app.ui.screens.dashboard import Dashboard

RUNNING = JobView("markets", "running", 1_000, "Asking")
DONE = JobView("markets", "done", 1_000, "Markets refreshed: following 30 of 184")
FAILED = JobView("markets", "failed", 2_000, "The markets were not refreshed: \x1b[31mno")


def test_news_are_told_once() -> None:
    assert job_news((), ()) == []
    assert job_news((), (RUNNING,)) == []
    assert job_news((RUNNING,), (DONE,)) == [(DONE.message, "info")]
    assert job_news((DONE,), (DONE,)) == []
    assert job_news((RUNNING,), (JobView("markets", "cancelled", 1_000, "Cancelled"),)) == []


def test_a_failure_is_a_warning_without_escapes() -> None:
    ((text, level),) = job_news((DONE,), (FAILED,))
    assert level == "warning"
    assert "\x1b" not in text


def test_every_job_is_named_in_the_help_of_its_key_and_belongs_to_a_panel() -> None:
    (action,) = [action for action in ACTIONS if action.id == "refresh"]
    of_panels = {panel.job for panel in Dashboard.PANELS if panel.job}
    assert set(JOBS) == of_panels
    for name in of_panels:
        sentence = JOBS[name].description
        assert sentence[0].lower() + sentence[1:].rstrip(".") in action.description


@pytest.mark.asyncio
async def test_the_key_begins_and_the_same_key_cancels() -> None:
    link = ScriptedLink()
    link.answer = CommandResult(0, True, "Asking the venue for its markets")
    link.say(snapshot())
    async with deck_on(link) as (deck, pilot):
        assert " s refresh " in screen_text(deck)
        await pilot.press("s")
        await settle(pilot)
        assert link.commands == [StartJob("markets")]
        assert "Asking the venue for its markets; s again cancels" in screen_text(deck)
        link.say(snapshot(2, jobs=(RUNNING,)))
        await settle(pilot)
        assert " s cancel " in screen_text(deck)
        await pilot.press("s")
        await settle(pilot)
        assert link.commands[-1] == CancelJob("markets")


@pytest.mark.asyncio
async def test_the_end_of_a_job_is_said_even_when_its_running_was_never_seen() -> None:
    link = ScriptedLink()
    link.say(snapshot())
    async with deck_on(link) as (deck, pilot):
        link.say(snapshot(2, jobs=(DONE,)))
        await settle(pilot)
        assert DONE.message in screen_text(deck)


@pytest.mark.asyncio
async def test_what_ended_before_the_deck_came_is_not_news() -> None:
    link = ScriptedLink()
    link.say(snapshot(jobs=(DONE,)))
    async with deck_on(link) as (deck, _):
        assert DONE.message not in screen_text(deck)


@pytest.mark.asyncio
async def test_a_panel_without_work_says_so() -> None:
    link = ScriptedLink()
    link.say(snapshot())
    async with deck_on(link) as (deck, pilot):
        deck._dashboard.set_focus(None)
        await settle(pilot)
        assert " s " not in screen_text(deck).splitlines()[-1]
        await pilot.press("s")
        await settle(pilot)
        assert link.commands == []
        assert "There is nothing to ask for on this panel" in screen_text(deck)
