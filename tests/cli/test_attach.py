"""`tapedeck attach`: what is said before a deck opens."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.cli.attach import greet
from app.cli.main import main
from app.config.locations import Locations, ensure
from app.core.errors import VenueError
from app.engine.frames import pack
from app.engine.protocol import PROTOCOL_VERSION, Refused, SourceView, Welcome
from app.engine.socket_link import SocketLink

SOCKET = Path("engine.sock")


@contextlib.asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[asyncio.Queue[bytes]]:
    """An engine that says one thing to whoever comes, and the greetings it got, each once its sender has left."""
    greetings: asyncio.Queue[bytes] = asyncio.Queue()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        greetings.put_nowait(await reader.read())
        writer.close()

    async with await asyncio.start_unix_server(serve, SOCKET):
        yield greetings


@pytest.fixture(autouse=True)
def in_a_short_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The path of a test's folder may be too long for a socket.
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.cli.deck.require_terminal", lambda: None)


def no_deck(*_: object) -> int:
    raise AssertionError("a deck was opened")


@pytest.mark.usefixtures("terminal")
def test_without_an_engine_no_deck_opens(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, locations: Locations
) -> None:
    monkeypatch.setattr("app.ui.run.run_deck", no_deck)
    assert main(["attach"]) == 4
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: No engine is running")
    assert "tapedeck run --source demo" in captured.err
    ensure(locations.state_dir)
    locations.engine_socket.write_text("left over")
    assert main(["attach"]) == 4


@pytest.mark.asyncio
async def test_an_engine_that_welcomes_is_left_again() -> None:
    welcome = Welcome(PROTOCOL_VERSION, "0.1.0", SourceView("demo", "DEMO", "seed 7"))
    async with answering(pack(welcome)) as greetings:
        await greet(SocketLink(SOCKET))
        async with asyncio.timeout(10):
            assert b"hello" in await greetings.get()


@pytest.mark.asyncio
async def test_an_engine_that_refuses_is_quoted() -> None:
    async with answering(pack(Refused("8 clients are attached already; close one of them"))):
        with pytest.raises(VenueError, match="8 clients are attached"):
            await greet(SocketLink(SOCKET))
