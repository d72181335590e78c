"""What engine and deck say to each other of the screener. Part of `protocol.py`."""

import msgspec


class LookAtScreener(msgspec.Struct, frozen=True, tag="look_at_screener"):
    """Have the bar strategy look at the hours of all watched coins, from now to the end of the run."""
