"""New tokens in a run that looks for them: what discovery asks and finds, what the model says, and the verdicts.

Questions leave as requests and answers come as inputs, those of the model too: a replay gives the same verdicts without
a venue and without a worker. Imported once tokens are wanted: by then a deck should have been painted.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from app.config.settings import Settings
from app.core.bus import Bus
from app.core.decoding import UNDECODABLE
from app.core.errors import DataError, FrameError
from app.core.record import WITHDRAWN, Answer, Request
from app.core.text import clean
from app.core.tokens import solana_address_of
from app.engine.inference_requests import Prediction
from app.engine.journal import Journal
from app.engine.protocol import Mode
from app.engine.protocol_tokens import TokenRow
from app.engine.token_features import TokenFeatures
from app.engine.token_feedback import TokenFeedback
from app.engine.token_looks import Judgement, TokenLooks
from app.engine.token_papering import TokenPapering
from app.engine.token_state import ATTRIBUTE, PREDICT, PREDICTOR, REFERENCE, RestoreTokens, TokenJudged
from app.engine.token_trust import TokenTrust
from app.engine.token_verdict import judged_of, row_of
from app.engine.watch import MarketWatch
from app.feeds.token_questions import Question, from_request, request_body
from app.tokens.answers import Pools, read_answer
from app.tokens.decision import ModelSays, decide
from app.tokens.discovery import Discovery
from app.tokens.found import CandlesCame, Ended, Event, HoldersBack, HoldersMissing, StatesBack, StatesMissing, Unknown
from app.tokens.labels import RISE_HORIZON_S
from app.tokens.outcomes import SETTLED_S
from app.tokens.pages import TokenPool
from app.tokens.rejections import Look, Rejections
from app.tokens.strategies import StrategySays
from app.tokens.watched import Seen

ROWS_KEPT = 300
LOST_MS = 120_000
"""A question to the model without an answer for so long is given up: on a tape begun midway it may be missing."""
BY_HAND_MS = 900_000
"""Who asked for a token by hand waits for so long: then the venues have not told of it, and it is said so."""
_read_prediction = msgspec.json.Decoder(Prediction).decode


class _Asked(NamedTuple):
    """What the model was asked about."""

    seen: Seen
    strategy: StrategySays
    row: bytes
    at_ms: int


class TokenDesk:
    """One run's new tokens."""

    def __init__(
        self, settings: Settings, begun: RestoreTokens, watch: MarketWatch, bus: Bus, journal: Journal,
        settled: Callable[[int], None], mode: Mode, sequence: Callable[[], int], paper: TokenPapering,
    ) -> None:  # fmt: skip
        """`settled` is called when something that was asked for by hand may be done, `sequence` gives the number of the
        input that is being taken."""
        rules = settings.token_decision
        self.features = TokenFeatures(settings.token_model)
        self.discovery = Discovery(settings.tokens, rules.minimum_candles, has_key=begun.has_key)
        self.rows: OrderedDict[str, TokenRow] = OrderedDict()
        """The newest verdict on each token, the newest last."""
        self.judgements: dict[str, Judgement] = {}
        """What each of `rows` rests on."""
        self.judged = self.held_back = 0
        self.holders_missing = self.states_missing = ""
        self.version = 0
        """Counts changes of what a deck is shown."""
        self.source = begun.source
        self.rules, self.sizes = rules, settings.token_sizing
        self.looks = TokenLooks(watch, self.judgements, asks=rules.use_model)
        self._watch, self._bus, self._journal, self._settled = watch, bus, journal, settled
        self._rejections = Rejections(rules.rejected_s)
        self._asked: dict[str, _Asked] = {}
        self._by_hand: dict[str, int] = {}
        """Tokens that somebody waits for, each with when it was asked for."""
        self.trust = TokenTrust(watch)
        self.feedback = TokenFeedback(bus, journal, mode, self.trust, has_key=begun.has_key)
        self._sequence = sequence
        self._paper = paper

    @property
    def waits_for(self) -> int:
        """How many tokens that somebody asked for have no verdict yet."""
        return len(self._by_hand)

    def every_second(self, now_ms: int) -> None:
        """Ask what is due, and give up what the model has not answered."""
        for question in (*self.discovery.questions(now_ms // 1_000), *self.feedback.questions(now_ms)):
            self._watch.ask_of(question.venue, question.name, request_body(question), question.subject)
        self.looks.every_second(now_ms)
        self._paper.every_second(now_ms)
        self.trust.every_second()
        self._give_up_what_is_late(now_ms)
        for mint in [mint for mint, asked in self._asked.items() if now_ms - asked.at_ms > LOST_MS]:
            self._judge(self._asked.pop(mint), None, "the model has not answered", now_ms)

    def clock_set_back(self, now_ms: int) -> None:
        """The engine's time went back to `now_ms`: what waits for a moment must not wait for that of before."""
        now_s = now_ms // 1_000
        self._asked = {mint: asked._replace(at_ms=min(asked.at_ms, now_ms)) for mint, asked in self._asked.items()}
        self._by_hand = {mint: min(asked_ms, now_ms) for mint, asked_ms in self._by_hand.items()}
        self._rejections.clock_set_back(now_ms / 1_000)
        self.discovery.clock_set_back(now_s)
        self.feedback.clock_set_back(now_ms)

    def answered(self, request: Request, answer: Answer, now_ms: int) -> None:
        """A venue or the model has answered. Raises `FrameError` for the answer to what nobody can have asked."""
        if request.venue == PREDICTOR and request.channel == ATTRIBUTE:
            self.looks.answered(request, answer, now_ms)
        elif request.venue == PREDICTOR and request.channel == REFERENCE:
            self.trust.answered(request, answer)
        elif request.venue == PREDICTOR:
            self._model_said(request, answer, now_ms)
        elif answer.error != WITHDRAWN:
            question = _question_in(request)
            told = read_answer(question, answer.status, answer.body, answer.error)
            if question.name == "pairs":
                self._paper.looked(question, told.rows.rows if isinstance(told, Pools) else None, now_ms)
            if not self.feedback.answered(question, told, now_ms):
                for event in self.discovery.answered(question, told, now_ms // 1_000):
                    self._take(event, now_ms)
            self.version += 1

    # By hand.

    def score_all(self, now_ms: int) -> int:
        """Judge all that is watched now, by what is known of it; how many tokens that are."""
        known = [token.known(now_ms // 1_000) for token in self.discovery.watched.values()]
        for seen in known:
            if seen is not None:
                self._by_hand[seen.listed.mint] = now_ms
                self._consider(seen, now_ms)
        return sum(seen is not None for seen in known)

    def score(self, mints: tuple[str, ...], now_ms: int) -> tuple[bool, str]:
        """Have these judged as soon as the venues have told of them; whether they will be, and one sentence."""
        wrong = next((mint for mint in mints if solana_address_of(mint) is None), None)
        if wrong is not None:
            return False, f"{clean(wrong, 48)!r} is no token's address on Solana (32 to 44 letters and digits)"
        taken = [mint for mint in dict.fromkeys(mints) if self.discovery.want(mint, now_ms // 1_000)]
        self._by_hand.update(dict.fromkeys(taken, now_ms))
        if len(taken) < len(set(mints)):
            return bool(taken), f"{len(taken)} of {len(set(mints))} tokens are scored: too many were asked for lately"
        return True, f"Scoring {len(taken)} token{'' if len(taken) == 1 else 's'}"

    def give_up(self) -> None:
        """Nobody waits for what was asked for by hand any more."""
        self._by_hand.clear()

    def _give_up_what_is_late(self, now_ms: int) -> None:
        late = (mint for mint, asked_ms in self._by_hand.items() if now_ms - asked_ms > BY_HAND_MS)
        for mint in [mint for mint in late if mint not in self._asked]:
            self._cannot_score(mint, f"the venues have not told of it in {BY_HAND_MS // 60_000} minutes", now_ms)

    # What was found.

    def _take(self, event: Event, now_ms: int) -> None:
        match event:
            case Seen():
                self._consider(event, now_ms)
            case CandlesCame():
                self.feedback.candles(TokenPool(event.mint, event.pool), event.table, now_ms)
            case Ended():
                self._paper.ended(event.reason, now_ms)
                if event.mint in self._by_hand and event.mint not in self._asked:
                    self._cannot_score(event.mint, f"it is watched no longer: {event.reason}", now_ms)
            case HoldersMissing():
                self.holders_missing = f"no holders of {event.failures} tokens in a row: {event.reason}"
                self._journal.say(now_ms, "warning", "tokens", self.holders_missing)
            case HoldersBack():
                self.holders_missing = ""
                self._journal.say(now_ms, "info", "tokens", "numbers of holders are told again")
            case StatesMissing():
                self.states_missing = f"not judged by prices older than {event.fresh_s} s; DexScreener: {event.reason}"
                self._journal.say(now_ms, "warning", "tokens", f"tokens are {self.states_missing}")
            case StatesBack():
                self.states_missing = ""
                self._journal.say(now_ms, "info", "tokens", "prices of tokens are told again")
            case Unknown():
                self._cannot_score(event.mint, event.reason, now_ms)

    def _consider(self, seen: Seen, now_ms: int) -> None:
        """Ask the model about a token that is ready, unless it was rejected lately and is as it was."""
        mint, look = seen.listed.mint, _look_of(seen)
        is_wanted = mint in self._by_hand
        if not is_wanted and not self._rejections.may_judge(mint, look, now_ms / 1_000):
            self.held_back += 1
            return
        told = self.features.of(seen)
        self.trust.judged(told.chart.window.candles)
        asked = _Asked(seen, told.chart.strategy, told.row, now_ms)
        if not self.rules.use_model:
            self._judge(asked, None, "", now_ms)
            return
        self._asked[mint] = asked
        self._watch.ask_of(PREDICTOR, PREDICT, asked.row, mint)

    def _model_said(self, request: Request, answer: Answer, now_ms: int) -> None:
        asked = self._asked.get(request.subject)
        if asked is None or asked.row != request.body:
            return
        del self._asked[request.subject]
        if answer.status != 200:
            self._judge(asked, None, clean(answer.error, 200), now_ms)
            return
        try:
            said = _read_prediction(answer.body)
        except UNDECODABLE as error:
            self._judge(asked, None, f"the model's answer cannot be read: {clean(str(error), 120)}", now_ms)
        else:
            self._judge(asked, said, "", now_ms)

    def _judge(self, asked: _Asked, said: Prediction | None, why_none: str, now_ms: int) -> None:
        """Decide by what the model said, or by what is known without it, and let everybody know."""
        seen = asked.seen
        model = None if said is None else ModelSays(said.p_rise, said.p_rug, said.origin)
        verdict = decide(
            model, asked.strategy, seen.window.candles, self.rules, source=self.source, why_none=why_none,
            doubt=self.trust.doubt if said is None else self.trust.doubt_about(said.version),
        )  # fmt: skip
        judgement = Judgement(seen, asked.strategy, asked.row, said, verdict, now_ms)
        judged = judged_of(judgement, asked.at_ms)
        self.judged += 1
        self._remember(judgement)
        self._bus.publish(judged)
        self._file(judgement)
        self._paper.judged(seen, verdict, now_ms)
        self._show(judgement, judged)
        self._done(seen.listed.mint, now_ms)

    def _remember(self, judgement: Judgement) -> None:
        """What was rejected is not judged again so soon."""
        mint = judgement.seen.listed.mint
        if judgement.verdict.ruling == "REJECTED":
            self._rejections.note(mint, _look_of(judgement.seen), judgement.at_ms / 1_000)
        else:
            self._rejections.forget(mint)

    def _file(self, judgement: Judgement) -> None:
        """What the model said is stored and waits for its outcome; what counted is claimed as well."""
        seen, said, verdict, now_ms = judgement.seen, judgement.said, judgement.verdict, judgement.at_ms
        if said is None:
            return
        self.trust.said(seen.listed.mint, judgement.row, said, now_ms)
        self.feedback.predicted(seen, said, judgement.row, now_ms)
        if verdict.p_rise is not None and verdict.ruling != "NOT JUDGED":
            self._claim(seen, said, now_ms)

    def _claim(self, seen: Seen, said: Prediction, now_ms: int) -> None:
        """File what the model said, and have the candles asked for that will decide whether it rises."""
        if self.feedback.claim(seen, said, self._sequence(), now_ms):
            self.discovery.hold(seen.listed.mint, seen.at_s + RISE_HORIZON_S + SETTLED_S)

    def _show(self, judgement: Judgement, judged: TokenJudged) -> None:
        mint = judged.mint
        self.judgements[mint] = judgement
        self.rows.pop(mint, None)
        self.rows[mint] = row_of(judgement, judged, self.rules)
        if len(self.rows) > ROWS_KEPT:
            oldest, _ = self.rows.popitem(last=False)
            del self.judgements[oldest]
        self.version += 1

    def _cannot_score(self, mint: str, reason: str, now_ms: int) -> None:
        self._journal.say(now_ms, "warning", "tokens", f"{mint} cannot be scored: {reason}")
        self._done(mint, now_ms)

    def _done(self, mint: str, now_ms: int) -> None:
        if self._by_hand.pop(mint, None) is not None:
            self._settled(now_ms)


def _question_in(request: Request) -> Question:
    try:
        return from_request(request)
    except DataError as error:
        raise FrameError(str(error)) from error


def _look_of(seen: Seen) -> Look:
    return Look(seen.price, seen.liquidity_usd, None if seen.holders is None else seen.holders.count)
