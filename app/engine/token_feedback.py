"""What the token model said is stored with what it was told, and what became of it is stored and graded."""

from collections.abc import Callable, Iterable

from app.core.bus import Bus
from app.engine.inference_requests import Prediction
from app.engine.journal import Journal
from app.engine.protocol import Mode
from app.feeds.token_questions import Question
from app.scorecards.grader import Graded
from app.store.token_tables import StoredPrediction, StoredTokenOutcome
from app.tokens.answers import Answer
from app.tokens.candles import CandleTable
from app.tokens.claims import Decided, RugClaims
from app.tokens.features import schema
from app.tokens.labels import RISE_HORIZON_S, RUG_HORIZON_S, Entry, Levels
from app.tokens.outcomes import Labelled, Outcomes, Predicted
from app.tokens.watched import Seen


class TokenFeedback:
    """The predictions of one run and their outcomes: a function of the inputs, as all of the core."""

    def __init__(
        self, bus: Bus, journal: Journal, mode: Mode, heard: Callable[[Labelled], None], *, has_key: bool = False
    ) -> None:
        """`heard` is told what became of each prediction; `has_key`: Birdeye may be asked."""
        self.outcomes = Outcomes(has_key=has_key)
        self._claims = RugClaims()
        self._bus, self._journal, self._mode, self._heard = bus, journal, mode, heard
        self._schema_sha256 = schema().sha256

    def predicted(self, seen: Seen, said: Prediction, row: bytes, now_ms: int) -> None:
        """The model has said something: kept with the very bytes it was told, and waited for. What is no probability
        is left out: its verdict says so."""
        if not (0 <= said.p_rise <= 1 and 0 <= said.p_rug <= 1):
            return
        listed, price, liquidity = seen.listed, seen.price, liquidity_of(seen)
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
        self._take(self.outcomes.take(_waiting(seen, now_ms)), now_ms)

    def claim(self, seen: Seen, p_rug: float, version: str, evidence: int, now_ms: int) -> None:
        """File what the model says of a rug, where it can be known what becomes of it."""
        if not liquidity_of(seen):
            return
        waiting = _waiting(seen, now_ms)
        claim = self._claims.file(waiting, p_rug, version, source=self._mode, now_ms=now_ms, evidence=evidence)
        for call in claim or ():
            self._bus.publish(call)

    def levels(self, mint: str) -> Levels | None:
        """The liquidity of a token's pool as it was told since its first open prediction."""
        return self.outcomes.levels(self.outcomes.pool(mint))

    def questions(self, now_ms: int) -> list[Question]:
        """What must be asked now to label what is open; what nobody answered in time is given up."""
        self._take(self.outcomes.overdue(now_ms // 1_000), now_ms)
        return self.outcomes.questions(now_ms // 1_000)

    def answered(self, question: Question, told: Answer, now_ms: int) -> bool:
        """An answer has come; whether it was for nobody else."""
        is_mine = self.outcomes.is_mine(question)
        self._take(self.outcomes.answered(question, told, now_ms // 1_000), now_ms)
        return is_mine

    def candles(self, mint: str, table: CandleTable, now_ms: int) -> None:
        """The newest candles of a token have come."""
        self._take(self.outcomes.candles(mint, table, now_ms // 1_000), now_ms)

    def finish(self, now_ms: int) -> list[Graded]:
        """The run ends: claims that are open will not be graded."""
        return [Graded(*decided) for decided in self._claims.finish(now_ms)]

    def _take(self, labelled: Iterable[Labelled], now_ms: int) -> None:
        for each in labelled:
            self._heard(each)
            self._journal.token_labelled(_row_of(each, now_ms))
            for decided in self._decided(each, now_ms):
                self._bus.publish(Graded(*decided))

    def _decided(self, each: Labelled, now_ms: int) -> list[Decided]:
        is_rug = each.horizon_s == RUG_HORIZON_S
        return self._claims.labelled(each.predicted, each.labels.rugs, each.reason, now_ms) if is_rug else []


def liquidity_of(seen: Seen) -> float | None:
    """Dollars in the pool that a token's candles are of; None where they are not told, or are another pool's."""
    state = seen.state
    return None if state is None or state.pool != seen.listed.pool else state.liquidity_usd


def _waiting(seen: Seen, now_ms: int) -> Predicted:
    return Predicted(
        seen.listed.mint, seen.listed.pool, now_ms, Entry(seen.at_s, seen.price or 0.0, liquidity_of(seen))
    )


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
        falls=told.falls,
        drains=told.drains,
        reason=each.reason,
    )
