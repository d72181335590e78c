"""A deck's end of the link over a Unix socket, to an engine in another process."""

import asyncio
import contextlib
from pathlib import Path

import msgspec

from app import __version__
from app.core.errors import VenueError
from app.engine.frames import pack, read_message
from app.engine.protocol import (
    PROTOCOL_VERSION,
    Command,
    CommandRequest,
    CommandResult,
    EngineMessage,
    Hello,
    Refused,
    Snapshot,
    Welcome,
)

_HANDSHAKE_TIMEOUT_S = 3.0
_COMMAND_TIMEOUT_S = 10.0


class SocketLink:
    """Attached to a running engine."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._decoder: msgspec.msgpack.Decoder[EngineMessage] = msgspec.msgpack.Decoder(EngineMessage)
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._newest: Snapshot | None = None
        self._fresh = asyncio.Event()
        self._ended = False
        self._request_id = 0
        self._waiting: dict[int, asyncio.Future[CommandResult]] = {}

    async def connect(self) -> Welcome:
        """Shake hands. Raises `VenueError` when no engine listens, it does not greet, or it refuses."""
        try:
            return await self._greet()
        except VenueError:
            await self.close()
            raise

    async def _greet(self) -> Welcome:
        try:
            async with asyncio.timeout(_HANDSHAKE_TIMEOUT_S):
                reader = await self._open()
                answer = await read_message(reader, self._decoder)
        except TimeoutError as error:
            raise VenueError(
                f"An engine listens here and did not greet within {_HANDSHAKE_TIMEOUT_S:g} s: it hangs, is suspended, "
                "or its machine is busy. Try again, or end it"
            ) from error
        if isinstance(answer, Refused):
            raise VenueError(answer.reason)
        if not isinstance(answer, Welcome):
            raise VenueError("The engine did not greet; it may be ending. Try again")
        self._reading = asyncio.create_task(self._read(reader), name="link")
        return answer

    async def _open(self) -> asyncio.StreamReader:
        """Reach the engine and say hello."""
        try:
            reader, self._writer = await asyncio.open_unix_connection(self._path)
        except OSError as error:
            raise VenueError(
                "No engine is running here. Start one with `tapedeck run --source demo` (or live), or open a deck"
            ) from error
        self._writer.write(pack(Hello(PROTOCOL_VERSION, __version__)))
        return reader

    async def snapshot(self) -> Snapshot | None:
        """The newest snapshot not seen yet; None when the engine is gone."""
        await self._fresh.wait()
        if self._ended:
            return None
        self._fresh.clear()
        return self._newest

    async def send(self, command: Command) -> CommandResult:
        """Give a command and wait for its result; a failed one when the engine does not answer."""
        if self._writer is None or self._ended:
            return CommandResult(0, False, "The engine is gone")
        # Others may send while this one waits.
        request_id = self._request_id = self._request_id + 1
        result: asyncio.Future[CommandResult] = asyncio.get_running_loop().create_future()
        self._waiting[request_id] = result
        self._writer.write(pack(CommandRequest(request_id, command)))
        try:
            async with asyncio.timeout(_COMMAND_TIMEOUT_S):
                return await result
        except TimeoutError:
            return CommandResult(request_id, False, f"The engine did not answer within {_COMMAND_TIMEOUT_S:g} s")
        finally:
            self._waiting.pop(request_id, None)

    async def close(self) -> None:
        """Detach; the engine goes on."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        if self._writer is not None:
            self._writer.close()
            with contextlib.suppress(ConnectionError):
                await self._writer.wait_closed()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while (message := await read_message(reader, self._decoder)) is not None:
                self._take(message)
        finally:
            self._ended = True
            self._fresh.set()
            for result in self._waiting.values():
                if not result.done():
                    result.set_result(CommandResult(0, False, "The engine is gone"))

    def _take(self, message: EngineMessage) -> None:
        if isinstance(message, Snapshot):
            self._newest = message
            self._fresh.set()
        elif isinstance(message, CommandResult):
            result = self._waiting.get(message.request_id)
            if result is not None and not result.done():
                result.set_result(message)
