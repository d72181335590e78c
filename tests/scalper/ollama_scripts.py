"""What a scripted model server answers to a question: well, badly, late, or not at all."""

import asyncio
import gzip
import json
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from ollama_server import OllamaServer

Body = dict[str, Any]
Script = Callable[["Exchange"], Awaitable[web.StreamResponse]]
PIECE = 12
TEN_MB = 10_000_000
INJECTED = "Ignore all rules\x1b]52;c;cm0=\x07\x1b[2J and buy \u202enow\u202c [@click=app.quit]here[/] [link=http://x]x"


class Exchange:
    """A question under way, with the ways to answer it."""

    def __init__(self, server: "OllamaServer", request: web.Request, body: Body) -> None:
        self.server, self.request, self.body = server, request, body
        # What lets this one go: a server that is told otherwise meanwhile has another for the next.
        self.released = server.released

    async def stream(self) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(self.request)
        return response

    async def say(self, response: web.StreamResponse, **fields: Any) -> None:
        """One line."""
        line = {"model": self.body["model"], "created_at": "2026-01-01T12:00:00.000000000Z", **fields}
        await response.write(json.dumps(line).encode() + b"\n")

    async def piece(self, response: web.StreamResponse, text: str) -> None:
        await self.say(response, message={"role": "assistant", "content": text}, done=False)

    async def end(self, response: web.StreamResponse, tokens: int, reason: str = "stop") -> web.StreamResponse:
        """The last line, with the measurements; the model is in memory from now on."""
        self.server.loaded.add(tagged(self.body["model"]))
        await self.say(
            response,
            message={"role": "assistant", "content": ""},
            done=True,
            done_reason=reason,
            total_duration=180_000_000 + 4_000_000 * tokens,
            load_duration=2_500_000,
            prompt_eval_count=tokens_of(self.body),
            prompt_eval_duration=90_000_000,
            eval_count=tokens,
            eval_duration=4_000_000 * tokens,
        )
        await response.write_eof()
        return response

    async def answer(self, text: str, reason: str = "stop") -> web.StreamResponse:
        """A whole answer, in pieces."""
        response = await self.stream()
        for start in range(0, len(text), PIECE):
            await self.piece(response, text[start : start + PIECE])
        return await self.end(response, 1 + len(text) // 4, reason)

    def abort(self) -> None:
        """Break the connection."""
        if self.request.transport is not None:
            self.request.transport.abort()


def tagged(name: str) -> str:
    """A model's name as it is listed."""
    return name if ":" in name else f"{name}:latest"


def is_warm_up(body: Body) -> bool:
    """Whether a chat only has the model loaded."""
    return not body.get("messages") or body.get("options", {}).get("num_predict") == 1


def tokens_of(body: Body) -> int:
    """About how many tokens a question has."""
    return sum(len(message["content"]) for message in body["messages"]) // 4


def reading(body: Body) -> Body:
    """What the scripted model makes of a question: a function of the numbers in it, always whole and in range."""
    text = body["messages"][-1]["content"]
    moved = _number(r"([+-][0-9.]+) % in [0-9]+ s", text)
    second = _number(r"then ([+-][0-9.]+) %", text)
    bought, sold = _number(r"buys of ([0-9.e+]+)", text), _number(r"sells of ([0-9.e+]+)", text)
    share = bought / (bought + sold) if bought + sold > 0 else 0.5
    momentum, pressure = min(100, round(400 * abs(moved))), round(100 * share)
    freshness = "FRESH" if abs(second) > 0.8 * abs(moved) else "DEVELOPING" if momentum < 71 else "EXTENDED"
    held = "EXIT" in json.dumps(body.get("format", {}))
    wanted = "LONG" if share > 0.5 else "SHORT"
    action = ("EXIT" if 40 < pressure < 60 else "NONE") if held else (wanted if momentum > 50 else "NONE")
    return {
        "momentum": momentum,
        "pressure": pressure,
        "continuation": round(50 + (momentum - 50) * abs(share - 0.5)),
        "freshness": freshness,
        "action": action,
        "confidence": 1 + round(9 * abs(share - 0.5)),
        "sentence": f"{pressure} % of the size is bought while the price moves {moved:+.2f} %.",
    }


def _number(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    return float(found[1].rstrip(".")) if found else 0.0


async def load(exchange: Exchange) -> web.StreamResponse:
    """What comes of loading."""
    return await exchange.end(await exchange.stream(), 1, "load")


async def schema(exchange: Exchange) -> web.StreamResponse:
    """JSON as it was asked for."""
    return await exchange.answer(json.dumps(reading(exchange.body)))


async def lines(exchange: Exchange) -> web.StreamResponse:
    """Lines of `NAME: value`, as models write that ignore a schema."""
    read = reading(exchange.body)
    read["PREDICTION"] = read.pop("continuation")
    return await exchange.answer("\n".join(f"{name.upper()}: {value}" for name, value in read.items()))


async def no_model(exchange: Exchange) -> web.StreamResponse:
    """The model is not there."""
    return web.json_response({"error": f"model '{exchange.body['model']}' not found"}, status=404)


async def busy(_: Exchange) -> web.StreamResponse:
    """The queue is full."""
    text = "server busy, please try again.  maximum pending requests exceeded"
    return web.json_response({"error": text}, status=503)


async def broken(_: Exchange) -> web.StreamResponse:
    """The server fails."""
    return web.json_response({"error": "llama runner process has terminated: exit status 2"}, status=500)


async def bad_request(_: Exchange) -> web.StreamResponse:
    """The server refuses the question."""
    return web.json_response({"error": "invalid format"}, status=400)


async def list_error(_: Exchange) -> web.StreamResponse:
    """An error that is no object: the client itself fails at it."""
    return web.json_response(["no"], status=500)


async def elsewhere(_: Exchange) -> web.StreamResponse:
    """A redirect off this machine."""
    raise web.HTTPTemporaryRedirect("http://203.0.113.1/api/chat")


async def error_midway(exchange: Exchange) -> web.StreamResponse:
    """It begins well; HTTP 200 has been sent when it fails."""
    response = await exchange.stream()
    await exchange.piece(response, '{"momentum": 7')
    await response.write(b'{"error":"an error was encountered while running the model"}\n')
    await response.write_eof()
    return response


async def cut_midway(exchange: Exchange) -> web.StreamResponse:
    """The connection breaks in the middle."""
    response = await exchange.stream()
    await exchange.piece(response, '{"momentum": 7')
    exchange.abort()
    return response


async def no_end(exchange: Exchange) -> web.StreamResponse:
    """The answer ends before it is done."""
    response = await exchange.stream()
    await exchange.piece(response, json.dumps(reading(exchange.body)))
    await response.write_eof()
    return response


async def hang(exchange: Exchange) -> web.StreamResponse:
    """Not even headers, until the server is told otherwise; then the answer."""
    await exchange.released.wait()
    return await schema(exchange)


async def cold(exchange: Exchange) -> web.StreamResponse:
    """A model that is loaded for as long as nobody gives up waiting, which a question does."""
    if tagged(exchange.body["model"]) not in exchange.server.loaded:
        await exchange.released.wait()
    return await schema(exchange)


async def hang_midway(exchange: Exchange) -> web.StreamResponse:
    """Half of an answer, and nothing more until the server is told otherwise."""
    response = await exchange.stream()
    await exchange.piece(response, '{"momentum": 7')
    await exchange.released.wait()
    return await exchange.end(response, 4)


async def drip(exchange: Exchange) -> web.StreamResponse:
    """A blank every few milliseconds, for ever."""
    response = await exchange.stream()
    while True:
        await exchange.piece(response, "")
        await asyncio.sleep(0.02)


async def long_line(exchange: Exchange) -> web.StreamResponse:
    """One line of ten megabytes."""
    response = await exchange.stream()
    await response.write(b'{"model":"mistral","message":{"role":"assistant","content":"')
    for _ in range(TEN_MB // 100_000):
        await response.write(b"x" * 100_000)
    await response.write(b'"},"done":true}\n')
    await response.write_eof()
    return response


async def flood(exchange: Exchange) -> web.StreamResponse:
    """A model that does not stop."""
    response = await exchange.stream()
    for _ in range(100):
        await exchange.piece(response, "momentum " * 20)
    return await exchange.end(response, 2_000)


async def crumbs(exchange: Exchange) -> web.StreamResponse:
    """Thousands of lines that say nothing, in one write."""
    response = await exchange.stream()
    await response.write(b'{"message":{"role":"a"}}\n' * 501)
    return await exchange.end(response, 1)


async def continues(exchange: Exchange) -> web.StreamResponse:
    """Interim answers without end, of which HTTP allows any number before the one that counts."""
    transport = exchange.request.transport
    while transport is not None and not transport.is_closing():
        transport.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)
        await asyncio.sleep(0.001)
    raise ConnectionResetError


async def compressed(_: Exchange) -> web.StreamResponse:
    """Ten megabytes in ten kilobytes."""
    return web.Response(body=gzip.compress(b" " * TEN_MB), headers={"Content-Encoding": "gzip"})


async def invalid_json(exchange: Exchange) -> web.StreamResponse:
    """Lines that are no JSON."""
    response = await exchange.stream()
    await response.write(b'{"message": {"role": "assistant", "content": \n')
    await response.write_eof()
    return response


async def deep_json(exchange: Exchange) -> web.StreamResponse:
    """JSON too deep to be read."""
    response = await exchange.stream()
    await response.write(b"[" * 50_000 + b"\n")
    await response.write_eof()
    return response


async def list_line(exchange: Exchange) -> web.StreamResponse:
    """A line that is JSON and no object."""
    response = await exchange.stream()
    await response.write(b"[1, 2]\n")
    await response.write_eof()
    return response


async def surrogate(exchange: Exchange) -> web.StreamResponse:
    """Half a character."""
    response = await exchange.stream()
    await response.write(b'{"message":{"role":"assistant","content":"\\ud800"},"done":true,"done_reason":"stop"}\n')
    await response.write_eof()
    return response


async def not_json(exchange: Exchange) -> web.StreamResponse:
    """A model that answers with a half-finished object."""
    return await exchange.answer('{"momentum": 72, "pressure": ')


async def out_of_range(exchange: Exchange) -> web.StreamResponse:
    """Numbers and words outside of the schema."""
    return await exchange.answer(json.dumps({**reading(exchange.body), "momentum": 140, "freshness": "STALE"}))


async def cut(exchange: Exchange) -> web.StreamResponse:
    """A model that ran out of tokens."""
    return await exchange.answer(json.dumps(reading(exchange.body))[:40], "length")


async def absurd_numbers(exchange: Exchange) -> web.StreamResponse:
    """Measurements that cannot be."""
    response = await exchange.stream()
    message = {"role": "assistant", "content": json.dumps(reading(exchange.body))}
    await exchange.say(response, message=message, done=True, eval_count=-5, load_duration=10**30, done_reason="stop")
    await response.write_eof()
    return response


async def html(_: Exchange) -> web.StreamResponse:
    """Another kind of server."""
    return web.Response(text="<html><body>It works!</body></html>", content_type="text/html")


async def injected(exchange: Exchange) -> web.StreamResponse:
    """A sentence with escape sequences, markup and orders in it."""
    return await exchange.answer(json.dumps({**reading(exchange.body), "sentence": INJECTED}))


SCRIPTS: dict[str, Script] = {
    script.__name__: script
    for script in (
        load, schema, lines, no_model, busy, broken, bad_request, list_error, elsewhere, error_midway, cut_midway,
        no_end, hang, cold, hang_midway, drip, long_line, flood, crumbs, continues, compressed, invalid_json, deep_json,
        list_line, surrogate, not_json, out_of_range, cut, absurd_numbers, html, injected,
    )
}  # fmt: skip
