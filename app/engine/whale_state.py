"""Inputs of a run's own that are about followed traders: what it begins with, and what it learns of its machine."""

import msgspec


class RestoreWhales(msgspec.Struct, frozen=True, tag="restore_whales"):
    """What was saved of followed traders, empty when nothing was. An input of the engine's own; no client may send it.

    `trouble` says why it could not be read, and is empty when it could; nothing is saved over it then. Local time is
    `ahead_minutes` ahead of UTC. `regime_model` is the trained model of regimes, empty where there is none.
    """

    state: bytes
    trouble: str = ""
    ahead_minutes: int = 0
    regime_model: bytes = b""


class UseLocalTime(msgspec.Struct, frozen=True, tag="use_local_time"):
    """Local time is `ahead_minutes` ahead of UTC from now on: summer time begins or ends, or the user has travelled."""

    ahead_minutes: int
