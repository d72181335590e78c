"""Every question ends in one answer, whatever the model server does. The server is a real one on loopback, scripted."""

import asyncio
import json
import subprocess
import sys
import tracemalloc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import numpy as np
import pytest
from ollama_server import serving
from windows import prices, trade, window

from app.config.settings import CostsSettings, ScalperSettings
from app.core.clock import Clock, ManualClock, SystemClock
from app.core.errors import FrameError
from app.core.record import Answer, Connected, Dropped, Kind, Request
from app.feeds.inbox import Inbox
from app.scalper.answer import ScalperAnswer, parse_answer
from app.scalper.description import Description, describe
from app.scalper.interpreter import Interpreter
from app.scalper.interpreter_view import InterpreterState
from app.scalper.question import ask, minute_text
from app.scalper.reply import Reply, reply_of

pytestmark = pytest.mark.asyncio
PATIENCE_S = 60
CANARY = "sk-canary-1234"


def question(settings: ScalperSettings, rise: float = 0.1) -> bytes:
    """A question about a minute that rose by so many percent."""
    moved = window(
        prices=prices(100.0, 100.0 + rise / 2, 100.0 + rise),
        trades=tuple(trade(1.0 + rise * place, "BA"[place % 2], 30 - place, number=place + 1) for place in range(12)),
    )
    said = describe(moved, settings)
    assert isinstance(said, Description)
    return ask(said, settings, CostsSettings())


class Desk:
    """Asks as the engine does, and takes what comes back."""

    def __init__(self, settings: ScalperSettings, clock: Clock) -> None:
        self.settings = settings
        self.inbox = Inbox(clock)
        self.interpreter = Interpreter(settings, CostsSettings(), self.inbox, clock, np.random.default_rng(7))
        self.log: list[tuple[str, int]] = []
        self.news: list[str] = []
        self._answers: dict[int, Answer] = {}
        self._asked = 0

    @property
    def state(self) -> InterpreterState:
        return self.interpreter.view().state

    @property
    def is_free(self) -> bool:
        """Whether a question would be asked."""
        return not self.interpreter.view().doing

    def put(self, rise: float = 0.1) -> int:
        """Ask, without waiting for the answer; gives the request's number."""
        self._asked += 1
        body = question(self.settings, rise)
        self.interpreter.request(Request(self._asked, "ollama", "chat", body, "BTC", "periodic"))
        return self._asked

    async def answer(self, request_id: int) -> Answer:
        """The answer to a request. No request has two."""
        async with asyncio.timeout(PATIENCE_S):
            while request_id not in self._answers:
                self._take(await self.inbox.fetch())
        return self._answers[request_id]

    async def ask(self, rise: float = 0.1) -> Answer:
        return await self.answer(self.put(rise))

    async def recover(self) -> None:
        """Ask until there is an answer: a deadline that is short for a test may be too short for a busy machine."""
        async with asyncio.timeout(PATIENCE_S):
            while (await self.ask()).status != 200:
                await until(lambda: self.is_free)

    async def read(self, rise: float = 0.1) -> ScalperAnswer:
        """A question that is answered, as a read."""
        return parse_answer(self.reply(await self.ask(rise)).content, in_position=False)

    def reply(self, answer: Answer) -> Reply:
        assert (answer.status, answer.error) == (200, "")
        return reply_of(answer.body)

    async def until(self, state: InterpreterState) -> None:
        await until(lambda: self.state == state)

    def _take(self, arrivals: list[Any]) -> None:
        for arrival in arrivals:
            if arrival.kind == Kind.REQUEST:
                self.log.append(("asked", msgspec.msgpack.decode(arrival.payload, type=Request).request_id))
            elif arrival.kind in (Kind.CONNECT, Kind.DROP):
                self.news.append(_news(arrival))
            else:
                answer = msgspec.msgpack.decode(arrival.payload, type=Answer)
                assert answer.request_id not in self._answers
                self._answers[answer.request_id] = answer
                self.log.append(("answered", answer.request_id))


def _news(arrival: Any) -> str:
    """What the engine is told: nothing when questions are taken, else why they are not."""
    if arrival.kind == Kind.CONNECT:
        assert msgspec.msgpack.decode(arrival.payload, type=Connected).connection == "model"
        return ""
    dropped = msgspec.msgpack.decode(arrival.payload, type=Dropped)
    assert dropped.connection == "model"
    return dropped.reason


def is_of_server(task: asyncio.Task[Any]) -> bool:
    """Whether a task belongs to the server of the test."""
    return "RequestHandler" in repr(task.get_coro())


