"""`tapedeck score`: of an engine of its own on the simulated venue, and what it refuses."""

import json
from pathlib import Path

import msgspec
import pytest
from token_fakes import DOWN, UNKNOWN, judging, token, tokens

from app.cli import score
from app.cli.main import main
from app.core.errors import ConfigError, UsageError, VenueError
from app.engine.protocol import Command, CommandResult, LogLine, Snapshot, Welcome
from app.engine.protocol_tokens import ScoreTokens
from app.engine.token_watch import scored


class Link:
    """An engine that shows these snapshots one after the other."""

    def __init__(self, *shown: Snapshot, refuses: str = "") -> None:
        self._shown = list(shown)
        self._refuses = refuses
        self.commands: list[Command] = []

    async def connect(self) -> Welcome:
        raise AssertionError("it is connected")

    async def snapshot(self) -> Snapshot | None:
        return self._shown.pop(0) if self._shown else None

    async def send(self, command: Command) -> CommandResult:
        self.commands.append(command)
        return CommandResult(1, not self._refuses, self._refuses)

    async def close(self) -> None: ...


BEGAN = msgspec.structs.replace(judging(tokens(rows=())), wall_ms=token().at_ms)
JUDGED = judging()


@pytest.mark.asyncio
async def test_verdicts_come_in_the_order_that_was_asked_for_and_what_has_none_says_why() -> None:
    nobody = "Z" * 40
    said = LogLine(token().at_ms, "warning", "tokens", f"{nobody} cannot be scored: DexScreener knows no pair of it")
    link = Link(BEGAN, BEGAN, msgspec.structs.replace(JUDGED, log=(said,)))
    report = await scored(link, [nobody, UNKNOWN.mint, token().mint], 5.0)
    assert link.commands == [ScoreTokens((nobody, UNKNOWN.mint, token().mint))]
    assert [row.mint for row in report.tokens] == [UNKNOWN.mint, token().mint]
    assert report.missing == {nobody: "DexScreener knows no pair of it"}
    assert (report.mode, report.source) == ("ML", JUDGED.source)


@pytest.mark.asyncio
async def test_an_older_verdict_is_none() -> None:
    later = msgspec.structs.replace(BEGAN, wall_ms=token().at_ms + 1)
    with pytest.raises(VenueError, match="has ended"):
        await scored(Link(later, JUDGED), [token().mint], 5.0)


@pytest.mark.asyncio
async def test_what_the_engine_refuses_is_told() -> None:
    with pytest.raises(UsageError, match="no token's address"):
        await scored(Link(BEGAN, refuses="'x' is no token's address on Solana"), ["x"], 5.0)
    with pytest.raises(ConfigError, match=r"tokens\.enabled"):
        await scored(Link(msgspec.structs.replace(BEGAN, tokens=None)), ["x"], 5.0)


@pytest.mark.asyncio
async def test_people_read_what_is_known_and_dashes_for_what_is_not() -> None:
    view = tokens(mode="STRATEGY-ONLY", mode_reason="no bundle", model=DOWN)
    report = await scored(Link(BEGAN, judging(view)), [token().mint, UNKNOWN.mint], 5.0)
    lines = list(score.score_lines(report))
    assert "mode        STRATEGY-ONLY: no bundle" in lines
    assert "model       rise 71.2 %, rug 44.0 %, gain +8.9 %" in lines
    assert "model       rise –, rug –, gain –" in lines
    assert "combined    0.6 × 0.712 + 0.4 × 0.500 = 0.627" in lines
    assert "known       18 candles, age 90 min, holders not known" in lines


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["score"], 2),
        (["score", "--tape", "x.tape", "--source", "tape", "M"], 2),
        (["score", "--source", "demo", *["M"] * 51], 2),
        (["score", "--source", "demo", "--set", "tokens.enabled=false", "M"], 3),
    ],
)
def test_what_cannot_be_asked_is_refused_at_once(
    words: list[str], code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAPEDECK_HOME", str(tmp_path))
    assert main(words) == code


@pytest.mark.nightly
def test_a_token_of_the_simulated_venue_is_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from app.core.clock import SystemClock
    from app.demo.tokens.made import MadeLaunches

    monkeypatch.setenv("TAPEDECK_HOME", str(tmp_path))
    now_s = SystemClock().wall_ns() // 1_000_000_000
    made = MadeLaunches(7).launches(now_s - 4 * 3_600, now_s - 2 * 3_600)[0]
    code = main(["score", made.mint, "Z" * 40, "--source", "demo", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert code == 6
    assert [row["mint"] for row in told["tokens"]] == [made.mint]
    assert told["missing"] == {"Z" * 40: "DexScreener knows no pair of it"}
    assert (told["mode"], told["source"]["mode"]) == ("ML", "demo")
