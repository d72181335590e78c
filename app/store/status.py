"""What the store says of itself."""

from typing import Literal

import msgspec

StoreState = Literal["opening", "saved", "not saved", "temporary", "closed"]
_Part = tuple[int, str, str]
"""How many rows, what became of them, and why."""


class StoreStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Whether rows reach the disk, and the count of every row that was put.

    put = written + unsaved + pending + known + refused + dropped. `unsaved` rows are in memory only; `known` ones were
    in the table already; `refused` ones hold a value the table does not take (`refusal` says which); `dropped` ones
    found the queue or the memory full, or were not written when the store closed. A temporary store counts its rows as
    written. `reason` says why rows are not saved and what to do.
    """

    state: StoreState
    name: str
    reason: str = ""
    written: int = 0
    unsaved: int = 0
    pending: int = 0
    known: int = 0
    refused: int = 0
    dropped: int = 0
    last_commit_age_ms: int | None = None
    moved_aside: str = ""
    refusal: str = ""

    @property
    def lost(self) -> str:
        """How many rows are not on disk, and why; empty when all are."""
        return _all_told((self.unsaved, "in memory only", self.reason), *self._gone)

    @property
    def gone(self) -> str:
        """How many rows reach no disk any more, and why; empty when there are none."""
        return _all_told(*self._gone)

    @property
    def _gone(self) -> tuple[_Part, _Part]:
        return (self.refused, "refused", self.refusal), (self.dropped, "dropped", self.reason)


def _all_told(*parts: _Part) -> str:
    return "; ".join(_told(*part) for part in parts if part[0])


def _told(count: int, what: str, why: str) -> str:
    rows = "1 row" if count == 1 else f"{count:,} rows"
    return f"{rows} {what}: {why}" if why else f"{rows} {what}"
