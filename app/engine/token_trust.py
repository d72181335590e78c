"""Whether the bundle that answers can be believed now: what it is asked about against what it was trained on, and what
became of what it said against what it promised (docs/tokens.md, “Drift and calibration”).

All of it is a function of the inputs: the reference, too, is an answer on the tape. So a replay trusts as the run did.
"""

from collections import OrderedDict, deque
from collections.abc import Iterable

import msgspec
import numpy as np

from app.core.decoding import UNDECODABLE
from app.core.record import Answer, Request
from app.core.text import clean
from app.engine.inference_requests import Prediction
from app.engine.protocol_tokens import FeatureDriftRow, HeadScoreRow, ModelTrust
from app.engine.token_state import PREDICTOR, REFERENCE
from app.engine.watch import MarketWatch
from app.tokens.candles import SLOTS
from app.tokens.drift import LEAST_TOKENS
from app.tokens.features import Singles
from app.tokens.heads import P_RISE, P_RUG
from app.tokens.input_drift import WINDOW, FeatureDrift, InputDrift
from app.tokens.labels import RISE_HORIZON_S, RUG_HORIZON_S
from app.tokens.outcome_score import LEAST_OUTCOMES, OutcomeScore
from app.tokens.outcomes import Labelled
from app.tokens.reference import BundleReference, Trained, flaw_of
from app.tokens.saved_predictions import MOST_COUNTED, CountedOutcome

MOST_ERROR = 0.10
"""A calibration error that is so much above that of training, and no chance, takes the trust away."""
_AGAIN_MS = 60_000
_MOST_TOKENS = 5_000
_NAMES = {P_RISE: "P(rise)", P_RUG: "P(rug)"}
_HEADS = {RISE_HORIZON_S: P_RISE, RUG_HORIZON_S: P_RUG}
_read_reference = msgspec.json.Decoder(BundleReference).decode


