"""What a program frees goes back to the system, where the system's allocator can be told so."""

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""Numbers of parameters in glibc's malloc.h."""
_LARGE = 65_536


def give_back_freed_memory() -> bool:
    """Have blocks of 64 KiB and more go back when they are freed, and threads share one heap; whether that could be.

    Left alone, glibc keeps tens of megabytes of what was freed, in a heap for each thread: an answer of some megabytes
    that is read once stays in the size of the process. To be called before there are threads; elsewhere than on glibc
    nothing happens.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library
        return False
    wanted = ((_ARENA_MAX, 1), (_MMAP_THRESHOLD, _LARGE), (_TRIM_THRESHOLD, 2 * _LARGE))
    answers = [mallopt(parameter, value) for parameter, value in wanted]
    return answers == [1] * len(wanted)
