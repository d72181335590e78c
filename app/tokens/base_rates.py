"""What somebody says who knows nothing of a token but how often such things happen: the twin of each claim. Pure."""

import msgspec

from app.core.calls import Call

CLAIMANT = "token-base-rate"
VERSION = "1"
RISES_BEFORE, RUGS_BEFORE = 0.093, 0.282
"""How often the events happened on recordings of 883 and 864 pools (docs/tokens.md, “Evaluation”)."""
PRIOR_CLAIMS = 20
"""What recordings say counts as so many claims."""


class BaseRate:
    """How often the event of one kind of claim came true: of those that were decided, with recordings as a prior.

    A twin says (true + 20 × prior) / (decided + 20): nothing that was not known when the claim was filed.
    """

    def __init__(self, before: float) -> None:
        """`before`: how often on recordings, 0 to 1."""
        self._before = before
        self._true = self._decided = 0

    @property
    def value(self) -> float:
        """The probability that is claimed of any token now."""
        return (self._true + PRIOR_CLAIMS * self._before) / (self._decided + PRIOR_CLAIMS)

    @property
    def counts(self) -> tuple[int, int]:
        """How many claims came true, and how many were decided."""
        return self._true, self._decided

    def begin(self, true: int, decided: int) -> None:
        """So many claims were decided before."""
        self._true, self._decided = min(true, decided), decided

    def learn(self, happened: bool) -> None:
        """A claim was decided."""
        self._true += happened
        self._decided += 1

    def twin(self, call: Call) -> Call:
        """The call that one of the model must beat: of the same event at the same moment, by the rate so far."""
        return msgspec.structs.replace(
            call, claimant=CLAIMANT, claimant_version=VERSION, probability=self.value, baseline_id=""
        )
