"""What the token model said is stored with what it was told, and what became of it is stored and graded."""

from collections.abc import Iterable

from app.core.bus import Bus
from app.engine.inference_requests import Prediction
from app.engine.journal import Journal
from app.engine.protocol import Mode
from app.engine.token_trust import TokenTrust
from app.feeds.token_questions import Question
from app.scorecards.grader import Graded
from app.store.token_tables import StoredPrediction, StoredTokenOutcome
from app.tokens.answers import Answer
from app.tokens.candles import CandleTable
from app.tokens.claims import TokenClaims
from app.tokens.features import schema
from app.tokens.labels import RISE_HORIZON_S, RUG_HORIZON_S, Entry
from app.tokens.outcomes import Labelled, Outcomes, Predicted, Said
from app.tokens.pages import TokenPool
from app.tokens.saved_predictions import OpenCall, SavedPredictions, decode_saved, encode_saved, open_tokens
from app.tokens.watched import Seen


class TokenFeedback:
    """The predictions of one run and their outcomes: a function of the inputs, as all of the core."""

    def __init__(self, bus: Bus, journal: Journal, mode: Mode, trust: TokenTrust, *, has_key: bool = False) -> None:
        """`trust` is told what became of each prediction; `has_key`: Birdeye may be asked."""
        self.outcomes = Outcomes(has_key=has_key)
        self._claims = TokenClaims()
        self._bus, self._journal, self._mode, self._trust = bus, journal, mode, trust
        self._schema_sha256 = schema().sha256

    def restore(self, saved: bytes, now_ms: int) -> int:
        """Take up what earlier runs predicted and claimed, and what is known of how it turned out; how many labels are
        waited for. Raises `DataError` for what cannot be read."""
        told = decode_saved(saved)
        self.outcomes.restore((each for token in told.tokens for each in token.waiting()), now_ms // 1_000)
        self._trust.restore(told.version, told.hours, told.days)
        self._claims.restore_rates(told.rises, told.rugs)
        for decided in self._claims.restore(told.calls, self.outcomes.waits, now_ms):
            self._bus.publish(Graded(*decided))
        return self.outcomes.open

    def saved(self) -> bytes:
        """What a run that began now would have to take up."""
        version, hours, days = self._trust.counted()
        rises, rugs = self._claims.rates
        return encode_saved(
            SavedPredictions(
                tokens=open_tokens(self.outcomes.waiting()),
                calls=tuple(map(OpenCall, self._claims.calls())),
                version=version,
                hours=hours,
                days=days,
                rises=rises,
                rugs=rugs,
            )
        )

    def predicted(self, seen: Seen, said: Prediction, row: bytes, now_ms: int) -> None:
        """The model has said something: kept with the very bytes it was told, and waited for. What is no probability
        is left out: its verdict says so."""
        if not (0 <= said.p_rise <= 1 and 0 <= said.p_rug <= 1):
            return
        listed, price, liquidity = seen.listed, seen.price, seen.liquidity_usd
        self._journal.keep(
            StoredPrediction(
                mint=listed.mint,
                at_ms=now_ms,
                pool=listed.pool,
                seen_s=seen.at_s,
                created_s=listed.created_s,
                price=price,
                liquidity_usd=liquidity,
                version=said.version,
                p_rise=said.p_rise,
                gain_pct=said.gain_pct,
                p_rug=said.p_rug,
                schema_sha256=self._schema_sha256,
                features=row,
            )
        )
        self._take(self.outcomes.take(_waiting(seen, said, now_ms)), now_ms)

    def claim(self, seen: Seen, said: Prediction, evidence: int, now_ms: int) -> bool:
        """File what the model has said just now, where what becomes of it is waited for: of a rug only where the
        liquidity is known. Whether the claim of a rise was filed."""
        waiting = _waiting(seen, said, now_ms)
        is_filed = self._file(waiting, RISE_HORIZON_S, evidence, seen.priced_s)
        if seen.liquidity_usd:
            self._file(waiting, RUG_HORIZON_S, evidence, seen.priced_s)
        return is_filed

    def _file(self, waiting: Predicted, horizon_s: int, evidence: int, priced_s: int) -> bool:
        if not self.outcomes.waits(waiting.mint, waiting.at_ms, horizon_s):
            return False
        claim = self._claims.file(waiting, horizon_s, source=self._mode, evidence=evidence, priced_s=priced_s)
        for call in claim or ():
            self._bus.publish(call)
        return claim is not None

    def questions(self, now_ms: int) -> list[Question]:
        """What must be asked now to label what is open; what nobody answered in time is given up."""
        self._take(self.outcomes.overdue(now_ms // 1_000), now_ms)
        return self.outcomes.questions(now_ms // 1_000)

    def answered(self, question: Question, told: Answer, now_ms: int) -> bool:
        """An answer has come; whether it was for nobody else."""
        is_mine = self.outcomes.is_mine(question)
        self._take(self.outcomes.answered(question, told, now_ms // 1_000), now_ms)
        return is_mine

    def candles(self, about: TokenPool, table: CandleTable, now_ms: int) -> None:
        """The newest candles of a pool have come."""
        self._take(self.outcomes.candles(about, table, now_ms // 1_000), now_ms)

    def clock_set_back(self, now_ms: int) -> None:
        """The engine's time went back to `now_ms`."""
        self._take(self.outcomes.clock_set_back(now_ms // 1_000), now_ms)

    def finish(self, now_ms: int) -> list[Graded]:
        """Nobody will label what is open: its claims are not graded."""
        return [Graded(*decided) for decided in self._claims.finish(now_ms)]

    def _take(self, labelled: Iterable[Labelled], now_ms: int) -> None:
        for each in labelled:
            self._trust.labelled(each)
            self._journal.token_labelled(_row_of(each, now_ms))
            for decided in self._claims.labelled(each, now_ms):
                self._bus.publish(Graded(*decided))


def _waiting(seen: Seen, said: Prediction, now_ms: int) -> Predicted:
    entry = Entry(seen.at_s, seen.price or 0.0, seen.liquidity_usd)
    return Predicted(seen.listed.mint, seen.listed.pool, now_ms, entry, Said(said.version, said.p_rise, said.p_rug))


def _row_of(each: Labelled, now_ms: int) -> StoredTokenOutcome:
    told, is_hour = each.labels, each.horizon_s == RISE_HORIZON_S
    return StoredTokenOutcome(
        mint=each.predicted.mint,
        at_ms=each.predicted.at_ms,
        horizon_s=each.horizon_s,
        decided_ms=now_ms,
        rises=told.rises if is_hour else None,
        gain_pct=told.gain_pct if is_hour else None,
        high_gain_pct=told.high_gain_pct if is_hour else None,
        falls=None if is_hour else told.falls,
        drains=None if is_hour else told.drains,
        reason=each.reason,
    )
