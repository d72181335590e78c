"""New tokens in a run: the single writer of what is found and of what is said of it (docs/tokens.md).

Everything here is a function of the inputs. Nothing is asked before `RestoreTokens` has come, which is an input of each
run on a venue and of no imported tape.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from app.config.settings import Settings
from app.core.bus import Bus
from app.core.errors import DataError
from app.core.record import Answer, Request
from app.core.text import clean
from app.engine.connections import Connections
from app.engine.jobs import Jobs
from app.engine.journal import Journal
from app.engine.protocol import CancelJob, Mode, StartJob
from app.engine.protocol_token_detail import LookAtToken
from app.engine.protocol_tokens import ScoreTokens
from app.engine.token_papering import TokenPapering
from app.engine.token_state import RestoreTokens, TokenJudged
from app.engine.watch import MarketWatch

if TYPE_CHECKING:
    from app.engine.token_desk import TokenDesk

TokenCommand = ScoreTokens | RestoreTokens | LookAtToken
_NOT_YET = "New tokens are not looked for yet: try again in a moment"


class Tokens:
    """What the core knows of new tokens."""

    def __init__(
        self, mode: Mode, settings: Settings, watch: MarketWatch, bus: Bus, jobs: Jobs, journal: Journal,
        connections: Connections, sequence: Callable[[], int], paper: TokenPapering,
    ) -> None:  # fmt: skip
        self.paper = paper
        self.desk: TokenDesk | None = None
        """None until tokens are looked for."""
        self.begun: RestoreTokens | None = None
        self.settings = settings
        self._watch, self._bus, self._jobs, self._journal = watch, bus, jobs, journal
        self._connections, self._sequence = connections, sequence
        self._mode: Mode = mode
        bus.subscribe(TokenJudged, journal.token_judged)

    def apply(self, command: StartJob | CancelJob | TokenCommand, now_ms: int) -> tuple[bool, str]:
        """Carry out a command; whether it was, and one sentence about it."""
        if isinstance(command, RestoreTokens):
            self._begin(command, now_ms)
            return True, ""
        if isinstance(command, LookAtToken):
            return self._look(command, now_ms)
        if not self.settings.tokens.enabled:
            return False, "No tokens are looked for: `tokens.enabled` is off"
        if isinstance(command, CancelJob):
            return self._cancel()
        if self.desk is None:
            return False, _NOT_YET
        if isinstance(command, ScoreTokens):
            return self._score(self.desk, command.mints, now_ms)
        mints = tuple(command.subject.split())
        return self._score(self.desk, mints, now_ms) if mints else self._score_all(self.desk, now_ms)

    def answered(self, request: Request, answer: Answer, now_ms: int) -> None:
        """A venue or the model has answered. Raises `FrameError` for the answer to what nobody can have asked."""
        self._connections.answered_about_tokens(request.venue, answer.status, now_ms)
        if self.desk is not None:
            self.desk.answered(request, answer, now_ms)

    def every_second(self, now_ms: int) -> None:
        """Ask what is due."""
        if self.desk is not None:
            self.desk.every_second(now_ms)

    def clock_set_back(self, now_ms: int) -> None:
        """The engine's time went back to `now_ms`."""
        if self.desk is not None:
            self.desk.clock_set_back(now_ms)

    def ask_again(self, now_ms: int) -> None:
        """A recording begins: ask for what it needs of the model's bundle."""
        if self.desk is not None:
            self.desk.trust.ask_again(now_ms)

    def finish(self, now_ms: int) -> None:
        """The run is over. What it claimed of tokens is graded by the next one; of a tape there is none."""
        if self.desk is not None and self._mode == "tape":
            self._journal.run_ended(self.desk.feedback.finish(now_ms))

    def as_begun(self) -> RestoreTokens | None:
        """What a recording that begins now has to begin with; None before tokens are looked for."""
        if self.begun is None or self.desk is None:
            return None
        return msgspec.structs.replace(self.begun, saved=self.desk.feedback.saved(), trouble="")

    def _begin(self, begun: RestoreTokens, now_ms: int) -> None:
        if self.desk is not None or not self.settings.tokens.enabled:
            return
        from app.engine.token_desk import TokenDesk

        self.begun = begun
        self.desk = TokenDesk(
            self.settings, begun, self._watch, self._bus, self._journal, self._settled, self._mode, self._sequence,
            self.paper,
        )  # fmt: skip
        self._take_up(self.desk, begun, now_ms)

    def _take_up(self, desk: "TokenDesk", begun: RestoreTokens, now_ms: int) -> None:
        """What earlier runs predicted waits on; what cannot be read is told of and left."""
        trouble = clean(begun.trouble, 200)
        try:
            labels = 0 if trouble else desk.feedback.restore(begun.saved, now_ms)
        except DataError as error:
            trouble, labels = clean(str(error), 200), 0
        if trouble:
            self._journal.say(now_ms, "warning", "tokens", f"earlier predictions stay without an outcome: {trouble}")
        elif labels:
            self._journal.say(now_ms, "info", "tokens", f"{labels:,} outcomes of earlier predictions are waited for")

    def _look(self, look: LookAtToken, now_ms: int) -> tuple[bool, str]:
        """Have what stands behind a verdict asked for; an empty mint is nothing."""
        if self.desk is not None:
            self.desk.looks.look(look.client, look.mint, now_ms)
        return True, ""

    def _score(self, desk: "TokenDesk", mints: tuple[str, ...], now_ms: int) -> tuple[bool, str]:
        if not mints:
            return False, "No token is named: give its mint"
        done, words = desk.score(mints, now_ms)
        if done:
            self._jobs.begin("tokens", now_ms, words)
        return done, words

    def _score_all(self, desk: "TokenDesk", now_ms: int) -> tuple[bool, str]:
        if self._jobs.runs("tokens"):
            return False, "Tokens are being scored already"
        words = "Scoring what is watched"
        self._jobs.begin("tokens", now_ms, words)
        if not desk.score_all(now_ms):
            self._jobs.end("tokens", "failed", "no token has candles and a price that are new enough")
            return False, "No token that is watched has candles and a price that are new enough yet"
        return True, words

    def _cancel(self) -> tuple[bool, str]:
        if self.desk is None or not self._jobs.runs("tokens"):
            return False, "No tokens are being scored"
        self.desk.give_up()
        self._jobs.end("tokens", "cancelled", "cancelled")
        return True, "The verdicts come when they come; nobody waits for them any more"

    def _settled(self, _now_ms: int) -> None:
        if self.desk is not None and self.desk.waits_for == 0:
            self._jobs.end("tokens", "done", f"{self.desk.judged:,} verdicts so far")
