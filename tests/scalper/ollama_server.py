"""A scripted model server that speaks Ollama's HTTP API, on loopback. What it answers to a question is up to a script.

By hand: `python tests/scalper/ollama_server.py --port 11434 --script schema --delay 0.5`.
"""

import argparse
import asyncio
import hashlib
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from aiohttp import web
from ollama_scripts import SCRIPTS, Body, Exchange, is_warm_up, tagged


class Seen(NamedTuple):
    """A request the server got."""

    path: str
    headers: dict[str, str]
    raw: bytes
    body: Body

    @property
    def is_question(self) -> bool:
        """Whether a read was asked for, rather than loading or a look around."""
        return self.path == "/api/chat" and not is_warm_up(self.body)


class OllamaServer:
    """Answers questions by scripts: `play` names those of the next questions, the last one stays.

    Loading (an empty chat, or one for a single token) has a script of its own. It notes every request, how many
    questions and loads were under way at most, and how many the client gave up.
    """

    def __init__(
        self, *scripts: str, models: Sequence[str] = ("mistral:latest",), delay_s: float = 0.0, port: int = 0
    ) -> None:
        self.models = list(models)
        self.delay_s = delay_s
        self.warm_up_script = "load"
        self.seen: list[Seen] = []
        self.loaded: set[str] = set()
        self.under_way = self.most_under_way = self.given_up = 0
        self.weights = 1
        self._port = port
        self._scripts = list(scripts or ("schema",))
        self._runner: web.AppRunner | None = None
        self._exchanges: set[Exchange] = set()
        self.released = asyncio.Event()

    @property
    def url(self) -> str:
        """Where it listens, or listened."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def questions(self) -> list[Seen]:
        """The reads that were asked for."""
        return [each for each in self.seen if each.is_question]

    @property
    def connections(self) -> int:
        """How many connections are open."""
        server = None if self._runner is None else self._runner.server
        return 0 if server is None else len(server.connections)

    async def start(self) -> None:
        """Listen, on the same port as before when it was started already; no model is loaded."""
        application = web.Application()
        application.router.add_post("/api/chat", self._chat)
        application.router.add_get("/api/tags", self._tags)
        application.router.add_get("/api/ps", self._ps)
        application.router.add_post("/api/show", self._show)
        application.router.add_get("/api/version", self._version)
        self.released = asyncio.Event()
        self.loaded.clear()
        self._runner = web.AppRunner(application, handler_cancellation=True, shutdown_timeout=0.05, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Die: every connection breaks at once."""
        for exchange in self._exchanges:
            exchange.abort()
        self.released.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def play(self, *scripts: str) -> None:
        """Answer the next questions by these scripts, and let go of those that hang."""
        self._scripts = list(scripts)
        self.released.set()
        self.released = asyncio.Event()

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = await self._note(request)
        script = SCRIPTS[self.warm_up_script if is_warm_up(body) else self._next_script()]
        exchange = Exchange(self, request, body)
        self._exchanges.add(exchange)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await asyncio.sleep(self.delay_s)
            if not self._has(body["model"]):
                return web.json_response({"error": f"model '{body['model']}' not found"}, status=404)
            return await script(exchange)
        except (asyncio.CancelledError, ConnectionError):
            self.given_up += 1
            raise
        finally:
            self.under_way -= 1
            self._exchanges.discard(exchange)

    def _next_script(self) -> str:
        return self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]

    async def _tags(self, request: web.Request) -> web.Response:
        await self._note(request)
        return web.json_response({"models": [self._model(name) for name in self.models]})

    async def _ps(self, request: web.Request) -> web.Response:
        await self._note(request)
        loaded = [name for name in self.models if name in self.loaded]
        expires = {"expires_at": "2026-01-01T12:30:00Z", "size_vram": 0}
        return web.json_response({"models": [{**self._model(name), **expires} for name in loaded]})

    async def _show(self, request: web.Request) -> web.Response:
        name = str((await self._note(request)).get("model", ""))
        if not self._has(name):
            return web.json_response({"error": f"model '{name}' not found"}, status=404)
        details = self._model(tagged(name))["details"]
        return web.json_response({"details": details, "model_info": {}, "capabilities": ["completion"]})

    async def _version(self, request: web.Request) -> web.Response:
        await self._note(request)
        return web.json_response({"version": "0.0.0-scripted"})

    async def _note(self, request: web.Request) -> Body:
        raw = await request.read()
        body: Body = json.loads(raw) if raw else {}
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.seen.append(Seen(request.path, headers, raw, body))
        return body

    def _has(self, name: str) -> bool:
        return tagged(name) in self.models

    def _model(self, name: str) -> Body:
        return {
            "name": name,
            "model": name,
            "modified_at": "2026-01-01T12:00:00Z",
            "size": 4_400_000_000,
            "digest": hashlib.sha256(f"{name} {self.weights}".encode()).hexdigest(),
            "details": {
                "format": "gguf",
                "family": "llama",
                "families": ["llama"],
                "parameter_size": "7.2B",
                "quantization_level": "Q4_K_M",
            },
        }


@asynccontextmanager
async def serving(*scripts: str, **options: Any) -> AsyncIterator[OllamaServer]:
    """A server that listens as long as the block lasts."""
    server = OllamaServer(*scripts, **options)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def serve_by_hand(arguments: argparse.Namespace) -> None:
    """Serve until interrupted."""
    models = [tagged(name) for name in arguments.model]
    options = {"models": models, "delay_s": arguments.delay, "port": arguments.port}
    async with serving(*arguments.script, **options) as server:
        sys.stderr.write(f"{server.url} has {', '.join(models)} and plays {', '.join(arguments.script)}\n")
        await asyncio.Event().wait()


def main() -> None:
    """Read the words of the command, and serve."""
    parser = argparse.ArgumentParser(description="A scripted model server that speaks Ollama's API.")
    parser.add_argument("--port", type=int, default=11434)
    parser.add_argument("--script", nargs="+", choices=list(SCRIPTS), default=["schema"], help="the last one stays")
    parser.add_argument("--delay", type=float, default=0.3, metavar="S", help="seconds before each answer")
    parser.add_argument("--model", nargs="+", default=["mistral"], help="models it has")
    try:
        asyncio.run(serve_by_hand(parser.parse_args()))
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")


if __name__ == "__main__":
    main()
