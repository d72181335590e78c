"""Who looks at which token, and what the model's answer to its features was made of: asked for only then."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from app.core.decoding import UNDECODABLE
from app.core.record import WITHDRAWN, Answer, Request
from app.core.text import clean
from app.engine.inference_requests import Prediction
from app.engine.looks import MOST_LOOKS, Looks
from app.engine.token_state import ATTRIBUTE, PREDICTOR
from app.engine.watch import MarketWatch
from app.tokens.attribution import Attributions
from app.tokens.decision import SWITCHED_OFF, Verdict
from app.tokens.strategies import StrategySays
from app.tokens.watched import Seen

_KEPT = MOST_LOOKS + 8
_AGAIN_MS = 30_000
"""What failed is asked for again after so long, while somebody looks."""
_LOST_MS = 60_000
_read_attributions = msgspec.json.Decoder(Attributions).decode


class Judgement(NamedTuple):
    """All that the newest verdict on a token rests on; `row` is what the model was told, `said` what it answered."""

    seen: Seen
    strategy: StrategySays
    row: bytes
    said: Prediction | None
    verdict: Verdict
    at_ms: int


class _Asked(NamedTuple):
    row: bytes
    at_ms: int
    trouble: str = ""


class TokenLooks:
    """The tokens that clients look at."""

    def __init__(self, watch: MarketWatch, judgements: Mapping[str, Judgement], *, asks: bool) -> None:
        """`judgements` are the newest, by mint; without `asks` the model is switched off and nothing is asked."""
        self._watch, self._judgements, self._asks = watch, judgements, asks
        self._looks: Looks[str] = Looks()
        self._told: OrderedDict[str, tuple[bytes, Attributions]] = OrderedDict()
        self._asked: dict[str, _Asked] = {}
        """Questions without an answer that can be used, by mint; those that failed with their reason."""

    def look(self, client: int, mint: str, now_ms: int) -> None:
        """A client looks at this token from now on, at none when `mint` is empty."""
        self._looks.look(client, mint or None)
        self.every_second(now_ms)

    def every_second(self, now_ms: int) -> None:
        """Ask about what is looked at, once for each verdict."""
        seen = set(self._looks)
        self._asked = {mint: asked for mint, asked in self._asked.items() if mint in seen or not asked.trouble}
        for mint in self._looks:
            judgement = self._judgements.get(mint)
            if judgement is not None and self._is_wanted(mint, judgement.row, now_ms):
                self._asked[mint] = _Asked(judgement.row, now_ms)
                self._watch.ask_of(PREDICTOR, ATTRIBUTE, judgement.row, mint)

    def _is_wanted(self, mint: str, row: bytes, now_ms: int) -> bool:
        if not self._asks or self._known(mint, row) is not None:
            return False
        asked = self._asked.get(mint)
        if asked is None or asked.row != row:
            return True
        return not 0 <= now_ms - asked.at_ms <= (_AGAIN_MS if asked.trouble else _LOST_MS)

    def answered(self, request: Request, answer: Answer, now_ms: int) -> None:
        """The model has answered, or not; what nobody can have asked changes nothing."""
        mint, judgement = request.subject, self._judgements.get(request.subject)
        if answer.error == WITHDRAWN or judgement is None or judgement.row != request.body:
            self._asked.pop(mint, None)
            return
        if answer.status != 200:
            self._asked[mint] = _Asked(request.body, now_ms, clean(answer.error, 200) or "the model has not answered")
            return
        try:
            told = _read_attributions(answer.body)
        except UNDECODABLE as error:
            trouble = f"the model's answer cannot be read: {clean(str(error), 120)}"
            self._asked[mint] = _Asked(request.body, now_ms, trouble)
            return
        self._asked.pop(mint, None)
        self._told.pop(mint, None)
        self._told[mint] = request.body, told
        if len(self._told) > _KEPT:
            self._told.popitem(last=False)

    def of(self, mint: str) -> tuple[Attributions | None, str]:
        """What the answer behind the newest verdict on a token was made of; or why that is not known."""
        judgement = self._judgements.get(mint)
        if judgement is None:
            return None, ""
        known = self._known(mint, judgement.row)
        if known is not None:
            return known, ""
        if not self._asks:
            return None, SWITCHED_OFF
        asked = self._asked.get(mint)
        return None, asked.trouble if asked is not None and asked.trouble else ""

    def _known(self, mint: str, row: bytes) -> Attributions | None:
        found = self._told.get(mint)
        return found[1] if found is not None and found[0] == row else None
