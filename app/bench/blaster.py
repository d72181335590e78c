"""A venue in a process of its own that sends frames as fast as they are taken: `python -m app.bench.blaster …`.

It writes its port to stdout, serves one connection after another, each the same frames, and ends when stdin does.
With `--endless` a connection gets the frames again and again until it leaves, each time as new ones: with the time at
which they are sent, and ids of their own. `--rate` is how many frames a second it sends (0: as fast as they are taken).
"""

import argparse
import base64
import hashlib
import os
import re
import socket
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import NamedTuple

import msgspec

from app.bench.frames import BUSY, COINS, make_frames
from app.core.clock import Clock, SystemClock
from app.feeds.hyperliquid.wire import WireAcknowledgement, WireSubscription

HOST = "127.0.0.1"
_HANDSHAKE_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""RFC 6455, section 1.3."""
_TEXT, _CLOSE = 0x81, b"\x88\x02\x03\xe8"
_CHUNK_BYTES = 64 * 1024
_DRAIN_TIMEOUT_S = 5.0
_TIME, _ID = re.compile(rb'"time":\d+'), re.compile(rb'"tid":\d+')
_ANY_TIME = b'"time":1000000000000'
_ANY_ROUND = b'"tid":1%05d'
_ROUNDS = 100_000


class Chunk(NamedTuple):
    """Some frames as they go over the wire, and how many they are."""

    data: bytes
    frames: int


def subscriptions() -> list[WireSubscription]:
    """What the frames belong to."""
    pairs = [(channel, coin) for channel in ("trades", "l2Book") for coin in COINS[:BUSY]]
    return [WireSubscription(type=channel, coin=coin) for channel, coin in pairs] + [WireSubscription(type="allMids")]


def acknowledgements() -> list[bytes]:
    """The frames with which the venue answers those subscriptions."""
    encode = msgspec.json.encode
    answers = [WireAcknowledgement("subscribe", subscription) for subscription in subscriptions()]
    return [encode({"channel": "subscriptionResponse", "data": answer}) for answer in answers]


def framed(payload: bytes) -> bytes:
    """`payload` as one unmasked WebSocket text frame (RFC 6455, section 5.2)."""
    size = len(payload)
    if size < 126:
        return bytes((_TEXT, size)) + payload
    if size < 1 << 16:
        return bytes((_TEXT, 126)) + size.to_bytes(2) + payload
    return bytes((_TEXT, 127)) + size.to_bytes(8) + payload


def _chunks(messages: list[bytes]) -> list[bytes]:
    """The messages on the wire, joined into pieces of about `_CHUNK_BYTES`."""
    chunks, pending = [], bytearray()
    for message in messages:
        pending += framed(message)
        if len(pending) >= _CHUNK_BYTES:
            chunks.append(bytes(pending))
            pending.clear()
    return [*chunks, bytes(pending) + _CLOSE]


def templates(frames: list[bytes]) -> list[Chunk]:
    """The frames in pieces of about `_CHUNK_BYTES`, to be filled in by `fresh`."""
    numbers = count()
    chunks, pending, held = [], bytearray(), 0
    for frame in frames:
        timed = _TIME.sub(_ANY_TIME, frame)
        pending += framed(_ID.sub(lambda _: b"%s%09d" % (_ANY_ROUND % 0, next(numbers)), timed))
        held += 1
        if len(pending) >= _CHUNK_BYTES:
            chunks.append(Chunk(bytes(pending), held))
            pending, held = bytearray(), 0
    return [*chunks, Chunk(bytes(pending), held)] if pending else chunks


def fresh(chunk: Chunk, round_number: int, wall_ms: int) -> bytes:
    """The chunk's frames as of `wall_ms` (13 digits), with ids that no other round (below 100,000) has."""
    timed = chunk.data.replace(_ANY_TIME, b'"time":%013d' % wall_ms)
    return timed.replace(_ANY_ROUND % 0, _ANY_ROUND % (round_number % _ROUNDS))


def _stream(connection: socket.socket, chunks: list[Chunk], rate: float, clock: Clock) -> None:
    """Send until the receiver leaves; a receiver that was late for a while gets what it missed at once."""
    _shake_hands(connection)
    connection.sendall(b"".join(map(framed, acknowledgements())))
    started_ns, sent = clock.monotonic_ns(), 0
    for round_number in count():
        for chunk in chunks:
            connection.sendall(fresh(chunk, round_number, clock.wall_ns() // 1_000_000))
            sent += chunk.frames
            early_s = sent / rate - (clock.monotonic_ns() - started_ns) / 1e9 if rate else 0.0
            if early_s > 0:
                time.sleep(early_s)


def _serve(connection: socket.socket, chunks: list[bytes]) -> None:
    _shake_hands(connection)
    for chunk in chunks:
        connection.sendall(chunk)
    # Closing with unread bytes would reset the connection and lose what the other end has not read yet.
    connection.shutdown(socket.SHUT_WR)
    connection.settimeout(_DRAIN_TIMEOUT_S)
    while connection.recv(65_536):
        continue


def _shake_hands(connection: socket.socket) -> None:
    request = b""
    while b"\r\n\r\n" not in request:
        received = connection.recv(4096)
        if not received:
            raise ConnectionError("it closed before the handshake")
        request += received
    header = next(line for line in request.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key:"))
    digest = hashlib.sha1(header.partition(b":")[2].strip() + _HANDSHAKE_GUID, usedforsecurity=False).digest()
    connection.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n"
    )


def end_with_stdin() -> None:
    """Wait until the process that started this one closes its end, then end at once. For a thread of its own."""
    while os.read(sys.stdin.fileno(), 4096):
        continue
    os._exit(0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="app.bench.blaster")
    for name in ("frames", "seed", "start-ms"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--gap-ms", type=float, required=True)
    parser.add_argument("--endless", action="store_true")
    parser.add_argument("--rate", type=float, default=0.0)
    return parser.parse_args()


def main() -> None:
    """Listen, say where, and send until stdin ends."""
    arguments = _arguments()
    threading.Thread(target=end_with_stdin, daemon=True).start()
    frames = make_frames(arguments.frames, arguments.seed, arguments.start_ms, arguments.gap_ms)
    serve: Callable[[socket.socket], None]
    if arguments.endless:
        serve = partial(_stream, chunks=templates(frames), rate=arguments.rate, clock=SystemClock())
    else:
        serve = partial(_serve, chunks=_chunks(acknowledgements() + frames))
    with socket.create_server((HOST, 0)) as server:
        sys.stdout.write(f"{server.getsockname()[1]}\n")
        sys.stdout.flush()
        while True:
            connection, _ = server.accept()
            with connection:
                try:
                    serve(connection)
                except OSError as error:
                    if not arguments.endless:
                        sys.stderr.write(f"a receiver left early: {error}\n")


if __name__ == "__main__":
    main()
