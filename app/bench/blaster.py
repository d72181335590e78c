"""A venue in a process of its own that sends frames as fast as they are taken: `python -m app.bench.blaster …`.

It writes its port to stdout, serves one connection after another, each the same frames, and ends when stdin does.
"""

import argparse
import base64
import hashlib
import os
import socket
import sys
import threading

import msgspec

from app.bench.frames import BUSY, COINS, make_frames
from app.feeds.hyperliquid.wire import WireAcknowledgement, WireSubscription

HOST = "127.0.0.1"
_HANDSHAKE_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""RFC 6455, section 1.3."""
_TEXT, _CLOSE = 0x81, b"\x88\x02\x03\xe8"
_CHUNK_BYTES = 64 * 1024
_DRAIN_TIMEOUT_S = 5.0


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
        request += connection.recv(4096)
    header = next(line for line in request.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key:"))
    digest = hashlib.sha1(header.partition(b":")[2].strip() + _HANDSHAKE_GUID, usedforsecurity=False).digest()
    connection.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n"
    )


def _end_with_stdin() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        continue
    os._exit(0)


def main() -> None:
    """Listen, say where, and send until stdin ends."""
    parser = argparse.ArgumentParser(prog="app.bench.blaster")
    for name in ("frames", "seed", "start-ms"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--gap-ms", type=float, required=True)
    arguments = parser.parse_args()
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    frames = make_frames(arguments.frames, arguments.seed, arguments.start_ms, arguments.gap_ms)
    chunks = _chunks(acknowledgements() + frames)
    with socket.create_server((HOST, 0)) as server:
        sys.stdout.write(f"{server.getsockname()[1]}\n")
        sys.stdout.flush()
        while True:
            connection, _ = server.accept()
            with connection:
                try:
                    _serve(connection, chunks)
                except OSError as error:
                    sys.stderr.write(f"a receiver left early: {error}\n")


if __name__ == "__main__":
    main()
