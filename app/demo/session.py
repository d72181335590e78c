"""One client's connection as a pure state machine: frames in, frames out, and whether it is to be cut."""

from collections import deque

import msgspec

from app.demo import frames
from app.demo.limits import IDLE_MS, SUBSCRIPTIONS, Limits
from app.demo.market import Market
from app.demo.publisher import Publisher
from app.demo.requests import answer_post
from app.demo.subscriptions import ClientFrame, Subscription, UserSubscription, is_fatal, read_frame

OUTBOX_FRAMES = 8_192
OUTBOX_BYTES = 4 * 1024 * 1024


class Session:
    """A connection. `cut` says that it must be dropped at once, without a closing handshake, and why."""

    def __init__(self, market: Market, publisher: Publisher, limits: Limits, now_ms: int) -> None:
        self._market = market
        self._publisher = publisher
        self._limits = limits
        self._sent_ms = now_ms
        self._outbox: deque[bytes] = deque()
        self._outbox_bytes = 0
        self.subscriptions: set[Subscription] = set()
        self._storm_left = 0
        self.cut = ""

    def receive(self, data: bytes, now_ms: int) -> None:
        """Take one frame of the client."""
        if not self._limits.messages.spend(1, now_ms):
            self._error("Cannot send more than 2000 messages per minute.")
            return
        frame = read_frame(data)
        if frame is None:
            self._unreadable(data)
        elif frame.method == "ping":
            self.send(b'{"channel":"pong"}')
        elif frame.method == "post":
            self._post(frame, data)
        elif frame.subscription is not None:
            self._change(frame.method, frame.subscription)

    def send(self, frame: bytes) -> None:
        """Put a frame into the outbox; a client that lets it overflow is cut."""
        if self.cut:
            return
        self._outbox.append(frame)
        self._outbox_bytes += len(frame)
        if len(self._outbox) > OUTBOX_FRAMES or self._outbox_bytes > OUTBOX_BYTES:
            self.cut = "the client reads too slowly"
            self._outbox.clear()

    def pending(self) -> bool:
        """Whether anything waits to be sent."""
        return bool(self._outbox)

    def take(self, now_ms: int) -> bytes:
        """The next frame to send; it counts as sent now."""
        frame = self._outbox.popleft()
        self._outbox_bytes -= len(frame)
        self._sent_ms = now_ms
        return frame

    def check_idle(self, now_ms: int) -> None:
        """Cut a connection to which nothing was sent for 60 s."""
        if not self.cut and now_ms - self._sent_ms >= IDLE_MS:
            self.cut = "nothing was sent for 60 s"

    def storm(self, most: int) -> None:
        """Repeat the refusal of a user stream up to `most` times, while the storm lasts."""
        for _ in range(min(most, self._storm_left)):
            self._storm_left -= 1
            self._error(f"Cannot track more than {self._limits.users} total users.")

    def close(self) -> None:
        """The connection has ended: give everything back."""
        for wanted in list(self.subscriptions):
            self._drop(wanted)
        self._outbox.clear()
        self._limits.connections -= 1

    def _change(self, method: str, wanted: Subscription) -> None:
        text = msgspec.json.encode(wanted).decode()
        if is_fatal(wanted, self._publisher.coins):
            self.cut = "the subscription names something the venue does not have"
        elif method == "unsubscribe":
            self._unsubscribe(wanted, text)
        elif wanted in self.subscriptions:
            self._error(f"Already subscribed: {text}")
        elif self._limits.subscriptions >= SUBSCRIPTIONS:
            self._error(f"Cannot subscribe to more than {SUBSCRIPTIONS} channels.")
        elif isinstance(wanted, UserSubscription) and not self._limits.admit_user(wanted.user):
            self._refuse_user()
        else:
            self._subscribe(wanted, text)

    def _subscribe(self, wanted: Subscription, text: str) -> None:
        self.subscriptions.add(wanted)
        self._limits.subscriptions += 1
        self._acknowledge("subscribe", text)
        for frame in self._publisher.listen(wanted):
            self.send(frame)

    def _unsubscribe(self, wanted: Subscription, text: str) -> None:
        if wanted not in self.subscriptions:
            self._error(f"Already unsubscribed: {text}")
            return
        self._drop(wanted)
        self._acknowledge("unsubscribe", text)

    def _drop(self, wanted: Subscription) -> None:
        self.subscriptions.remove(wanted)
        self._limits.subscriptions -= 1
        self._publisher.leave(wanted)
        if isinstance(wanted, UserSubscription):
            self._limits.release_user(wanted.user)

    def _refuse_user(self) -> None:
        self._error(f"Cannot track more than {self._limits.users} total users.")
        self._storm_left = self._limits.storm_frames

    def _post(self, frame: ClientFrame, data: bytes) -> None:
        reply = answer_post(self._market, frame)
        if reply is None:
            self._unreadable(data)
        else:
            self.send(reply)

    def _acknowledge(self, method: str, text: str) -> None:
        self.send(frames.channel("subscriptionResponse", f'{{"method":"{method}","subscription":{text}}}'))

    def _unreadable(self, data: bytes) -> None:
        self._error("Error parsing JSON into valid websocket request: " + data.decode(errors="replace"))

    def _error(self, text: str) -> None:
        self.send(frames.channel("error", msgspec.json.encode(text).decode()))
