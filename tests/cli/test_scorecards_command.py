"""`tapedeck scorecards`: what it prints, and the words it takes."""

import asyncio
import json
from pathlib import Path

import pytest

from app.cli import graded
from app.cli.main import main
from app.config.locations import Locations, ensure
from app.config.settings import StoreSettings
from app.core.calls import Call, CostModel, Outcome
from app.core.clock import ManualClock
from app.core.errors import UsageError
from app.store.store import Store

DAY_NS = 86_400_000_000_000
END_NS = 1_790_000_000_000_000_000
END_MS = END_NS // 1_000_000


def pair(at_ms: int, *, status: str = "graded") -> graded.Pair:
    call = Call(
        source="demo",
        claimant="rules",
        claimant_version="1",
        kind="continuation",
        subject="BTC",
        claim="mid of BTC at +60 s above 100",
        probability=0.6,
        direction=1,
        made_at_ms=at_ms,
        available_at_ms=at_ms,
        input_age_ms=0,
        reference_kind="mid",
        reference_price=100.0,
        bid=99.0,
        ask=101.0,
        horizon_s=60,
        cost=CostModel(4.5, 0.5),
    )
    if status == "ungraded":
        return call, Outcome(call_id=call.call_id, status="ungraded", decided_at_ms=at_ms, reason="gap")
    return call, Outcome(
        call_id=call.call_id,
        status="graded",
        decided_at_ms=at_ms + 60_000,
        event_happened=True,
        hit=True,
        brier=0.16,
        edge_bps=3.0,
    )


async def fill(database: Path, rows: list[Call | Outcome]) -> None:
    store = Store(database, StoreSettings(), ManualClock(wall_ns=END_NS))
    await store.open()
    assert all(store.put(row) for row in rows)
    assert await store.flush()
    await store.close()


@pytest.fixture
def database(locations: Locations) -> Path:
    """The demo database: a graded call, one that is not, and one without an outcome."""
    ensure(locations.state_dir)
    rows: list[Call | Outcome] = [*pair(END_MS), *pair(END_MS + 60_000, status="ungraded"), pair(END_MS + 61_000)[0]]
    asyncio.run(fill(locations.database("demo"), rows))
    return locations.database("demo")


@pytest.mark.usefixtures("database")
def test_json_is_one_object_of_cards(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scorecards", "--source", "demo", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert list(printed) == ["schema_version", "cards"]
    (card,) = printed["cards"]
    assert (card["claimant"], card["kind"], card["horizon_s"], card["n"]) == ("rules", "continuation", 60, 3)
    assert card["ungraded"] == {"gap": 1, "still open, or its run was cut off": 1}
    assert (card["n_graded"], card["n_ungraded"], card["effective_n"]) == (1, 2, 1)
    assert card["hit_rate"] == {"value": 1.0, "low": None, "high": None, "blocks": 1}


@pytest.mark.usefixtures("database")
def test_the_table_shows_n_beside_each_rate(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scorecards", "--source", "demo"]) == 0
    head, row, _, _, reason, cut_off = capsys.readouterr().out.splitlines()
    assert head.split("\t")[4:9] == ["calls", "graded", "effective n", "base rate", "hit rate"]
    assert row.split("\t")[4:9] == ["3", "1", "1", "100.0 % (too few)", "100.0 % (too few)"]
    assert reason == "rules 1\tcontinuation\t60 s\t1\tgap"
    assert cut_off == "rules 1\tcontinuation\t60 s\t1\tstill open, or its run was cut off"


@pytest.mark.usefixtures("database")
def test_no_calls_are_said_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scorecards", "--source", "demo", "--since", "2100-01-01"]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(
        "No calls on the demo record from that moment on; a deck or `tapedeck run` files them"
    )


@pytest.mark.usefixtures("database")
def test_the_record_that_holds_calls_is_named(locations: Locations, capsys: pytest.CaptureFixture[str]) -> None:
    hint = "the demo record holds calls: `tapedeck scorecards --source demo`"
    assert main(["scorecards"]) == 5
    assert capsys.readouterr().err == f"error: live.sqlite does not exist yet; a run of tapedeck makes it; {hint}\n"
    asyncio.run(fill(locations.database("live"), []))
    assert main(["scorecards"]) == 0
    assert capsys.readouterr().err == f"No calls on the live record; {hint}.\n"


def test_a_record_without_calls_or_that_is_damaged_is_not_named(
    locations: Locations, capsys: pytest.CaptureFixture[str]
) -> None:
    ensure(locations.state_dir)
    asyncio.run(fill(locations.database("live"), []))
    locations.database("demo").write_bytes(b"this is no database" * 500)
    assert main(["scorecards"]) == 0
    assert "--source" not in capsys.readouterr().err
    assert graded.other_records("demo", locations) == []


def test_since_leaves_out_older_calls(database: Path) -> None:
    calls = [call for call, _ in graded.stored_pairs(database, END_MS + 60_000)]
    assert [call.made_at_ms for call in calls] == [END_MS + 60_000, END_MS + 61_000]


def test_a_record_that_does_not_exist_is_a_data_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scorecards", "--source", "live"]) == 5
    assert "live.sqlite does not exist yet" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--source", "tape"], "add --tape FILE"),
        (["--source", "live", "--tape", "x.tape"], "--tape cannot go with --source live"),
        (["--source", "live", "--since", "yesterday"], "yesterday is not a moment"),
    ],
)
def test_words_that_do_not_fit_are_usage(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scorecards", *words]) == 2
    assert said in capsys.readouterr().err


def test_a_tape_that_is_not_there_is_a_data_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scorecards", "--tape", "missing.tape"]) == 5
    assert "missing.tape" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("since", "expected_ms"),
    [
        (None, 0),
        ("2h", END_MS - 7_200_000),
        ("+60", END_MS - 86_340_000),
        ("2026-01-31T14:30:00", 1_769_869_800_000),
    ],
)
def test_since_is_a_duration_or_a_moment(since: str | None, expected_ms: int) -> None:
    assert graded.moment_ms(since, END_NS - DAY_NS, END_NS) == expected_ms


def test_since_refuses_other_words() -> None:
    with pytest.raises(UsageError, match="soon is not a moment"):
        graded.moment_ms("soon", END_NS - DAY_NS, END_NS)
