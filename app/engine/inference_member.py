"""One worker as the pool keeps it: what it is at, since when, and how it has done lately."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Literal

from app.engine.inference_process import WorkerLink
from app.engine.inference_requests import Request
from app.engine.inference_target import Target
from app.tokens.worker_protocol import Ready, ask

_RECENT, _FEWEST = 20, 10


class Member:
    """A worker, from when it is wanted until it is gone. `ready` is what it said of its bundle, None until then.

    States: starting; idle; busy, with `batch` or with a question whether it still answers; leaving, once it was told
    to end, which it does after the answer it is at.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self.link: WorkerLink | None = None
        self.ready: Ready | None = None
        self.state: Literal["starting", "idle", "busy", "leaving"] = "starting"
        self.batch: list[Request] = []
        self.number = 0
        self.refused = ""
        self._now_s = asyncio.get_running_loop().time
        self.since_s = self.heard_s = self._now_s()
        self._failed: deque[bool] = deque(maxlen=_RECENT)

    @property
    def is_idle(self) -> bool:
        """Whether it can be asked now."""
        return self.state == "idle" and self.link is not None and self.link.is_open

    @property
    def is_serving(self) -> bool:
        """Whether it can be asked, now or after what it is at."""
        return self.state in ("idle", "busy")

    @property
    def for_s(self) -> float:
        """How long it has been in its state, in seconds of the loop."""
        return self._now_s() - self.since_s

    def enter(self, state: Literal["idle", "busy", "leaving"]) -> None:
        """Be in another state from now on."""
        self.state = state
        self.since_s = self._now_s()

    def ask(self, batch: Sequence[Request]) -> None:
        """Send it a batch; an empty one asks whether it still answers."""
        self.batch = list(batch)
        self.number += 1
        self.enter("busy")
        if self.link is not None:
            self.link.send(ask(self.number, [request.row for request in batch]))

    def hear(self) -> None:
        """It said something."""
        self.heard_s = self._now_s()

    def take(self) -> list[Request]:
        """What it was asked, which is no longer its affair."""
        batch, self.batch = self.batch, []
        return batch

    def kill(self, reason: str) -> None:
        """End it at once."""
        if self.link is not None:
            self.link.kill(reason)

    def note(self, *, failed: bool) -> None:
        """How a batch ended."""
        self._failed.append(failed)

    @property
    def mostly_fails(self) -> bool:
        """Whether more than half of its last batches failed, of 10 at least."""
        return len(self._failed) >= _FEWEST and sum(self._failed) * 2 > len(self._failed)
