"""How the interpreter does, as the engine and the deck see it. Pure."""

from typing import Literal

import msgspec

from app.config.settings import ScalperSettings
from app.config.urls import is_loopback
from app.core.text import SafeText

InterpreterState = Literal["off", "refused", "starting", "absent", "no model", "loading", "failing", "ready"]
"""Not enabled; not allowed to ask there; the client is being made; nobody listens; the server lacks the model; the
server reads the model into memory; the model cannot be loaded; questions are asked."""


class InterpreterView(msgspec.Struct, frozen=True, kw_only=True):
    """How the model does. Durations in seconds, None where nothing was measured.

    `message` is a sentence about what is wrong and what to do, empty when nothing is; `doing` says what Ollama is kept
    busy with so that no question is asked now. `digest` is that of the model's weights. `typical_s` is the median of
    the last ten questions, with the deadline for those given up; `measured_s` what an answer really takes; `load_s`
    what loading took, or has taken so far.

    Of `asked` questions `not_sent` were answered at once as failed, `answered` got an answer, `failed` did not, the
    `timeouts` among them because of the deadline; `withdrawn` ones were not wanted any more.
    """

    state: InterpreterState
    model: SafeText
    digest: SafeText = SafeText("")
    message: SafeText = SafeText("")
    doing: SafeText = SafeText("")
    typical_s: float | None = None
    measured_s: float | None = None
    load_s: float | None = None
    asked: int = 0
    answered: int = 0
    failed: int = 0
    timeouts: int = 0
    not_sent: int = 0
    withdrawn: int = 0


def first_state(settings: ScalperSettings) -> tuple[InterpreterState, str]:
    """The state before anything is done, with what is wrong."""
    if not settings.enabled:
        return "off", "no model is asked; scalper.enabled is off"
    if not may_ask(settings):
        return "refused", f"{settings.url} is not on this machine; scalper.allow_remote = true lets it be asked"
    return "starting", ""


def may_ask(settings: ScalperSettings) -> bool:
    """Whether the settings let the model server be asked: it is on this machine, or another one is allowed."""
    return settings.allow_remote or is_loopback(settings.url)
