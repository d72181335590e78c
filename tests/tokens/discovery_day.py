"""Discovery against the simulated venues' own answers, without sockets: each question is answered after a second."""

import functools

from app.config.token_venues import TokensSettings
from app.core.record import Request
from app.core.text import clean
from app.demo.tokens import birdeye_api, gecko_api, screener_api
from app.demo.tokens.answers import Told
from app.demo.tokens.launch import Launch, LaunchSource
from app.demo.tokens.world import TokenWorld
from app.feeds.token_questions import BIRDEYE, GECKOTERMINAL, Question, from_request, request_body
from app.tokens.answers import Answer, NoAnswer, read_answer
from app.tokens.discovery import Discovery
from app.tokens.found import Event
from app.tokens.watched import Seen


class _Remembered:
    """A launch whose life is made once."""

    def __init__(self, launch: Launch) -> None:
        self.mint, self.pool, self.symbol = launch.mint, launch.pool, launch.symbol
        self.dex, self.created_s = launch.dex, launch.created_s
        self.path = functools.cache(launch.path)


class Remembered:
    """The launches of a source whose lives take time to make: a world keeps only some of them."""

    def __init__(self, source: LaunchSource) -> None:
        self._source = source
        self._known: dict[str, Launch] = {}

    def launches(self, from_s: int, to_s: int) -> list[Launch]:
        """As its source gives them."""
        made = self._source.launches(from_s, to_s)
        return [self._known.setdefault(launch.mint, _Remembered(launch)) for launch in made]


class Day:
    """A discovery and the venues it asks. `asked` are the questions so far with their times."""

    def __init__(
        self, source: LaunchSource, now_s: int, settings: TokensSettings, *, has_key: bool = False, least: int = 12
    ) -> None:
        self.now_s = now_s
        self.world = TokenWorld(source, now_s)
        self.discovery = Discovery(settings, least, has_key=has_key)
        self.asked: list[tuple[int, Question]] = []
        self.events: list[Event] = []
        self.down: set[str] = set()
        """Venues, routes as `venue name`, or subjects of questions that nobody answers about."""

    def run(self, seconds: int, step_s: int = 1) -> list[Event]:
        """Let time pass; what has come of it."""
        before = len(self.events)
        for _ in range(0, seconds, step_s):
            questions = self.discovery.questions(self.now_s)
            self.asked += [(self.now_s, question) for question in questions]
            self.now_s += step_s
            for question in questions:
                self.events += self.discovery.answered(question, self._answer(question), self.now_s)
        return self.events[before:]

    def seen(self) -> list[Seen]:
        """Tokens that were ready so far."""
        return [event for event in self.events if isinstance(event, Seen)]

    def _answer(self, question: Question) -> Answer:
        if self.down & {question.venue, f"{question.venue} {question.name}", question.subject}:
            return NoAnswer(clean("it is down"))
        # Through a request, as an engine carries it.
        body = request_body(question)
        carried = from_request(Request(1, question.venue, question.name, body, question.subject))
        told = self._told(carried)
        return read_answer(question, told.status, told.body, "")

    def _told(self, question: Question) -> Told:
        query, world, now_s = dict(question.query), self.world, self.now_s
        match question.venue, question.name:
            case (venue, "new_pools") if venue == GECKOTERMINAL:
                return gecko_api.new_pools(world, query, now_s)
            case (venue, "candles") if venue == GECKOTERMINAL:
                return gecko_api.candles(world, question.parts[0], "minute", query, now_s)
            case (venue, "holders") if venue == GECKOTERMINAL:
                return gecko_api.token_info(world, question.parts[0], now_s)
            case (venue, "overview") if venue == BIRDEYE:
                return birdeye_api.overview(world, query, now_s)
            case (venue, "candles") if venue == BIRDEYE:
                return birdeye_api.candles(world, query, now_s)
        return screener_api.tokens(world, "solana", question.parts[0], now_s)
