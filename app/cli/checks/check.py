"""What a check of `tapedeck doctor` comes to."""

from typing import Literal

import msgspec

State = Literal["ok", "warn", "fail"]


class Check(msgspec.Struct, frozen=True):
    """One row: what was looked at, how it stands, the fact found, and what to do where it is not ok."""

    name: str
    state: State
    fact: str
    next_step: str = ""
