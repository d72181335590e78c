"""`tapedeck eval scalper`: what it prints, and what it refuses to say."""

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ollama_server import OllamaServer

from app.bench.demo_tape import VirtualDemo, record_demo
from app.bench.model_server import scripted_answer
from app.cli.main import main
from app.core.record import Answer, Request
from app.engine.evaluation import TimedAnswer
from app.scalper.question import question_of
from app.scalper.reply import Reply, encode_reply

SECONDS = 110.0


class Scripted:
    """Answers by the bytes of the question; every seventh answer is none."""

    def __init__(self) -> None:
        self.asked = 0

    async def answer(self, request: Request) -> TimedAnswer:
        self.asked += 1
        told = json.dumps(scripted_answer(question_of(request.body).variable, self.asked))
        content = "I would buy." if self.asked % 7 == 0 else told
        return TimedAnswer(Answer(request.request_id, 200, encode_reply(Reply(content=content))), 1.5)


@pytest.fixture(scope="module")
def read_tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated market that a model has read."""
    path = tmp_path_factory.mktemp("tapes") / "read.tape"
    demo = VirtualDemo(3, path, answers=Scripted())

    async def play() -> None:
        with demo.writer:
            await demo.advance(SECONDS)

    asyncio.run(play())
    return path


@pytest.fixture(scope="module")
def unread_tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tapes") / "unread.tape"
    asyncio.run(record_demo(path, coins=3, seconds=SECONDS))
    return path


@pytest.fixture
def ollama() -> Iterator[str]:
    """A scripted model server in a loop of its own: the command has one, too."""
    server, ready, done = OllamaServer("schema"), threading.Event(), threading.Event()

    async def serve() -> None:
        await server.start()
        ready.set()
        await asyncio.to_thread(done.wait)
        await server.stop()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert ready.wait(20)
    yield server.url
    done.set()
    thread.join()


def printed(capsys: pytest.CaptureFixture[str], *words: str | Path, code: int = 0) -> dict[str, Any]:
    assert main(["eval", "scalper", *map(str, words), "--json"]) == code
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_json_has_the_recorded_model_and_the_rules_beside_it(
    read_tape: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = printed(capsys, "--tape", read_tape)
    assert list(told)[:3] == ["schema_version", "tape", "data"]
    assert [(source["by"], source["how"]) for source in told["sources"]] == [("ai", "recorded"), ("rules", "twins")]
    ai, rules = told["sources"]
    asking = ai["questions"]
    assert asking["asked"] == asking["reads"] + sum(asking["no_reads"].values())
    assert asking["parse_failures"] == asking["no_reads"]["not a read"] > 0
    assert asking["latency_ms_p50"] == 1_500
    assert rules["questions"] is None
    assert {each["kind"] for each in ai["against_rules"]} <= {"continuation", "action", "conflict"}
    assert told["costs_bps"] == 10.0


def test_no_rate_stands_without_its_n_and_no_skill_is_claimed_of_a_minute(
    read_tape: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = printed(capsys, "--tape", read_tape)
    for source in told["sources"]:
        for claimed in source["claims"]:
            card = claimed["card"]
            assert card["n_graded"] + card["n_ungraded"] == card["n"]
            assert claimed["too_few"].startswith("too few")
            assert card["skill"]["low"] is None
        for compared in source["against_rules"]:
            assert compared["brier_words"] in ("too few", "not measurable")


def test_the_table_says_that_the_sample_is_too_small(read_tape: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "scalper", "--tape", str(read_tape)]) == 0
    out = capsys.readouterr().out
    assert out.startswith(
        "read.tape: TAPE 2026-09-21, simulated, seed 7, 1 min 50 s; a round trip costs 10 bp (fees and slippage)"
    )
    assert "AI scripted" not in out
    assert "RULES beside AI mistral (recorded)" in out
    assert "AI mistral (recorded): the sample is too small to say anything about" in out
    assert "without a read: not a read" in out
    assert " above " not in out.replace("above zero", "")


def test_a_tape_nobody_read_shows_the_rules_and_says_how_to_ask(
    unread_tape: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["eval", "scalper", "--tape", str(unread_tape)]) == 0
    captured = capsys.readouterr()
    assert "RULES\tcontinuation\t60 s" in captured.out
    assert "AI" not in captured.out.replace("AI against rules", "")
    assert captured.err == "The recording holds no reads of a model; --model asks one about it.\n"


def test_a_model_is_asked_now(unread_tape: Path, ollama: str, capsys: pytest.CaptureFixture[str]) -> None:
    told = printed(capsys, "--tape", unread_tape, "--model", "mistral", "--set", f"scalper.url={ollama}")
    ai, rules = told["sources"]
    assert (ai["label"], rules["label"]) == ("AI mistral (asked)", "RULES beside AI mistral (asked)")
    assert ai["questions"]["reads"] == ai["questions"]["asked"] > 10
    assert 0 < ai["questions"]["latency_ms_p50"] < 3_000
    assert set(ai["questions"]["triggers"]) <= {"large trade", "periodic", "price move"}


def test_a_model_that_is_not_there_is_named_and_the_rest_is_shown(
    read_tape: Path, ollama: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--tape", str(read_tape), "--model", "nosuch", "--set", f"scalper.url={ollama}"]
    assert main(["eval", "scalper", *words, "--json"]) == 6
    captured = capsys.readouterr()
    told = json.loads(captured.out)
    assert told["sources"][0]["label"] == "AI mistral (recorded)"
    assert "ollama pull nosuch" in told["failed"]["nosuch"]
    assert captured.err.startswith("error: nosuch was not judged: Ollama has no model nosuch")


def test_no_server_is_a_partial_result(unread_tape: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--tape", str(unread_tape), "--model", "mistral", "--set", "scalper.url=http://127.0.0.1:9"]
    assert main(["eval", "scalper", *words, "--quiet"]) == 6
    assert "Ollama does not run at http://127.0.0.1:9" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["scalper"], 2, "--tape"),
        ([], 2, "WHAT"),
        (["scalper", "--tape", "missing.tape"], 5, "missing.tape"),
    ],
)
def test_words_that_do_not_fit(words: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", *words]) == code
    assert said in capsys.readouterr().err
