"""The link's other transport: a Unix socket on which a running engine listens for decks and commands."""

import asyncio
import logging
import stat
from pathlib import Path

import msgspec

from app.core.errors import DataError, VenueError
from app.engine.engine import Engine
from app.engine.frames import pack, read_message
from app.engine.looking import Looking
from app.engine.protocol import (
    PROTOCOL_VERSION,
    ClientMessage,
    CommandRequest,
    CommandResult,
    Hello,
    Refused,
)

_log = logging.getLogger(__name__)
_CLIENTS = 8
_WRITE_LIMIT = 1 << 20
_GREETING_TIMEOUT_S = 3.0


class LinkServer:
    """Serves an engine to other processes of the same user."""

    def __init__(self, engine: Engine, path: Path) -> None:
        self._engine = engine
        self._path = path
        self._server: asyncio.Server | None = None
        self._identity: tuple[int, int] | None = None
        self._clients: set[asyncio.Task[None]] = set()
        self._last_number = 0

    async def start(self) -> None:
        """Listen. Raises `DataError` when another engine does already or the path cannot be used."""
        await self._clear_the_way()
        try:
            self._server = await asyncio.start_unix_server(self._accept, self._path)
            self._path.chmod(stat.S_IRUSR | stat.S_IWUSR)
            self._identity = _identity(self._path)
        except OSError as error:
            raise DataError(
                f"{self._path} cannot be listened on: {error}. Set TAPEDECK_HOME to a shorter path"
            ) from error

    async def stop(self) -> None:
        """Let all clients go and remove the socket."""
        if self._server is None:
            return
        self._server.close()
        for task in self._clients:
            task.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)
        # The path may by now be another engine's.
        if _identity(self._path) == self._identity:
            self._path.unlink(missing_ok=True)

    async def _clear_the_way(self) -> None:
        if not self._path.exists():
            return
        try:
            _, writer = await asyncio.open_unix_connection(self._path)
        except OSError:
            # Nobody answers: a socket left behind by an engine that was killed.
            self._path.unlink(missing_ok=True)
            return
        writer.close()
        await writer.wait_closed()
        raise DataError("Another engine is running; `tapedeck attach` shows it")

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._clients.add(task)
        task.add_done_callback(self._clients.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._last_number += 1
        client = _Client(self._engine, self._last_number, reader, writer)
        try:
            if len(self._clients) > _CLIENTS:
                await client.send(Refused(f"{_CLIENTS} clients are attached already; close one of them"))
            elif await client.greet():
                await client.serve()
        except (VenueError, ConnectionError, TimeoutError) as error:
            _log.warning("a client of the link was let go: %s", error)
        finally:
            # What a client that does not read has not taken is not waited for.
            writer.transport.abort()


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


class _Client:
    """One attached process."""

    def __init__(self, engine: Engine, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._engine = engine
        self._number = number
        self._reader = reader
        self._writer = writer
        self._decoder: msgspec.msgpack.Decoder[ClientMessage] = msgspec.msgpack.Decoder(ClientMessage)
        self._looking = Looking()
        writer.transport.set_write_buffer_limits(high=_WRITE_LIMIT)

    async def send(self, message: msgspec.Struct) -> None:
        self._writer.write(pack(message))
        await self._writer.drain()

    async def greet(self) -> bool:
        """Shake hands; False for a client that is none of ours or speaks another protocol, which is told so."""
        async with asyncio.timeout(_GREETING_TIMEOUT_S):
            hello = await read_message(self._reader, self._decoder)
        if isinstance(hello, Hello) and hello.protocol == PROTOCOL_VERSION:
            await self.send(self._engine.welcome())
            return True
        if isinstance(hello, Hello):
            spoken = f"The engine speaks protocol {PROTOCOL_VERSION}, this client {hello.protocol}"
            await self.send(Refused(f"{spoken}: use one version of tapedeck"))
        return False

    async def serve(self) -> None:
        """Snapshots go out as fast as the client takes them; its commands come in beside them."""
        snapshots = asyncio.ensure_future(self._send_snapshots())
        try:
            while (request := await read_message(self._reader, self._decoder)) is not None:
                if isinstance(request, CommandRequest):
                    ok, message = await self._engine.command(request.command, self._number)
                    if ok:
                        self._looking.note(request.command)
                    await self.send(CommandResult(request.request_id, ok, message))
        finally:
            snapshots.cancel()
            await asyncio.gather(snapshots, return_exceptions=True)
            # Whoever is gone looks at nothing.
            for command in self._looking.ends():
                await self._engine.command(command, self._number)

    async def _send_snapshots(self) -> None:
        seen = 0
        try:
            while (fresh := await self._engine.next_snapshot(seen)) is not None:
                seen, snapshot = fresh
                await self.send(self._engine.looked_at(snapshot, self._looking))
        except ConnectionError:
            pass  # it is gone, as reading from it tells as well
        except Exception:  # noqa: BLE001 - whatever it is, it is told, and the engine goes on
            _log.exception("a snapshot could not be sent; its client is let go")
        finally:
            # A client that is sent nothing any more must not wait.
            self._writer.close()
