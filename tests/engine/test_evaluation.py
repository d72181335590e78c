"""A tape with a model asked on the way: a desk's questions, answers after what they took, nothing of the old ones."""

import asyncio
import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from ollama_server import serving

from app.bench.demo_tape import VirtualDemo
from app.config.settings import CostsSettings, ScalperSettings, Settings
from app.core.clock import SystemClock
from app.core.errors import ConfigError, VenueError
from app.core.events import ScalperRead
from app.core.record import Answer, Kind, Record, Request
from app.engine.evaluation import TapeEvaluation, TimedAnswer, evaluation_settings
from app.engine.evaluation_model import ModelAnswers
from app.engine.evaluation_report import rules_report, source_reports
from app.engine.protocol import SetRecording, StartJob
from app.engine.tape_run import settings_of
from app.feeds.tape.format import Session
from app.feeds.tape.importers import open_recording
from app.feeds.tape.recording import Recording
from app.scalper.reply import Reply, encode_reply

GOOD: dict[str, Any] = {
    "momentum": 72, "pressure": 68, "continuation": 60, "freshness": "FRESH", "action": "LONG", "confidence": 6,
    "sentence": "Buyers lift every offer.",
}  # fmt: skip
SECONDS = 150.0


class Scripted:
    """Answers by what it is asked about. Latencies are whole steps of the simulated venue."""

    def __init__(self, content: str | None = None, *, status: int = 200, seconds: float = 1.5) -> None:
        self.content, self.status, self.seconds = content, status, seconds
        self.asked: list[Request] = []
        self.under_way = False

    async def answer(self, request: Request) -> TimedAnswer:
        assert not self.under_way
        self.under_way = True
        await asyncio.sleep(0)
        self.under_way = False
        self.asked.append(request)
        if self.status != 200:
            return TimedAnswer(Answer(request.request_id, self.status, b"", "Ollama is busy"), self.seconds)
        told = {**GOOD, "momentum": len(request.body) % 101, "continuation": 40 + len(self.asked) % 30}
        content = json.dumps(told) if self.content is None else self.content
        body = encode_reply(Reply(content=content, model="mistral", digest="abc"))
        return TimedAnswer(Answer(request.request_id, 200, body), self.seconds)


class Altered:
    """A recording with other records."""

    def __init__(self, recording: Recording, records: list[Record]) -> None:
        self._recording, self._records = recording, records
        self.form, self.damage = "list", ""
        self.start_ns, self.end_ns = recording.start_ns, recording.end_ns

    @property
    def session(self) -> Session:
        return self._recording.session

    def records(self) -> Iterator[Record]:
        return iter(self._records)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[ScalperRead]]:
    """A simulated market that a model has read, and its reads."""
    path = tmp_path_factory.mktemp("tapes") / "read.tape"
    demo = VirtualDemo(3, path, answers=Scripted())
    reads: list[ScalperRead] = []
    demo.core.journal.keep = lambda event: reads.append(event) if isinstance(event, ScalperRead) else None

    async def record() -> None:
        with demo.writer:
            await demo.advance(SECONDS)

    asyncio.run(record())
    assert len(reads) > 20
    return path, reads


def as_recorded(recording: Recording) -> TapeEvaluation:
    settings = settings_of(recording)
    assert settings is not None
    played = TapeEvaluation(recording, settings)
    asyncio.run(played.play())
    return played


def asked_anew(recording: Recording, answers: Scripted, **scalper: Any) -> TapeEvaluation:
    own = Settings(scalper=ScalperSettings(**scalper))
    settings = evaluation_settings(settings_of(recording), own, "mistral")
    played = TapeEvaluation(recording, settings, answers)
    asyncio.run(played.play())
    return played


def grades(played: TapeEvaluation) -> list[tuple[str, int, str, int, float, float | None]]:
    """What became of the model's calls, without the numbers of inputs that ids are made of."""
    own = [pair for pair in played.decided if pair[0].claimant.startswith("ai ")]
    assert own
    return [
        (call.kind, call.horizon_s, call.subject, call.available_at_ms, call.probability, outcome.edge_bps)
        for call, outcome in own
    ]


def record(like: Record, kind: Kind, payload: msgspec.Struct) -> Record:
    return msgspec.structs.replace(like, kind=kind, stream=0, payload=msgspec.msgpack.encode(payload))


