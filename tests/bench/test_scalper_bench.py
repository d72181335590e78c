"""The figures of `bench scalper` are of real reads: counted, replayed, and within what a read may cost."""

import asyncio
import json
import re
import sys

import aiohttp
import msgspec
import pytest

from app.bench.keys import Keyboard
from app.bench.memory import deep_bytes
from app.bench.model_server import MODEL, scripted_answer, scripted_model, sentence_mark
from app.bench.report import Target, lines
from app.bench.scalper import SCALPER, constant_share, fault_figures, intervals_s, reading_figures
from app.bench.scalper_faults import ModelProcess, UnderFaults
from app.core.clock import SystemClock
from app.core.events import Level, ScalperRead
from app.scalper.answer import parse_answer
from app.scalper.question import Question


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    tape = tmp_path_factory.mktemp("bench") / "demo.tape"
    return asyncio.run(reading_figures(tape, 3, 130.0, SystemClock()))


def test_a_replay_gives_the_same_reads(figures: dict[str, float]) -> None:
    assert figures["replay_identical"] is True
    assert figures["reads"] > 15


def test_tokens_and_windows_are_within_their_bounds(figures: dict[str, float]) -> None:
    judged = {line.figure: line.verdict for line in lines(SCALPER, figures)}
    for figure in ("new_tokens_estimate", "constant_prefix_pct", "window_mb", "replay_identical"):
        assert judged[figure] == "PASS"
    assert 0 < figures["new_tokens_estimate"] < figures["prompt_tokens_estimate"]
    assert figures["overhead_ms_p50"] > 0


def test_every_target_is_of_a_figure(figures: dict[str, float]) -> None:
    painted = {"answer_to_paint_ms_p50", "answer_to_paint_ms_p99", "answers_painted"}
    faults = fault_figures(
        UnderFaults({"good": [1.0], "hung": [2.0], "killed": [3.0]}, {"hung": [4.0], "killed": [5.0]})
    )
    assert set(SCALPER.targets) <= set(figures) | painted | set(faults)


def test_keys_and_recoveries_under_faults_are_summed_up_by_the_worst() -> None:
    keys_ms = {"good": [float(n) for n in range(1, 101)], "hung": [7.0] * 100, "killed": [9.0] * 90}
    figures = fault_figures(UnderFaults(keys_ms, {"hung": [1.0, 2.5], "killed": [8.0, 3.0]}))
    assert (figures["keys_n"], figures["recovery_s_hung"], figures["recovery_s"]) == (90, 2.5, 8.0)
    assert (figures["key_to_paint_ms_p50_good"], figures["key_to_paint_ms_p99_good"]) == (51.0, 100.0)
    judged = {line.figure: (line.target, line.verdict) for line in lines(SCALPER, figures)}
    assert judged["key_to_paint_ms_p99_hung"] == ("<= 150", "PASS")
    assert judged["key_to_paint_ms_p99_good"] == ("<= 25", "FAIL")
    assert (figures["key_to_paint_ms_p99_faults"], judged["key_to_paint_ms_p99_faults"][0]) == (9.0, "<= 37.5")
    assert judged["recovery_s"] == ("<= 12", "PASS")


@pytest.mark.asyncio
async def test_a_scripted_model_hangs_goes_on_dies_and_comes_back_at_its_address() -> None:
    asked = {"model": MODEL, "messages": [{"role": "user", "content": "x"}], "format": {}}

    async def sentence(session: aiohttp.ClientSession) -> str:
        async with session.post(f"{url}/api/chat", json=asked) as answered:
            told = json.loads((await answered.json(content_type=None))["message"]["content"])
            return str(told["sentence"])[:8]

    with ModelProcess() as model:
        url = model.url
        async with aiohttp.ClientSession() as session:
            assert await sentence(session) == "S010000."
            model.hang()
            waiting = asyncio.ensure_future(sentence(session))
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await asyncio.shield(waiting)
            model.go_on()
            assert await waiting == f"S{model.first_number:06d}." == "S020000."
            model.kill()
            with pytest.raises(aiohttp.ClientError):
                await sentence(session)
            await asyncio.to_thread(model.restart)
            assert await sentence(session) == "S030000."
        assert model.url == url


def test_the_scripted_answers_are_reads_and_marked() -> None:
    for number in range(1, 40):
        answer = parse_answer(json.dumps(scripted_answer(f"THIS MINUTE {number}", number)), in_position=False)
        assert answer.sentence.startswith(sentence_mark(number))
    assert scripted_answer("same", 1) == scripted_answer("same", 1)


@pytest.mark.asyncio
async def test_the_scripted_model_speaks_as_ollama_does() -> None:
    left: list[int] = []
    async with scripted_model(left.append) as model, aiohttp.ClientSession() as session:
        async with session.get(f"{model.url}/api/tags") as listed:
            assert (await listed.json())["models"][0]["name"] == MODEL
        asked = {"model": MODEL, "messages": [{"role": "user", "content": "x"}]}
        async with session.post(f"{model.url}/api/chat", json=asked) as loaded:
            assert (await loaded.json(content_type=None))["done"] is True
        async with session.post(f"{model.url}/api/chat", json={**asked, "format": {}}) as answered:
            told = json.loads((await answered.json(content_type=None))["message"]["content"])
    assert left == [1]
    assert told["sentence"].startswith("S000001.")


def read(coin: str, at_ms: int) -> ScalperRead:
    return ScalperRead(
        coin=coin, at_ms=at_ms, asked_ms=at_ms, reason="periodic", model="m", version="v", momentum=1, pressure=1,
        continuation=1, freshness="FRESH", action="NONE", confidence=1, sentence="s", direction=1,
    )  # fmt: skip


def test_intervals_are_of_one_coin() -> None:
    reads = [read("BTC", 1_000), read("ETH", 5_000), read("BTC", 13_000), read("ETH", 18_000), read("BTC", 24_500)]
    assert intervals_s(reads) == [12.0, 13.0, 11.5]


def said(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def test_the_constant_share_is_of_the_longest_question() -> None:
    questions = [
        msgspec.convert({"model": "m", "messages": [said("system", "constant "), said("user", text)]}, Question)
        for text in ("one", "other 12")
    ]
    # "constant o" of the seventeen characters of the longest.
    assert constant_share(questions) == pytest.approx(10 / 17)
    assert constant_share(questions[:1]) == 1.0


def test_bytes_of_a_value_are_those_of_all_it_holds_once() -> None:
    text = "x" * 10_000
    assert 10_000 < deep_bytes([text]) < 10_200
    assert deep_bytes([[text, text]]) < 10_400
    assert deep_bytes([(Level(1.0, 2.0, 3), text)]) > deep_bytes([text])
    assert deep_bytes([int]) == 0


@pytest.mark.parametrize(("figure", "met"), [(9.99, False), (10.0, True), (15.0, True), (15.01, False)])
def test_a_target_may_have_two_ends(figure: float, met: bool) -> None:
    assert Target("<=", 15, least=10).met(figure, {}) is met


def test_a_keyboard_tells_when_each_mark_was_first_shown() -> None:
    script = "print('S000001.'); print('S000002. S000001.', flush=True); import time; time.sleep(30)"
    clock = SystemClock()
    with Keyboard([sys.executable, "-c", script], {}, clock) as keyboard:
        began_ns = clock.monotonic_ns()
        shown: dict[bytes, int] = {}
        while len(shown) < 2:
            shown |= keyboard.first_shown(re.compile(rb"S\d{6}\."), 0.2)
    assert set(shown) == {b"S000001.", b"S000002."}
    assert all(at_ns > began_ns for at_ns in shown.values())
