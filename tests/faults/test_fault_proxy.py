"""Each fault of the proxy does what its name says, between a real client and a real server."""

import asyncio
import contextlib
from typing import NamedTuple

import aiohttp
import pytest
from fault_plan import Direction, Fault, FaultPlan, Kind
from proxy import FaultProxy
from virtual_loop import VirtualLoop, run_virtual
from websocket_frames import FrameSplitter, is_text
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

EVERY_S = 1.0
UNTIL_S = 30.0


class Heard(NamedTuple):
    """What the client got: (virtual seconds, text), and how it ended; what the server got."""

    texts: list[tuple[float, str]]
    ending: str
    server: list[tuple[float, str]]

    @property
    def numbers(self) -> list[int]:
        """The server's messages are numbers."""
        return [int(text) for _, text in self.texts]


def converse(*faults: Fault, until_s: float = UNTIL_S) -> Heard:
    """A server that counts aloud once a second, and a client that says "yes" to each number, through the proxy."""
    return run_virtual(lambda loop: _converse(loop, FaultPlan(5, faults), until_s))


async def _converse(loop: VirtualLoop, plan: FaultPlan, until_s: float) -> Heard:
    texts: list[tuple[float, str]] = []
    replies: list[tuple[float, str]] = []
    ending = "open"

    async def count(socket: ServerConnection) -> None:
        hearing = asyncio.create_task(hear(socket))
        with contextlib.suppress(ConnectionClosed):
            for number in range(1, 1_000):
                await asyncio.sleep(EVERY_S)
                await socket.send(str(number))
        await asyncio.gather(hearing, return_exceptions=True)

    async def hear(socket: ServerConnection) -> None:
        while True:
            message = await socket.recv()
            replies.append((loop.time(), str(message)))

    async with contextlib.AsyncExitStack() as stack:
        server = await stack.enter_async_context(
            serve(count, "127.0.0.1", 0, compression=None, ping_interval=None, close_timeout=0.1)
        )
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ws"
        proxy = FaultProxy(plan, url, url)
        await stack.enter_async_context(proxy.running())
        session = await stack.enter_async_context(aiohttp.ClientSession())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(until_s):
                async with session.ws_connect(proxy.websocket_url, decode_text=False) as socket:
                    async for message in socket:
                        texts.append((loop.time(), message.data.decode("latin-1")))
                        await socket.send_str("yes")
                ending = f"closed {socket.close_code}"
    return Heard(texts, ending, replies)


def test_without_faults_everything_passes_at_once() -> None:
    heard = converse()
    assert heard.numbers == list(range(1, 30))
    assert all(at_s == pytest.approx(int(text), abs=0.01) for at_s, text in heard.texts)
    assert len(heard.server) == len(heard.texts)


@pytest.mark.parametrize(
    ("direction", "client_late", "server_late"), [("down", 0.5, 0.5), ("up", 0.0, 0.5), ("both", 0.5, 1.0)]
)
def test_latency_delays_one_direction_or_both(direction: Direction, client_late: float, server_late: float) -> None:
    heard = converse(Fault("latency", 5.5, 10, 0.5, direction))
    assert {text: at_s for at_s, text in heard.texts}["8"] == pytest.approx(8 + client_late, abs=0.01)
    assert heard.server[7][0] == pytest.approx(8 + server_late, abs=0.01)
    assert heard.numbers == list(range(1, 30))


def test_jitter_delays_and_keeps_the_order() -> None:
    heard = converse(Fault("jitter", 5.5, 15, 3.0, "down"))
    late = [at_s - int(text) for at_s, text in heard.texts]
    assert max(late) > 0.5
    assert heard.numbers == sorted(heard.numbers)


def test_slices_pass_a_few_bytes_at_a_time() -> None:
    # Twenty bytes a second: a frame of three or four bytes takes about a fifth of a second.
    heard = converse(Fault("slices", 9.5, 5, 20.0, "down"))
    late = {int(text): at_s - int(text) for at_s, text in heard.texts}
    assert 0.1 < late[10] < 0.5
    assert late[20] < 0.05
    assert heard.numbers == list(range(1, 30))


def test_a_stall_holds_everything_and_lets_it_go() -> None:
    heard = converse(Fault("stall", 5.5, 10, direction="down"))
    assert [at_s for at_s, text in heard.texts if 6 <= int(text) <= 15] == pytest.approx([15.5] * 10, abs=0.01)
    assert heard.numbers == list(range(1, 30))


def test_a_blackhole_swallows_for_good_and_tells_nobody() -> None:
    heard = converse(Fault("blackhole", 5.5, 2))
    assert (heard.numbers, heard.ending) == ([1, 2, 3, 4, 5], "open")


@pytest.mark.parametrize(
    ("kind", "ending"), [("reset", "closed 1006"), ("half_close", "closed 1006"), ("cut", "closed 1006")]
)
def test_a_connection_that_breaks_is_seen_to_break(kind: Kind, ending: str) -> None:
    heard = converse(Fault(kind, 5.5, direction="down"))
    assert (heard.numbers, heard.ending) == ([1, 2, 3, 4, 5], ending)


def test_frames_are_doubled() -> None:
    heard = converse(Fault("duplicate", 5.5, 3, 1.0, "down"))
    assert heard.numbers[:11] == [1, 2, 3, 4, 5, 6, 6, 7, 7, 8, 8]


def test_frames_change_places_with_their_neighbours_and_none_is_lost() -> None:
    heard = converse(Fault("reorder", 5.5, 10, 1.0, "down"))
    assert sorted(heard.numbers) == list(range(1, 30))


def test_damaged_frames_are_still_frames() -> None:
    heard = converse(Fault("corrupt", 5.5, 3, 1.0, "down"))
    assert [number for number, (_, text) in enumerate(heard.texts, 1) if text != str(number)] == [6, 7, 8]
    assert len(heard.texts) == 29


@pytest.mark.parametrize(
    ("kind", "amount", "status"), [("handshake_429", 7, 429), ("handshake_418", 0, 418), ("handshake_429", 0, 429)]
)
def test_a_handshake_is_refused_with_and_without_a_time(kind: Kind, amount: float, status: int) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        converse(Fault(kind, 0, 5, amount))
    assert refused.value.status == status
    assert refused.value.headers is not None
    assert refused.value.headers.get("Retry-After") == (f"{amount:.0f}" if amount else None)


def test_a_splitter_gives_back_every_byte_in_whole_frames() -> None:
    head, frames = b"HTTP/1.1 101 x\r\n\r\n", [b"\x81\x02ab", b"\x81\x7e\x01\x00" + b"c" * 256, b"\x88\x00"]
    stream, splitter = head + b"".join(frames), FrameSplitter()
    pieces: list[bytes] = []
    for start in range(0, len(stream), 7):
        pieces += splitter.feed(stream[start : start + 7])
    assert pieces == [head, *frames]
    assert [is_text(piece) for piece in pieces] == [False, True, True, False]