def test_what_is_on_the_tape_comes_out_as_it_was(recorded: tuple[Path, list[ScalperRead]]) -> None:
    path, reads = recorded
    played = as_recorded(open_recording(path))
    assert played.reads == reads
    assert [each.outcome for each in played.asked] == ["read"] * len(reads)
    assert {each.at_ms - each.asked_ms for each in played.asked} == {1_500}
    assert {each.model for each in played.asked} == {"mistral"}


def test_the_same_answers_after_the_same_time_are_the_same_reads(recorded: tuple[Path, list[ScalperRead]]) -> None:
    path, reads = recorded
    again = asked_anew(open_recording(path), Scripted())
    assert again.reads == reads
    assert grades(again) == grades(as_recorded(open_recording(path)))


def test_asking_anew_depends_on_nothing_but_tape_and_answers(recorded: tuple[Path, list[ScalperRead]]) -> None:
    first, second = (asked_anew(open_recording(recorded[0]), Scripted(seconds=0.8)) for _ in range(2))
    assert first.asked == second.asked
    assert first.decided == second.decided
    assert first.core.journal.log_sha256 == second.core.journal.log_sha256


def test_a_slower_model_reads_less(recorded: tuple[Path, list[ScalperRead]]) -> None:
    fast, slow = (asked_anew(open_recording(recorded[0]), Scripted(seconds=each)) for each in (0.5, 2.9))
    assert len(slow.reads) < len(fast.reads)
    for played in (fast, slow):
        spans = [(each.asked_ms, each.at_ms) for each in played.asked]
        assert all(before[1] <= after[0] for before, after in pairwise(spans))


def test_commands_and_old_answers_change_nothing(recorded: tuple[Path, list[ScalperRead]]) -> None:
    recording = open_recording(recorded[0])
    records = list(recording.records())
    middle = len(records) // 2
    old = Request(9_999, "ollama", "read", b"what was asked then", "BTC", "by hand")
    late = Answer(9_999, 200, b"what was answered then")
    extra = [
        record(records[middle], Kind.COMMAND, StartJob("read", "ETH")),
        record(records[middle], Kind.COMMAND, SetRecording(True)),
        record(records[middle], Kind.REQUEST, old),
        record(records[middle], Kind.ANSWER, late),
    ]
    altered = Altered(recording, [*records[:middle], *extra, *records[middle:]])
    assert asked_anew(altered, Scripted()).asked == asked_anew(recording, Scripted()).asked


def test_a_recording_without_a_list_of_markets_is_read_too(recorded: tuple[Path, list[ScalperRead]]) -> None:
    recording = open_recording(recorded[0])
    kept = [each for each in recording.records() if each.kind not in (Kind.REQUEST, Kind.ANSWER)]
    played = asked_anew(Altered(recording, kept), Scripted())
    assert {each.coin for each in played.asked} == {"BTC", "ETH", "SOL"}


@pytest.mark.parametrize(
    ("answers", "outcome", "why"),
    [
        (Scripted("I would buy."), "not a read", "not a read"),
        (Scripted(json.dumps({**GOOD, "momentum": 140})), "not a read", "not a read"),
        (Scripted(status=503), "not answered", "Ollama is busy"),
        (Scripted(status=0, seconds=3.0), "late", "Ollama is busy"),
        (Scripted(seconds=4.5), "late", "the answer came after 4.5 s"),
    ],
)
def test_what_is_no_read_is_counted_by_what_was_wrong(
    recorded: tuple[Path, list[ScalperRead]], answers: Scripted, outcome: str, why: str
) -> None:
    played = asked_anew(open_recording(recorded[0]), answers)
    assert {each.outcome for each in played.asked} == {outcome}
    (report,) = source_reports(played, "asked")
    assert report.questions is not None
    assert (report.questions.reads, report.questions.no_reads[outcome]) == (0, report.questions.asked)
    assert report.questions.parse_failures == (report.questions.asked if outcome == "not a read" else 0)
    assert all(reason.startswith(why) for reason in report.questions.reasons)
    assert (report.label, report.claims, report.against_rules) == ("AI mistral (asked)", (), ())


