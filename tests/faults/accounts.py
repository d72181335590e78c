"""Where the frames of each socket of a run went: counted where they leave the socket, and by the program."""

from collections import Counter
from collections.abc import Iterator

from checker import Account, check_account

from app.core.record import Kind, Record, unpack_frames
from app.engine.core import Core
from app.engine.venue_run import VenueRun, socket_counts
from app.feeds.health import FeedHealth
from app.feeds.hyperliquid.streams import StreamClient
from app.feeds.inbox import Arrival

_OF_FRAMES = (Kind.FRAME, Kind.FRAMES)
_STREAMS_OF_A_SOCKET = 1_000_000


class FrameCounts:
    """Counts what each socket of a run brings, from the moment it is made: before the first frame."""

    def __init__(self, run: VenueRun) -> None:
        assert run._client is not None
        self._run = run
        self._sockets = run._client.sockets
        self.seen: Counter[str] = Counter()
        for socket in self._sockets:
            self._count(socket)

    def _count(self, socket: StreamClient) -> None:
        seen, name, hand_on = self.seen, socket.connection, socket.received

        def counted(frame: bytes) -> bool:
            seen[name] += 1
            return hand_on(frame)

        # The connection asks for this method anew for every socket.
        setattr(socket, "received", counted)  # noqa: B010 - a method of one object is replaced on purpose

    def accounts(self) -> list[Account]:
        """Where the frames of each socket went up to now."""
        waiting = Counter(dict(self._waiting()))
        return [self._account(socket, waiting) for socket in self._sockets]

    def violations(self) -> Iterator[str]:
        """Frames that went nowhere, or nobody knows where."""
        for account in self.accounts():
            yield from check_account(account)

    def _account(self, socket: StreamClient, waiting: Counter[int]) -> Account:
        told, feed = socket_counts(socket), feed_of(self._run.core, socket.connection)
        first = socket._lane.control_stream
        return Account(
            self.seen[socket.connection], told.received, told.control, told.superseded, feed.frames,
            sum(frames for stream, frames in waiting.items() if first <= stream < first + _STREAMS_OF_A_SOCKET),
            socket.connection,
        )  # fmt: skip

    def _waiting(self) -> Iterator[tuple[int, int]]:
        """Stream and number of the frames of each input that was not dispatched, fetched or not."""
        inbox, waiting = self._run._inbox, Counter[int]()
        for place, arrival in inbox._pending.items():
            if arrival.kind == Kind.FRAME:
                waiting[arrival.stream] += len(inbox._together.get(place, (b"",)))
        for arrival in self._run._arrivals:
            waiting[arrival.stream] += frames_in(arrival)
        yield from waiting.items()


class FrameTally:
    """Sees every input before it is dispatched: a frame is counted as one, and refused at most once."""

    def __init__(self, core: Core) -> None:
        self.violations: list[str] = []
        self._feeds = core.connections
        self._core = core
        self._pending: tuple[Record | Arrival, int, int] | None = None

    def write(self, record: Record) -> None:
        """One input is about to be dispatched; the one before it has been."""
        self.settle()
        if record.kind in _OF_FRAMES:
            self._pending = record, self._counted(), self._refused()

    def settle(self) -> None:
        """The input before has been dispatched."""
        if self._pending is None:
            return
        (record, frames, refused), self._pending = self._pending, None
        counted, refused_now, held = self._counted() - frames, self._refused() - refused, frames_in(record)
        if counted != held or not 0 <= refused_now <= held:
            self.violations.append(f"{held} frames were counted {counted} and refused {refused_now} times: {record}")

    def _counted(self) -> int:
        feeds = self._feeds
        return feeds.data.frames + feeds.books.frames + feeds.traders.frames + feeds.coins.frames

    def _refused(self) -> int:
        feeds = self._feeds
        return (
            feeds.data.parse_errors + feeds.books.parse_errors + feeds.traders.parse_errors + feeds.coins.parse_errors
        )


def feed_of(core: Core, connection: str) -> FeedHealth:
    """What the core counts of a connection."""
    return core.connections._by_name[connection]


def frames_in(record: Record | Arrival) -> int:
    """Frames that an input holds."""
    if record.kind == Kind.FRAMES:
        return len(unpack_frames(record.payload))
    return int(record.kind == Kind.FRAME)
