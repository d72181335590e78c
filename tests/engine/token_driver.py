"""A core that looks for new tokens by hand: venues answer from a simulated world, the model as a test says."""

from collections.abc import Callable

import msgspec
import numpy as np
from core_driver import START_MS, Driver
from token_client import KnownLaunches, known

from app.config.settings import MarketsSettings, Settings
from app.config.token_venues import TokensSettings
from app.core.record import Answer, Kind, Request
from app.demo.tokens import birdeye_api, gecko_api, screener_api
from app.demo.tokens.answers import Told
from app.demo.tokens.launch import LaunchSource
from app.demo.tokens.world import TokenWorld
from app.engine.inference_requests import Prediction
from app.engine.token_desk import TokenDesk
from app.engine.token_state import ABOUT_TOKENS, ATTRIBUTE, PREDICTOR, REFERENCE, RestoreTokens, TokenJudged
from app.feeds.token_questions import BIRDEYE, GECKOTERMINAL, from_request
from app.tokens.attribution import attributions, occluded
from app.tokens.reference import BundleReference

Says = Callable[[Request], Prediction | str | None]
BASE_S = START_MS // 1_000
GOOD = Prediction(0.9, 12.5, 0.05, "simulated-1", "SIMULATED")


class TokenDriver(Driver):
    """Whatever is asked about tokens is answered in the second after; by the model with what `says` gives: a
    prediction, why there is none, or None for no answer at all."""

    def __init__(self, source: LaunchSource, *, says: Says = lambda _: GOOD, settings: Settings | None = None) -> None:
        super().__init__(
            settings
            or Settings(markets=MarketsSettings(favourites=("BTC",)), tokens=TokensSettings(minimum_liquidity_usd=1.0))
        )
        self.world = TokenWorld(source, self.now_ms // 1_000)
        self.says = says
        self.reference: BundleReference | str = "the bundle is gone"
        """What the model's bundle says of its training, or why it says nothing."""
        self.down: set[str] = set()
        """Venues that cannot be reached."""
        self.judged: list[TokenJudged] = []
        self.core.bus.subscribe(TokenJudged, self.judged.append)
        self.start()
        self._done = 0

    @property
    def desk(self) -> TokenDesk:
        desk = self.core.tokens.desk
        assert desk is not None
        return desk

    def begin(self, begun: RestoreTokens | None = None) -> None:
        self.put(Kind.COMMAND, begun or RestoreTokens("demo", has_key=False))

    def run(self, seconds: int) -> None:
        """Let seconds pass; in each, what was asked is answered."""
        for _ in range(seconds):
            self.now_ms += 1_000
            self.put(Kind.TIMER)
            self.carry()

    def carry(self) -> None:
        """Answer what is asked about tokens, and what follows from that."""
        while self._done < len(self.asked.requests):
            request = self.asked.requests[self._done]
            self._done += 1
            if request.venue in ABOUT_TOKENS:
                self.put(Kind.REQUEST, request)
                answer = self._answer(request)
                if answer is not None:
                    self.put(Kind.ANSWER, answer)

    def _answer(self, request: Request) -> Answer | None:
        if request.channel == REFERENCE:
            told = self.reference
            if isinstance(told, str):
                return Answer(request.request_id, 0, b"", told)
            return Answer(request.request_id, 200, msgspec.json.encode(told))
        if request.channel == ATTRIBUTE:
            return self._apart(request)
        if request.venue == PREDICTOR:
            said = self.says(request)
            if said is None or isinstance(said, str):
                return None if said is None else Answer(request.request_id, 0, b"", said)
            return Answer(request.request_id, 200, msgspec.json.encode(said))
        if request.venue in self.down:
            return Answer(request.request_id, 0, b"", "cannot be reached")
        answered = self._told(request)
        return Answer(request.request_id, answered.status, answered.body)

    def _apart(self, request: Request) -> Answer | None:
        """The model's answer taken apart: the same to every row, whatever is hidden."""
        said = self.says(request)
        if said is None or isinstance(said, str):
            return None if said is None else Answer(request.request_id, 0, b"", said)
        hidden = occluded(np.frombuffer(request.body, dtype="<f4").astype(np.float32))
        same = [(said.p_rise, said.gain_pct, said.p_rug)] * len(hidden.rows)
        return Answer(request.request_id, 200, msgspec.json.encode(attributions(hidden, same, said.version)))

    def _told(self, request: Request) -> Told:
        question, now_s, world = from_request(request), self.now_ms // 1_000, self.world
        query = dict(question.query)
        match question.venue, question.name:
            case (venue, "new_pools") if venue == GECKOTERMINAL:
                return gecko_api.new_pools(world, query, now_s)
            case (venue, "candles") if venue == GECKOTERMINAL:
                return gecko_api.candles(world, question.parts[0], "minute", query, now_s)
            case (venue, "holders") if venue == GECKOTERMINAL:
                return gecko_api.token_info(world, question.parts[0], now_s)
            case (venue, _) if venue == BIRDEYE:
                return birdeye_api.overview(world, query, now_s)
        return screener_api.tokens(world, "solana", question.parts[0], now_s)


def launched(*ages_s: int, dead: bool = False) -> KnownLaunches:
    """Launches of these ages at the start of a driver."""
    launches = [known(number, 0, dead=dead)._replace(created_s=BASE_S - age) for number, age in enumerate(ages_s)]
    return KnownLaunches(sorted(launches, key=lambda launch: launch.created_s))


def mint(number: int) -> str:
    """The mint of the launch with this number."""
    return known(number, 0).mint


def begun(source: KnownLaunches, **more: object) -> TokenDriver:
    """A driver that looks for tokens."""
    driver = TokenDriver(source, **more)  # type: ignore[arg-type]
    driver.begin()
    return driver
