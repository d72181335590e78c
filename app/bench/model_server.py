"""A scripted model server on loopback that speaks as much of Ollama's HTTP API as the deck uses.

It reads nothing and knows nothing: its answers are made from the bytes of the question, so that the same question gets
the same answer. Benchmarks measure tapedeck with it, never a model.
"""

import argparse
import asyncio
import contextlib
import hashlib
import json
import os
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

MODEL = "scripted:latest"

HANG, GO_ON = "hang", "go on"
"""What a server of its own process is told on its standard input; `go on` with the number of the next answer."""

Answered = Callable[[int], None]
"""Told the number of each answer, from 1, at the moment it leaves."""


def sentence_mark(number: int) -> str:
    """How the sentence of an answer begins, and that of no other."""
    return f"S{number:06d}."


class ScriptedModel:
    """Answers questions at once, numbered; `answered` is told just before the last bytes of an answer are sent."""

    def __init__(self, answered: Answered = lambda number: None, *, first: int = 1, port: int = 0) -> None:
        """Answers are numbered from `first`; `port` 0 takes a free one."""
        self._answered = answered
        self._port = port
        self._runner: web.AppRunner | None = None
        self.url = ""
        self.questions = first - 1

    async def start(self) -> None:
        """Listen on this machine alone."""
        application = web.Application()
        application.router.add_get("/api/tags", _tags)
        application.router.add_get("/api/ps", _tags)
        application.router.add_post("/api/chat", self._chat)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Listen no more."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body: dict[str, Any] = await request.json()
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        # Whoever asked may have given up while this server hung.
        with contextlib.suppress(ConnectionError):
            await self._answer(request, response, body)
        return response

    async def _answer(self, request: web.Request, response: web.StreamResponse, body: dict[str, Any]) -> None:
        await response.prepare(request)
        if "format" in body:
            self.questions += 1
            text = json.dumps(scripted_answer(body["messages"][-1]["content"], self.questions))
            self._answered(self.questions)
        else:
            text = "Ready."
        message = {"role": "assistant", "content": text}
        end = {"model": MODEL, "message": message, "done": True, "done_reason": "stop"}
        await response.write(json.dumps(end).encode() + b"\n")
        await response.write_eof()


def scripted_answer(question: str, number: int) -> dict[str, str | int]:
    """An answer whose numbers follow from the question and whose sentence begins with its mark."""
    digits = hashlib.sha256(question.encode()).digest()
    action = "NONE" if digits[4] % 3 else "LONG" if "price +" in question or digits[4] % 2 else "SHORT"
    return {
        "momentum": digits[0] % 101,
        "pressure": digits[1] % 101,
        "continuation": 30 + digits[2] % 41,
        "freshness": ("FRESH", "DEVELOPING", "EXTENDED", "EXHAUSTED")[digits[3] % 4],
        "action": action,
        "confidence": 1 + digits[5] % 10,
        "sentence": f"{sentence_mark(number)} No model wrote this.",
    }


async def _tags(_: web.Request) -> web.Response:
    listed = {"name": MODEL, "model": MODEL, "digest": "0" * 64, "size": 1, "modified_at": "2026-01-01T00:00:00Z"}
    return web.json_response({"models": [listed]})


@asynccontextmanager
async def scripted_model(answered: Answered = lambda number: None) -> AsyncIterator[ScriptedModel]:
    """A server that listens as long as the block lasts."""
    server = ScriptedModel(answered)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def _serve(port: int, first: int) -> None:
    server, may_go_on = ScriptedModel(first=first, port=port), threading.Event()
    await server.start()
    loop = asyncio.get_running_loop()
    threading.Thread(target=_obey, args=(server, loop, may_go_on), daemon=True).start()
    _say(server.url)
    await asyncio.Event().wait()


def _obey(server: ScriptedModel, loop: asyncio.AbstractEventLoop, may_go_on: threading.Event) -> None:
    """Hang and go on as told, and say when it is done.

    The process ends with its input: a hung server must not outlive its parent either.
    """
    for line in sys.stdin:
        if line.strip() == HANG:
            may_go_on.clear()
            loop.call_soon_threadsafe(_hang, may_go_on)
        elif line.startswith(GO_ON):
            server.questions = int(line.removeprefix(GO_ON)) - 1
            may_go_on.set()
            _say(GO_ON)
    os._exit(0)


def _hang(may_go_on: threading.Event) -> None:
    """The loop itself waits: connections are taken by the system alone, and nobody reads from them."""
    _say(HANG)
    may_go_on.wait()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Serve in a process of its own: `python -m app.bench.model_server --port P --first N`."""
    parser = argparse.ArgumentParser(prog="app.bench.model_server")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--first", type=int, default=1, help="number of the first answer")
    arguments = parser.parse_args()
    asyncio.run(_serve(arguments.port, arguments.first))


if __name__ == "__main__":
    main()