class TokenTrust:
    """Of one run: the newest bundle that has answered, from its first answer on."""

    def __init__(self, watch: MarketWatch) -> None:
        self._watch = watch
        self._candles: deque[int] = deque(maxlen=WINDOW)
        self._forget("")

    def _forget(self, version: str) -> None:
        """Another bundle answers: what is known of the one before says nothing of it."""
        self._version = version
        self.doubt = ""
        """Why what the model says must not count; empty while nothing speaks against it."""
        self._reference: BundleReference | None = None
        self._trouble, self._asked_ms = "", None
        self._early: deque[tuple[str, Singles]] = deque(maxlen=WINDOW)
        self._inputs: InputDrift | None = None
        self._scores = {P_RISE: OutcomeScore(), P_RUG: OutcomeScore()}
        self._counted: dict[str, OrderedDict[str, int]] = {P_RISE: OrderedDict(), P_RUG: OrderedDict()}
        self._outcomes: dict[str, deque[CountedOutcome]] = {head: deque(maxlen=MOST_COUNTED) for head in self._scores}
        self._features: tuple[FeatureDrift, ...] = ()
        self._changed = True

    _asked_ms: int | None

    @property
    def padded_pct(self) -> float | None:
        """The share of empty slots in what was judged lately; None before the first."""
        count = len(self._candles)
        return 100 * (1 - sum(self._candles) / (SLOTS * count)) if count else None

    def doubt_about(self, version: str) -> str:
        """Why what a bundle says must not count; of another one than answered last nothing is known."""
        return self.doubt if version == self._version else ""

    def judged(self, candles: int) -> None:
        """A token with so many candles in its window is judged."""
        self._candles.append(candles)

    def said(self, mint: str, row: bytes, said: Prediction, now_ms: int) -> None:
        """The model has answered to this row of a token."""
        if said.version != self._version:
            self._forget(said.version)
        told = np.frombuffer(row, dtype="<f4").astype(np.float32)
        if self._inputs is None:
            self._early.append((mint, told))
            self._ask(now_ms)
        else:
            self._inputs.add(mint, told)
        self._changed = True

    def restore(self, version: str, hours: Iterable[CountedOutcome], days: Iterable[CountedOutcome]) -> None:
        """What became of what a bundle said before this run, oldest first. It is taken to be the one that answers until
        another does; without a version nothing is known."""
        if not version:
            return
        self._forget(version)
        for horizon_s, outcomes in ((RISE_HORIZON_S, hours), (RUG_HORIZON_S, days)):
            for each in outcomes:
                self._count(each, horizon_s)

    def counted(self) -> tuple[str, tuple[CountedOutcome, ...], tuple[CountedOutcome, ...]]:
        """The bundle that answers, and its newest outcomes that count, of hours and of days: what `restore` takes."""
        return self._version, tuple(self._outcomes[P_RISE]), tuple(self._outcomes[P_RUG])

    def labelled(self, each: Labelled) -> None:
        """It is known what became of something within an hour or a day, or that nobody will know."""
        predicted, happened = each.predicted, each.happened
        if predicted.said.version != self._version or happened is None:
            return
        p = predicted.said.p_rise if each.horizon_s == RISE_HORIZON_S else predicted.said.p_rug
        self._count(CountedOutcome(predicted.mint, predicted.at_ms, p, happened), each.horizon_s)

    def _count(self, each: CountedOutcome, horizon_s: int) -> None:
        head = _HEADS[horizon_s]
        if self._is_its_own(head, each.mint, each.at_ms, horizon_s):
            self._scores[head].add(each.p, happened=each.happened)
            self._outcomes[head].append(each)
            self._changed = True

    def _is_its_own(self, head: str, mint: str, at_ms: int, horizon_s: int) -> bool:
        """Whether no outcome that counts already shares its time: what overlaps would count one move twice."""
        counted = self._counted[head]
        before_ms = counted.get(mint)
        if before_ms is not None and at_ms < before_ms + 1_000 * horizon_s:
            return False
        counted.pop(mint, None)
        counted[mint] = at_ms
        if len(counted) > _MOST_TOKENS:
            counted.popitem(last=False)
        return True

    # The reference.

    def _ask(self, now_ms: int) -> None:
        if self._asked_ms is None or not 0 <= now_ms - self._asked_ms < _AGAIN_MS:
            self._asked_ms = now_ms
            self._watch.ask_of(PREDICTOR, REFERENCE, self._version.encode(), self._version)

    def ask_again(self, now_ms: int) -> None:
        """A tape begins: it should hold what a replay needs to come to the same trust."""
        if self._version:
            self._asked_ms = None
            self._ask(now_ms)

    def answered(self, request: Request, answer: Answer) -> None:
        """The reference of a bundle has come, or not."""
        if not self._version:
            # A tape that was begun midway tells of the bundle before anything the bundle said.
            self._forget(request.subject)
        if request.subject != self._version or self._inputs is not None:
            return
        self._changed = True
        if answer.status != 200:
            self._trouble = clean(answer.error, 200) or "it was not told"
            return
        try:
            reference = _read_reference(answer.body)
        except UNDECODABLE as error:
            self._trouble = f"it cannot be read: {clean(str(error), 120)}"
            return
        self._trouble = clean(flaw_of(reference), 200)
        if not self._trouble:
            self._reference, self._inputs = reference, InputDrift(reference.drift)
            while self._early:
                self._inputs.add(*self._early.popleft())

    # What it comes to.

    def every_second(self) -> None:
        """Reckon anew what has changed."""
        if self._changed:
            self._changed = False
            self._features = () if self._inputs is None else self._inputs.features()
            self.doubt = self._doubt()

    def _doubt(self) -> str:
        """Outcomes go before inputs: drift is a suspicion, and what became of the answers is evidence."""
        found = next((doubt for head in self._scores if (doubt := self._doubt_of(head))), "")
        unlike = [each for each in self._features if each.word == "unlike"]
        if found or not unlike or all(score.side_of_base > 0 for score in self._scores.values()):
            return found
        worst, more = unlike[0], f" and {len(unlike) - 1} more" if len(unlike) > 1 else ""
        return f"what it is asked about is unlike its training: {worst.name} (PSI {worst.psi:.2f}){more}"

    def _doubt_of(self, head: str) -> str:
        score, trained, name = self._scores[head], self._trained(head), _NAMES[head]
        if score.side_of_base < 0:
            briers = f"Brier {score.brier:.3f} against {score.base_brier:.3f}"
            return f"{name} does worse than the base rate: {briers} (n {score.n})"
        before = None if trained is None else trained.calibration_error
        if before is not None and score.is_off(before, MOST_ERROR):
            return f"{name} is off: ECE {score.calibration_error:.3f} against {before:.3f} in training (n {score.n})"
        return ""

    def _trained(self, head: str) -> Trained | None:
        return None if self._reference is None else self._reference.trained.get(head)

    def view(self) -> ModelTrust:
        """What a deck is shown of it."""
        inputs = self._inputs
        return ModelTrust(
            version=clean(self._version, 100),
            reference_trouble=self._trouble,
            rows=0 if inputs is None else inputs.rows,
            tokens=0 if inputs is None else inputs.tokens,
            drift=tuple(FeatureDriftRow(*each) for each in self._features),
            scores=tuple(self._score_row(head) for head in self._scores),
            least_tokens=LEAST_TOKENS,
            least_outcomes=LEAST_OUTCOMES,
        )

    def _score_row(self, head: str) -> HeadScoreRow:
        score, trained = self._scores[head], self._trained(head)
        return HeadScoreRow(
            _NAMES[head],
            score.n,
            score.brier,
            score.base_brier,
            score.calibration_error,
            None if trained is None else trained.brier,
            None if trained is None else trained.calibration_error,
        )
