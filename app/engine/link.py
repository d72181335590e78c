"""The link between a deck and an engine: one protocol of messages, two transports."""

from typing import Protocol

from app.engine.protocol import Command, CommandResult, Snapshot, Welcome


class EngineLink(Protocol):
    """A deck's end of the link."""

    async def connect(self) -> Welcome:
        """Shake hands. Raises `VenueError` when no engine answers or it refuses."""

    async def snapshot(self) -> Snapshot | None:
        """The newest snapshot not seen yet, waiting for one; None when the engine has ended."""

    async def send(self, command: Command) -> CommandResult:
        """Give a command and wait for what became of it."""

    async def close(self) -> None:
        """Let go of the engine; an engine in this process ends."""