def test_a_report_sets_the_rules_beside_each_model(recorded: tuple[Path, list[ScalperRead]]) -> None:
    path, reads = recorded
    played = as_recorded(open_recording(path))
    ai, rules = source_reports(played, "recorded")
    assert (ai.by, ai.label, rules.by, rules.label) == (
        "ai", "AI mistral (recorded)", "rules", "RULES beside AI mistral (recorded)",
    )  # fmt: skip
    assert rules.questions is None
    assert ai.questions is not None
    assert (ai.questions.asked, ai.questions.reads, ai.questions.parse_failures) == (len(reads), len(reads), 0)
    assert (ai.questions.latency_ms_p50, ai.questions.latency_ms_p95) == (1_500, 1_500)
    assert {claimed.card.claimant for claimed in ai.claims} == {"ai mistral"}
    assert {claimed.card.claimant for claimed in rules.claims} == {"rules"}
    by_kind = {(each.kind, each.horizon_s): each for each in ai.against_rules}
    for claimed in ai.claims:
        compared = by_kind.get((claimed.card.kind, claimed.card.horizon_s))
        assert (compared is None) == (claimed.card.n_graded == 0)
        if compared is not None:
            assert compared.n + compared.without_twin == claimed.card.n_graded
            assert claimed.too_few


def test_a_tape_that_nobody_read_shows_the_rules_by_themselves(tmp_path: Path) -> None:
    demo = VirtualDemo(3, tmp_path / "unread.tape")

    async def play() -> None:
        with demo.writer:
            await demo.advance(SECONDS)

    asyncio.run(play())
    played = as_recorded(open_recording(tmp_path / "unread.tape"))
    assert source_reports(played, "recorded") == []
    report = rules_report(played)
    assert (report.by, report.how, report.label) == ("rules", "own", "RULES")
    assert [claimed.card.horizon_s for claimed in report.claims] == [60]


def test_failures_belong_to_the_version_that_was_read_before(recorded: tuple[Path, list[ScalperRead]]) -> None:
    played = as_recorded(open_recording(recorded[0]))
    failed = msgspec.structs.replace(played.asked[0], outcome="late", version="", why="late")
    other = [msgspec.structs.replace(each, version="other") for each in played.asked]
    played.asked = [failed, *played.asked, failed, *other, failed, failed]
    asked = {
        report.version: report.questions.no_reads["late"]
        for report in source_reports(played, "recorded")
        if report.questions is not None
    }
    assert list(asked.values()) == [2, 2]
    assert list(asked)[1] == "other"


@pytest.mark.asyncio
async def test_a_model_is_loaded_first_and_answers_then() -> None:
    async with serving("schema") as server:
        settings = ScalperSettings(url=server.url)
        answers = ModelAnswers(settings, CostsSettings(), SystemClock())
        await answers.open()
        assert server.questions == []
        answer, seconds = await answers.answer(question(settings))
        await answers.close()
    assert (answer.request_id, answer.status) == (7, 200)
    assert 0 < seconds < settings.deadline_s
    assert len(server.questions) == 1


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("script", "status", "why"), [("hang", 0, "mistral did not answer within 0.3 s"), ("busy", 503, "Ollama is busy")]
)
async def test_what_the_server_does_wrong_is_an_answer(script: str, status: int, why: str) -> None:
    async with serving(script) as server:
        settings = ScalperSettings(url=server.url, deadline_s=0.3, target_s=0.2)
        answers = ModelAnswers(settings, CostsSettings(), SystemClock())
        await answers.open()
        answer, _ = await answers.answer(question(settings))
        await answers.close()
    assert answer.status == status
    assert answer.error.startswith(why)


@pytest.mark.asyncio
async def test_a_model_that_cannot_be_asked_says_why() -> None:
    async with serving("schema", models=("llama3.2:3b",)) as server:
        answers = ModelAnswers(ScalperSettings(url=server.url), CostsSettings(), SystemClock())
        with pytest.raises(VenueError, match="Ollama has no model mistral; get it with `ollama pull mistral`"):
            await answers.open()
        await answers.close()
    with pytest.raises(VenueError, match="Ollama does not run"):
        await answers.open()
    await answers.close()
    remote = msgspec.structs.replace(ScalperSettings(), url="http://192.0.2.1:11434")
    with pytest.raises(ConfigError, match="allow_remote"):
        ModelAnswers(remote, CostsSettings(), SystemClock())


def question(settings: ScalperSettings) -> Request:
    body = {
        "model": settings.model,
        "messages": [{"role": "system", "content": "You scalp."}, {"role": "user", "content": "THIS MINUTE: price 1."}],
        "keep_alive": "30m",
        "options": {"temperature": 0, "num_predict": 160},
        "format": {"type": "object"},
    }
    return Request(7, "ollama", "read", json.dumps(body).encode(), "BTC", "periodic")