async def until(holds: Callable[[], bool]) -> None:
    """Let everything work until something holds."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110 - what is waited for happens on the other side of a socket
            await asyncio.sleep(0.002)


@asynccontextmanager
async def working(
    url: str, state: InterpreterState = "ready", clock: Clock | None = None, **changes: Any
) -> AsyncIterator[Desk]:
    """An interpreter at work, once it has come to `state`. Afterwards no task of its own is left."""
    fields: dict[str, Any] = {"url": url, "deadline_s": 5.0, **changes}
    before = asyncio.all_tasks()
    desk = Desk(ScalperSettings(**fields), clock or SystemClock())
    worker = asyncio.create_task(desk.interpreter.run())
    try:
        await desk.until(state)
        yield desk
    finally:
        worker.cancel()
        await asyncio.wait([worker])
        if not worker.cancelled():
            worker.result()
    left = [task for task in asyncio.all_tasks() - before if not is_of_server(task)]
    assert left == []


async def test_a_question_is_answered_with_what_the_model_said_and_measured() -> None:
    async with serving() as server, working(server.url) as desk:
        reply = desk.reply(await desk.ask())
        view = desk.interpreter.view()
        assert desk.log == [("asked", 1), ("answered", 1)]
    assert parse_answer(reply.content, in_position=False).sentence.endswith("+0.10 %.")
    assert (reply.model, reply.done_reason, reply.load_ms, reply.prompt_ms) == ("mistral", "stop", 2.5, 90.0)
    assert reply.prompt_tokens > 0
    assert reply.answer_ms == 4.0 * reply.answer_tokens > 0
    assert (view.model, view.digest, view.message) == ("mistral", reply.digest, "")
    assert len(reply.digest) == 64
    assert (view.asked, view.answered, view.failed, view.not_sent) == (1, 1, 0, 0)
    assert view.load_s is not None


async def test_answers_vary_with_what_is_asked_and_are_the_same_for_the_same() -> None:
    async with serving() as server, working(server.url) as desk:
        strong, weak, again = await desk.read(0.2), await desk.read(0.03), await desk.read(0.2)
    assert strong == again
    assert strong.momentum > weak.momentum


async def test_lines_are_read_too() -> None:
    async with serving("schema", "lines") as server, working(server.url) as desk:
        assert await desk.read() == await desk.read()


async def test_what_a_model_says_may_hold_anything_and_is_cleaned_where_it_is_read() -> None:
    async with serving("injected") as server, working(server.url) as desk:
        said = (await desk.read()).sentence
    assert said.isprintable()
    assert said.startswith("Ignore all rules")


@pytest.mark.parametrize("script", ["not_json", "out_of_range", "cut", "surrogate"])
async def test_a_whole_reply_that_is_no_read(script: str) -> None:
    async with serving(script, "schema") as server, working(server.url) as desk:
        answer = await desk.ask()
        if script == "surrogate":
            assert answer.status in (0, 200)
        else:
            assert answer.status == 200
        if answer.status == 200:
            with pytest.raises(FrameError):
                parse_answer(reply_of(answer.body).content, in_position=False)
        await desk.read()


async def test_measurements_that_cannot_be_are_left_out() -> None:
    async with serving("absurd_numbers") as server, working(server.url) as desk:
        reply = desk.reply(await desk.ask())
    assert (reply.answer_tokens, reply.load_ms, reply.prompt_tokens) == (0, 0.0, 0)


FAILURES = {
    "no_model": (404, "Ollama has no model mistral; get it with `ollama pull mistral`"),
    "busy": (503, "Ollama is busy (503: server busy"),
    "broken": (500, "Ollama failed (500: llama runner process has terminated"),
    "bad_request": (400, "Ollama refused the question (400: invalid format)"),
    "list_error": (0, "sent an answer that cannot be read"),
    "elsewhere": (307, "redirects elsewhere (307); set scalper.url"),
    "error_midway": (0, "Ollama broke off its answer (an error was encountered while running the model)"),
    "cut_midway": (0, "the connection to Ollama broke"),
    "no_end": (0, "Ollama ended its answer before it was done"),
    "long_line": (0, "Ollama sent more than 64 KiB for one answer"),
    "crumbs": (0, "Ollama sent more than 1000 objects for one answer"),
    "flood": (0, "mistral did not stop after 8192 characters"),
    "continues": (0, "Ollama sent more than 256 KiB of HTTP for one answer"),
    "compressed": (0, "Ollama's answer is compressed"),
    "invalid_json": (0, "sent an answer that cannot be read"),
    "deep_json": (0, "sent an answer that cannot be read"),
    "list_line": (0, "sent an answer that cannot be read"),
    "html": (0, "sent an answer that cannot be read"),
}


@pytest.mark.parametrize("script", FAILURES)
async def test_a_failure_is_an_answer_in_plain_words_and_the_next_question_is_asked(script: str) -> None:
    async with serving(script, "schema") as server, working(server.url) as desk:
        answer = await desk.ask()
        view = desk.interpreter.view()
        await desk.read()
        after = desk.interpreter.view()
        assert server.most_under_way == 1
    status, words = FAILURES[script]
    assert (answer.status, answer.body) == (status, b"")
    assert words in answer.error
    assert answer.error == view.message
    assert (view.failed, view.answered, view.timeouts) == (1, 0, 0)
    assert (after.failed, after.answered, after.message, after.state) == (1, 1, "", "ready")


@pytest.mark.parametrize("script", ["hang", "hang_midway", "drip"])
async def test_the_deadline_holds_and_the_server_is_told(script: str) -> None:
    async with serving(script, "schema") as server, working(server.url, deadline_s=0.3) as desk:
        answer = await desk.ask()
        assert answer.error.startswith("mistral did not answer within 0.3 s")
        await until(lambda: server.given_up == 1 and desk.is_free)
        view = desk.interpreter.view()
        await desk.recover()
    assert (view.timeouts, view.failed, view.answered) == (1, 1, 0)
    assert view.message == "mistral did not answer within 0.3 s"


async def test_one_question_is_under_way_at_most() -> None:
    async with serving("hang") as server, working(server.url) as desk:
        first = desk.put()
        others = [desk.put() for _ in range(9)]
        assert {(await desk.answer(other)).error for other in others} == {"a read is under way"}
        await until(lambda: server.under_way == 1)
        server.play("schema")
        assert (await desk.answer(first)).status == 200
        view = desk.interpreter.view()
        assert (len(server.questions), server.most_under_way) == (1, 1)
    assert (view.asked, view.answered, view.not_sent) == (10, 1, 9)
    assert desk.interpreter.outstanding() == []


async def test_a_question_that_is_withdrawn_is_answered_once_and_stopped() -> None:
    async with serving("hang", "schema") as server, working(server.url) as desk:
        first = desk.put()
        assert [request.request_id for request in desk.interpreter.outstanding()] == [first]
        await until(lambda: server.under_way == 1)
        desk.interpreter.withdraw(first + 1)
        desk.interpreter.withdraw(first)
        desk.interpreter.withdraw(first)
        assert (await desk.answer(first)).error == "no longer wanted"
        await until(lambda: server.given_up == 1)
        await desk.read()
        assert desk.interpreter.view().withdrawn == 1
        assert desk.interpreter.view().timeouts == 0


async def test_many_questions_given_up_use_nothing_up() -> None:
    async with serving("hang") as server, working(server.url) as desk:
        for number in range(1, 31):
            asked = desk.put()
            await until(lambda number=number: len(server.questions) == number)  # type: ignore[misc]
            desk.interpreter.withdraw(asked)
            await until(lambda number=number: server.given_up == number)  # type: ignore[misc]
        server.play("schema")
        await desk.read()
        assert server.connections <= 2


async def test_a_line_of_ten_megabytes_is_not_kept() -> None:
    async with serving("long_line") as server, working(server.url) as desk:
        await desk.ask()
        tracemalloc.start()
        try:
            answer = await desk.ask()
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert "64 KiB" in answer.error
    assert most < 4_000_000


# Nobody there, and back again.


async def test_without_a_server_questions_fail_at_once_and_are_tried_again_after_a_second() -> None:
    clock = ManualClock()
    async with serving() as server:
        pass
    async with working(server.url, "absent", clock) as desk:
        told = f"Ollama does not run at {server.url}; start it with `ollama serve`"
        assert desk.interpreter.view().message == told
        assert (await desk.ask()).error == told
        assert desk.interpreter.view().not_sent == 1
        clock.advance(1.1)
        assert (await desk.ask()).error == told
        assert (desk.interpreter.view().not_sent, desk.interpreter.view().failed) == (1, 1)
        await server.start()
        clock.advance(1.1)
        assert (await desk.ask()).status == 200
        assert desk.state == "ready"
        await server.stop()


async def test_a_server_that_comes_back_is_found_without_a_question() -> None:
    async with serving() as server, working(server.url) as desk:
        await desk.read()
        await server.stop()
        assert (await desk.ask()).status == 0
        assert desk.state == "absent"
        await server.start()
        await desk.until("ready")
        await desk.read()


async def test_a_server_that_is_killed_in_the_middle_and_comes_back_with_other_weights() -> None:
    async with serving("hang") as server, working(server.url) as desk:
        before = desk.interpreter.view().digest
        asked = desk.put()
        await until(lambda: server.under_way == 1)
        await server.stop()
        assert "broke" in (await desk.answer(asked)).error
        server.weights += 1
        server.play("schema")
        await server.start()
        reply = desk.reply(await desk.ask())
        assert reply.digest == desk.interpreter.view().digest != before
        # The engine was told: not yet, ready, gone, ready.
        told = [not news for news in desk.news]
        assert told[-1]
        assert told.count(True) == 2
        assert not told[0]


async def test_a_model_that_was_put_out_of_memory_is_loaded_without_the_deadline() -> None:
    async with serving("cold") as server, working(server.url, deadline_s=0.3) as desk:
        await desk.recover()
        await server.stop()
        await server.start()
        assert (await desk.ask()).error.startswith("mistral did not answer within")
        await until(lambda: bool(server.loaded) and desk.is_free)
        await desk.recover()


async def test_a_question_while_the_model_is_loaded_fails_at_once() -> None:
    async with serving() as server:
        server.warm_up_script = "hang"
        async with working(server.url, "loading") as desk:
            await until(lambda: server.under_way == 1)
            assert (await desk.ask()).error == "mistral is being loaded"
            assert desk.interpreter.view().load_s is not None
            server.warm_up_script = "load"
            server.play("schema")
            await desk.until("ready")
            await desk.read()
        assert server.most_under_way == 1


async def test_a_model_that_is_not_there_is_found_once_it_was_pulled() -> None:
    async with serving(models=["other:latest"]) as server, working(server.url, "no model") as desk:
        told = "Ollama has no model mistral; get it with `ollama pull mistral`"
        assert desk.interpreter.view().message == told
        assert await desk.ask() == Answer(1, 404, b"", told)
        server.models.append("mistral:latest")
        assert (await desk.ask()).status == 200
        assert desk.interpreter.view().digest


@pytest.mark.parametrize("script", ["busy", "broken", "html", "error_midway", "flood"])
async def test_a_model_that_cannot_be_loaded_is_tried_again(script: str) -> None:
    async with serving() as server:
        server.warm_up_script = script
        async with working(server.url, "failing") as desk:
            assert desk.interpreter.view().message
            server.warm_up_script = "load"
            await desk.until("ready")
            assert desk.interpreter.view().message == ""


# Too slow.


async def test_a_model_too_slow_for_the_deadline_is_named_with_its_measured_seconds_and_a_smaller_one() -> None:
    async with serving() as server, working(server.url, deadline_s=0.3) as desk:
        server.delay_s = 0.6
        for _ in range(3):
            await until(lambda: server.under_way == 0 and desk.is_free)
            answer = await desk.ask()
            assert answer.error.startswith("mistral did not answer within")
        # What a question meets while the time is measured.
        await until(lambda: "measured" in desk.interpreter.view().doing)
        assert "its time is being measured" in (await desk.ask()).error
        await until(lambda: desk.interpreter.view().measured_s is not None)
        view = desk.interpreter.view()
        assert server.most_under_way == 1
    assert view.measured_s is not None
    assert view.measured_s > 0.3
    assert view.message.startswith(f"mistral takes {view.measured_s:.1f} s a read, the deadline is 0.3 s")
    assert "`ollama pull llama3.2:3b`" in view.message


async def test_reads_come_before_a_probe_that_has_had_its_time() -> None:
    clock = ManualClock()
    async with serving(*["hang"] * 4, "schema") as server, working(server.url, clock=clock, deadline_s=0.3) as desk:
        for _ in range(3):
            await until(lambda: server.under_way == 0 and desk.is_free)
            await desk.ask()
        await until(lambda: server.under_way == 1 and "measured" in desk.interpreter.view().doing)
        assert "is being measured" in (await desk.ask()).error
        assert not desk.is_free
        clock.advance(12.5)
        await desk.recover()
        assert server.given_up >= 4


# What goes out, and where to.


async def test_what_is_constant_comes_first_and_is_the_same_byte_for_byte() -> None:
    async with serving() as server, working(server.url) as desk:
        await desk.read(0.2)
        await desk.read(0.01)
        loading, first, second = (seen for seen in server.seen if seen.path == "/api/chat")
    starts = [seen.raw[: seen.raw.index(b'"role":"user"')] for seen in (first, second)]
    assert starts[0] == starts[1]
    assert len(starts[0]) > len(first.raw) / 2
    assert first.raw != second.raw
    assert loading.body["messages"][0] == first.body["messages"][0]
    # What a server would load the model anew for.
    assert loading.body["options"] | {"num_predict": 0} == first.body["options"] | {"num_predict": 0}
    assert loading.body["keep_alive"] == first.body["keep_alive"]


async def test_what_is_sent_is_what_was_asked() -> None:
    settings = ScalperSettings()
    said = describe(window(), settings)
    assert isinstance(said, Description)
    async with serving() as server, working(server.url) as desk:
        desk.interpreter.request(Request(1, "ollama", "chat", ask(said, settings, CostsSettings()), "BTC", "periodic"))
        await desk.answer(1)
        (seen,) = server.questions
    asked = json.loads(ask(said, settings, CostsSettings()))
    assert seen.body["messages"][-1]["content"] == minute_text(said)
    sent = {name: value for name, value in asked.items() if name not in ("in_position", "direction")}
    assert seen.body == sent | {"tools": []}


async def test_no_key_leaves_and_the_environment_leads_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_API_KEY", CANARY)
    monkeypatch.setenv("OLLAMA_HOST", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    async with serving() as server, working(server.url) as desk:
        await desk.read()
        seen = server.seen
    assert {each.path for each in seen} == {"/api/tags", "/api/chat"}
    assert all("authorization" not in each.headers for each in seen)
    assert CANARY not in repr(seen)


@pytest.mark.parametrize("changes", [{"url": "http://198.51.100.7:11434"}, {"enabled": False}])
async def test_a_server_that_may_not_be_asked_is_not(changes: dict[str, Any]) -> None:
    desk = Desk(ScalperSettings(**changes), ManualClock())
    await desk.interpreter.run()
    view = desk.interpreter.view()
    assert view.state == ("off" if "enabled" in changes else "refused")
    assert ("scalper.enabled" if "enabled" in changes else "scalper.allow_remote") in view.message
    assert (await desk.ask()).error == view.message
    assert desk.interpreter.view().not_sent == 1


async def test_a_question_before_there_is_a_client_fails_at_once() -> None:
    desk = Desk(ScalperSettings(), ManualClock())
    assert (await desk.ask()).error == "the model's client is starting"


async def test_a_client_that_cannot_be_made_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: ScalperSettings, __: CostsSettings) -> None:
        raise ImportError("no module named httpx")

    monkeypatch.setattr("app.scalper.interpreter.open_model", fails)
    desk = Desk(ScalperSettings(), ManualClock())
    with pytest.raises(ImportError):
        await desk.interpreter.run()
    assert desk.state == "failing"
    assert "no module named httpx" in desk.interpreter.view().message
    assert (await desk.ask()).error == desk.interpreter.view().message


async def test_a_question_that_cannot_be_read_fails() -> None:
    async with serving() as server, working(server.url) as desk:
        desk.interpreter.request(Request(1, "ollama", "chat", b"{}", "BTC", "periodic"))
        assert "was not made by tapedeck" in (await desk.answer(1)).error
        assert not server.questions


async def test_the_end_in_the_middle_of_a_question_leaves_nothing_behind() -> None:
    async with serving("hang") as server:
        async with working(server.url) as desk:
            asked = desk.put()
            await until(lambda: server.under_way == 1)
        assert (await desk.answer(asked)).error == "the engine has stopped asking"
        await until(lambda: server.given_up == 1 and server.connections == 0)


async def test_the_end_while_the_model_is_loaded_leaves_nothing_behind() -> None:
    async with serving() as server:
        server.warm_up_script = "hang"
        async with working(server.url, "loading"):
            await until(lambda: server.under_way == 1)
        await until(lambda: server.given_up == 1 and server.connections == 0)


async def test_it_can_be_run_again() -> None:
    async with serving() as server:
        desk = Desk(ScalperSettings(url=server.url), SystemClock())
        for _ in range(2):
            worker = asyncio.create_task(desk.interpreter.run())
            await desk.until("ready")
            await desk.read()
            worker.cancel()
            await asyncio.wait([worker])


async def test_the_client_is_not_imported_before_it_is_used() -> None:
    code = (
        "import sys, app.scalper.interpreter; sys.exit(any(m in sys.modules for m in ('ollama', 'httpx', 'pydantic')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: ASYNC221 - nothing waits


async def test_the_other_paths_of_the_scripted_server() -> None:
    import ollama

    async with serving() as server:
        client = ollama.AsyncClient(host=server.url, trust_env=False)
        assert (await client.show("mistral")).details is not None
        assert (await client.ps()).models == []
        await client.chat("mistral", [])
        assert [each.model for each in (await client.ps()).models] == ["mistral:latest"]
        with pytest.raises(ollama.ResponseError, match="not found"):
            await client.show("none")
        await client.close()  # type: ignore[no-untyped-call]
