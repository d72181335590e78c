"""A core that is asked about wallets by hand: which question is answered, when and with what is up to the test."""

from collections.abc import Callable

import msgspec
from core_driver import Driver
from scan_samples import ScriptedVenue

from app.config.settings import Settings
from app.core.record import WITHDRAWN, Answer, Kind, Request
from app.engine.own_commands import OwnCommand
from app.engine.protocol import CancelJob, Command, StartJob
from app.engine.protocol_wallets import LookAtWallet, RestoreWallets
from app.engine.scanning import Scanning
from app.engine.shelf_questions import Found
from app.engine.shelf_venue import STORE_VENUE
from app.feeds.polymarket.limits import VENUE
from app.feeds.polymarket.questions import from_request
from app.wallets.answers import NoAnswer

pack = msgspec.msgpack.encode
_STORED = {"scans": [], "markets": [], "wallets": Found(), "history": []}


class WalletDriver(Driver):
    """Questions about wallets wait here, in the order they were asked, until a test has them answered."""

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings)
        self.venue = ScriptedVenue()
        self.waiting: list[Request] = []
        self._seen = self._withdrawn = 0
        self.start()

    @property
    def scanning(self) -> Scanning:
        """The newest scan."""
        assert self.core.wallets.scanning is not None
        return self.core.wallets.scanning

    def command(self, command: Command | OwnCommand) -> tuple[bool, str]:
        """Give a command, as an input like any other."""
        self.put(Kind.COMMAND, command)
        self.carry()
        return self.core.command_result

    def restore(self, state: bytes = b"", trouble: str = "", next_scan_ms: int | None = 0) -> None:
        """What was saved is read."""
        self.command(RestoreWallets(state, trouble, next_scan_ms))

    def scan(self, *addresses: str) -> None:
        """Begin a scan of these."""
        assert self.command(StartJob("wallets", " ".join(addresses))) == (True, "Scanning wallets")

    def cancel(self) -> None:
        """Give it up."""
        assert self.command(CancelJob("wallets"))[0]

    def look(self, address: str, client: int = 0) -> None:
        """A client opens up a wallet."""
        assert self.command(LookAtWallet(address, client))[0]

    def carry(self) -> None:
        """Take the questions that were asked and withdrawn since, as the venue's client would."""
        new, self._seen = self.asked.requests[self._seen :], len(self.asked.requests)
        for request in new:
            if request.venue in (VENUE, STORE_VENUE):
                self.waiting.append(request)
                self.put(Kind.REQUEST, request)
        gone, self._withdrawn = self.asked.withdrawn[self._withdrawn :], len(self.asked.withdrawn)
        for request in [each for each in self.waiting if each.request_id in gone]:
            self.waiting.remove(request)
            self.put(Kind.ANSWER, Answer(request.request_id, 0, b"", WITHDRAWN))

    def tell(self, request: Request) -> None:
        """The answer to a question, which may not be wanted any more."""
        if request in self.waiting:
            self.waiting.remove(request)
        self.put(Kind.ANSWER, self.answer_to(request))
        self.carry()

    def tell_all(self, wanted: Callable[[Request], bool] = lambda request: True) -> None:
        """Answer all of these, and what is asked in turn, until there is no more; time goes on meanwhile."""
        for _ in range(10_000):
            request = next((each for each in self.waiting if wanted(each)), None)
            if request is not None:
                self.tell(request)
            elif self.core.wallets.runs and self.scanning.has_work:
                self.tick()
                self.carry()
            else:
                return
        raise AssertionError("it asks for ever")

    def answer_to(self, request: Request) -> Answer:
        """What the venue or the database says to this."""
        if request.venue == STORE_VENUE:
            return Answer(request.request_id, 200, pack(_STORED[request.channel]))
        body = self.venue.body(from_request(request))
        if isinstance(body, NoAnswer):
            return Answer(request.request_id, 0, b"", body.reason)
        return Answer(request.request_id, 200, body)
