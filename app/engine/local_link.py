"""The link in memory: deck and engine share a process and a loop. Its engine also listens for other processes."""

from app.core.errors import DataError
from app.engine.engine import Engine
from app.engine.link_server import LinkServer
from app.engine.looking import Looking
from app.engine.protocol import Command, CommandResult, Snapshot, Welcome

_CLIENT = 0
"""The number of the deck that owns its engine; those that attach count up from there."""


class LocalLink:
    """Owns its engine: connecting starts it, closing ends it. Without a server nobody else can attach to it."""

    def __init__(self, engine: Engine, server: LinkServer | None = None) -> None:
        self._engine = engine
        self._server = server
        self._seen = 0
        self._looking = Looking()

    async def connect(self) -> Welcome:
        """Start the engine. Raises what its run raises; a socket that cannot be had is only told."""
        await self._engine.start()
        try:
            if self._server is not None:
                await self._server.start()
        except DataError as error:
            self._engine.say("warning", "link", f"{error}. This engine cannot be attached to")
        return self._engine.welcome()

    async def snapshot(self) -> Snapshot | None:
        """The newest snapshot not seen yet; None when the engine has ended."""
        fresh = await self._engine.next_snapshot(self._seen)
        if fresh is None:
            return None
        self._seen, snapshot = fresh
        return self._engine.looked_at(snapshot, self._looking)

    async def send(self, command: Command) -> CommandResult:
        """Carry out a command."""
        ok, message = await self._engine.command(command, client=_CLIENT)
        if ok:
            self._looking.note(command)
        return CommandResult(0, ok, message)

    async def close(self) -> None:
        """Stop listening and end the engine."""
        if self._server is not None:
            await self._server.stop()
        await self._engine.stop()
