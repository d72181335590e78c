"""The venue's listening sockets. Imports nothing heavy: they listen before the rest of the program is loaded."""

import socket
from typing import NamedTuple

HOST = "127.0.0.1"
BACKLOG = 64


class Sockets(NamedTuple):
    """Listening sockets on loopback, on ports the system picked."""

    websocket: socket.socket
    rest: socket.socket
    prediction: socket.socket
    gamma: socket.socket
    gecko: socket.socket
    screener: socket.socket
    birdeye: socket.socket

    @property
    def websocket_url(self) -> str:
        """Where the streams are."""
        return f"ws://{HOST}:{self.websocket.getsockname()[1]}/ws"

    @property
    def rest_url(self) -> str:
        """Base of the request endpoint."""
        return f"http://{HOST}:{self.rest.getsockname()[1]}"

    @property
    def prediction_url(self) -> str:
        """Base of the prediction markets' data API."""
        return f"http://{HOST}:{self.prediction.getsockname()[1]}"

    @property
    def gamma_url(self) -> str:
        """Base of the prediction markets' gamma API."""
        return f"http://{HOST}:{self.gamma.getsockname()[1]}"

    @property
    def gecko_url(self) -> str:
        """Base of the first token API, GeckoTerminal's."""
        return f"http://{HOST}:{self.gecko.getsockname()[1]}/api/v2"

    @property
    def screener_url(self) -> str:
        """Base of the second token API, DexScreener's."""
        return f"http://{HOST}:{self.screener.getsockname()[1]}"

    @property
    def birdeye_url(self) -> str:
        """Base of the third token API, Birdeye's."""
        return f"http://{HOST}:{self.birdeye.getsockname()[1]}"

    def close(self) -> None:
        """Stop listening; harmless when it has been done already."""
        for listening in self:
            listening.close()


def listen() -> Sockets:
    """Listen now: who connects before the venue is ready waits in the socket's queue. Raises OSError."""
    sockets = Sockets(*(socket.create_server((HOST, 0), backlog=BACKLOG) for _ in Sockets._fields))
    for listening in sockets:
        # Connections inherit it; asyncio sets it only on sockets it makes. Without it frames wait for each other.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sockets
