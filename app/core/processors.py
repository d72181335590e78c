"""How many processors there are to share work among."""

import os


def usable_processors() -> int:
    """How many processors this process may use: those it is bound to, where the system tells of that, else all."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
