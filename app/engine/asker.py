"""What a scan, or a wallet that is opened up, has asked and waits for."""

from app.core.errors import FrameError
from app.core.record import WITHDRAWN, Answer, Request
from app.core.text import clean
from app.engine.shelf_venue import STORE_VENUE
from app.engine.watch import MarketWatch
from app.feeds.polymarket.limits import VENUE
from app.feeds.polymarket.questions import Question, request_body
from app.wallets.answers import Answer as Told
from app.wallets.answers import NoAnswer, read_answer

_Asked = tuple[str, str, bytes, str, str]


class Asker:
    """Asks the venue of wallets and the database, and knows which answers are wanted.

    An answer is known by what was asked, never by its number: it may come late, to whoever asked the same before, and
    on a tape begun midway numbers are those of another engine.
    """

    def __init__(self, watch: MarketWatch) -> None:
        self._watch = watch
        self._open: dict[int, None] = {}
        self._wanted: dict[_Asked, int] = {}

    def ask(self, question: Question, number: int = 0) -> None:
        """Ask the venue; `number` is given back with the answer."""
        query = request_body(question)
        self._ask((VENUE, question.name, query, question.subject, question.variant), number)

    def ask_store(self, channel: str, body: bytes, subject: str = "") -> None:
        """Ask the database."""
        self._ask((STORE_VENUE, channel, body, subject, ""), 0)

    def answered(self, request: Request, answer: Answer) -> int | None:
        """The number of the question that this answers; None where nobody waits for it, or not any more."""
        self._open.pop(request.request_id, None)
        if answer.error == WITHDRAWN:
            return None
        asked = (request.venue, request.channel, request.body, request.subject, request.variant)
        return self._wanted.pop(asked, None)

    def withdraw_all(self) -> None:
        """Nobody waits for an answer any more."""
        for request_id in list(self._open):
            self._watch.effects.withdraw(request_id)
        self._open.clear()
        self._wanted.clear()

    def _ask(self, asked: _Asked, number: int) -> None:
        self._wanted[asked] = number
        self._open[self._watch.ask_of(*asked)] = None


def read_told(question: Question, answer: Answer) -> Told:
    """The values in an answer of the venue, or why there are none."""
    if answer.status != 200:
        return NoAnswer(clean(answer.error or f"the venue answered {answer.status}", 240))
    try:
        return read_answer(question, answer.body)
    except FrameError as error:
        return NoAnswer(clean(str(error), 240))
