"""HTTP to a model server that bounds what one answer may take, in bytes as in work."""

import ssl
from collections.abc import AsyncIterator, Iterable
from typing import cast

import httpcore
import httpx

from app.scalper.models import ModelServerError

CHAT_BYTES, LIST_BYTES = 64 * 1024, 128 * 1024
"""No answer of Ollama's that we ask for is longer: a hundred tokens are some 20 kB, a hundred models some 50 kB."""
WIRE_BYTES = 256 * 1024
"""Nor takes more on the wire, with headers and the sizes of chunks."""
MOST_OBJECTS, MOST_VALUES = 1_000, 8_000
"""Nor more JSON objects and values: a token comes in two objects, a listed model in two with some thirteen values."""
_CHAT_PATH = "/api/chat"
_READ_BYTES = 4 * 1024
"""What is read at once is parsed at once: so much holds the loop for some milliseconds at most."""
_SocketOption = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]


class CappedTransport(httpx.AsyncHTTPTransport):
    """Refuses an answer that is compressed, or has more bytes or objects than any should, before more of it is kept.

    The client keeps a line until it ends and checks each object in the loop: this bounds its memory and its time.
    """

    def __init__(self, url: str) -> None:
        """For the server at `url`."""
        super().__init__(verify=_trusted(url), trust_env=False)
        # Below HTTP nothing is capped by httpx, and it takes any number of interim answers for one.
        self._pool = httpcore.AsyncConnectionPool(ssl_context=_trusted(url), network_backend=_CappedNetwork())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        most_bytes = CHAT_BYTES if request.url.path.endswith(_CHAT_PATH) else LIST_BYTES
        response.stream = _CappedStream(cast("httpx.AsyncByteStream", response.stream), most_bytes)
        if response.headers.get("content-encoding", "identity") != "identity":
            await response.aclose()
            raise ModelServerError("Ollama's answer is compressed", "see whether it is Ollama that listens there")
        return response


class _CappedStream(httpx.AsyncByteStream):
    def __init__(self, stream: httpx.AsyncByteStream, most_bytes: int) -> None:
        self._stream = stream
        self._most_bytes = most_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = objects = values = 0
        async for chunk in self._stream:
            size, objects, values = size + len(chunk), objects + chunk.count(b"{"), values + chunk.count(b",")
            if size > self._most_bytes:
                raise _too_much(f"{self._most_bytes // 1024} KiB")
            if objects > MOST_OBJECTS:
                raise _too_much(f"{MOST_OBJECTS} objects")
            if values > MOST_VALUES:
                raise _too_much(f"{MOST_VALUES} values")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


class _CappedNetwork(httpcore.AnyIOBackend):
    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[_SocketOption] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        return _CappedSocket(await super().connect_tcp(host, port, timeout, local_address, socket_options))


class _CappedSocket(httpcore.AsyncNetworkStream):
    """Counts what comes since the last that was sent: one answer, for nothing is sent while one comes."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self._received = 0

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = await self._stream.read(min(max_bytes, _READ_BYTES), timeout)
        self._received += len(data)
        if self._received > WIRE_BYTES:
            raise _too_much(f"{WIRE_BYTES // 1024} KiB of HTTP")
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._received = 0
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        return _CappedSocket(await self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


def _trusted(url: str) -> ssl.SSLContext:
    """The usual certificates for TLS; none for plain HTTP, where reading them would hold everything for nothing."""
    if url.lower().startswith("https:"):
        return httpx.create_ssl_context(trust_env=False)
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _too_much(what: str) -> ModelServerError:
    return ModelServerError(
        f"Ollama sent more than {what} for one answer", "see whether it is Ollama that listens there"
    )
