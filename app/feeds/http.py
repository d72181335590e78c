"""Requests over HTTP: one session a venue, explicit time-outs, capped bodies, no redirects, no environment proxies."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import NamedTuple

import aiohttp

from app.core.errors import VenueError
from app.core.text import SafeText, clean


def plain_reason(error: Exception) -> SafeText:
    """Why a connection failed, in the operating system's words where there are any."""
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    words = None
    if isinstance(cause, OSError):
        # asyncio writes its own words over those of the system; failed look-ups have numbers below zero.
        words = os.strerror(cause.errno) if cause.errno and cause.errno > 0 else cause.strerror
    return clean(words or str(cause) or type(cause).__name__, 160)


NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class TooLargeError(VenueError):
    """An answer grew beyond its cap; asking again brings the same."""


class UnreachableError(VenueError):
    """No connection was made: nothing listens, or nobody knows the name."""


class HttpAnswer(NamedTuple):
    """Status, headers by lower-case name, and the whole body after decompression."""

    status: int
    headers: dict[str, str]
    body: bytes


class HttpClient:
    """A venue's request endpoint."""

    def __init__(self, base_url: str, *, timeout_s: float, body_cap: int, connections: int = 4) -> None:
        self._base_url = base_url.rstrip("/")
        self._timeout = aiohttp.ClientTimeout(total=timeout_s, connect=timeout_s / 2)
        self._body_cap = body_cap
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    async def post_json(self, path: str, body: bytes) -> HttpAnswer:
        """POST `body`. Raises `VenueError` when no whole answer within the caps comes in time."""
        return await self._ask("POST", path, (), body, {"Content-Type": "application/json"})

    async def get(
        self, path: str, query: Iterable[tuple[str, str]] = (), headers: Mapping[str, str] = NO_HEADERS
    ) -> HttpAnswer:
        """GET with these parameters, in order, and headers. Raises `VenueError` as `post_json` does."""
        return await self._ask("GET", path, query, None, {"Accept": "application/json", **headers})

    async def pour(self, path: str, headers: Mapping[str, str], take: Callable[[bytes], Awaitable[None]]) -> HttpAnswer:
        """GET with these headers; the body of status 200 goes to `take` piece by piece and is empty in the answer.

        Raises `VenueError` as `post_json` does; some pieces may have gone by then.
        """
        return await self._ask("GET", path, (), None, {"Accept": "application/json", **headers}, take)

    async def _ask(
        self,
        method: str,
        path: str,
        query: Iterable[tuple[str, str]],
        body: bytes | None,
        headers: Mapping[str, str],
        take: Callable[[bytes], Awaitable[None]] | None = None,
    ) -> HttpAnswer:
        url = self._base_url + path
        try:
            async with self._open().request(
                method, url, params=list(query), data=body, headers=headers, allow_redirects=False
            ) as response:
                received = {name.lower(): value for name, value in response.headers.items()}
                if take is None or response.status != HTTPStatus.OK:
                    return HttpAnswer(
                        response.status, received, b"".join([part async for part in self._read(response)])
                    )
                async for part in self._read(response):
                    await take(part)
                return HttpAnswer(response.status, received, b"")
        except TimeoutError as error:
            raise VenueError(f"{url} did not answer within {self._timeout.total:g} s") from error
        except (aiohttp.ClientPayloadError, aiohttp.ClientResponseError) as error:
            raise VenueError(f"{url} sent an answer that cannot be used ({type(error).__name__})") from error
        except aiohttp.ClientConnectorError as error:
            raise UnreachableError(f"{url} cannot be reached: {plain_reason(error)}") from error
        except (aiohttp.ClientError, OSError) as error:
            raise VenueError(f"{url} cannot be reached: {plain_reason(error)}") from error

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> aiohttp.ClientSession:
        # The session binds to the running loop, so it is made at the first request.
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections), timeout=self._timeout, trust_env=False
            )
        return self._session

    async def _read(self, response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        size = 0
        # Chunks come decompressed: counting them bounds what a compressed body may grow to.
        async for chunk in response.content.iter_chunked(65_536):
            size += len(chunk)
            if size > self._body_cap:
                place = response.url.with_query(None)
                raise TooLargeError(f"{place} sent more than {self._body_cap} bytes; the answer is refused")
            yield chunk
