"""What a program frees goes back to the system, where the system's allocator can be told so.

Left alone, glibc keeps tens of megabytes of what was freed, in a heap for each thread: an answer of some megabytes that
is read once stays in the size of the process.
"""

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""Numbers of parameters in glibc's malloc.h."""
_LARGE = 65_536


def share_one_heap() -> bool:
    """Have threads share one heap; whether that could be. To be called before there are threads."""
    return _told((_ARENA_MAX, 1))


def give_back_what_is_freed() -> bool:
    """Have blocks of 64 KiB and more go back when they are freed, and threads share one heap; whether that could be.

    To be called before there are threads. Not for a program that works on arrays: each one of that size would be asked
    of the system, and cleared by it, which takes longer than the work.
    """
    return _told((_ARENA_MAX, 1), (_MMAP_THRESHOLD, _LARGE), (_TRIM_THRESHOLD, 2 * _LARGE))


def trim_heap() -> bool:
    """Give back what is free now; whether anything was. Nothing else can take memory meanwhile: some milliseconds."""
    malloc_trim = _glibc("malloc_trim")
    return malloc_trim is not None and malloc_trim(0) == 1


def _told(*wanted: tuple[int, int]) -> bool:
    mallopt = _glibc("mallopt")
    return mallopt is not None and all(mallopt(parameter, value) == 1 for parameter, value in wanted)


def _glibc(name: str) -> "ctypes._NamedFuncPointer | None":
    """A function of glibc; None where that is not the C library."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        found: ctypes._NamedFuncPointer = getattr(ctypes.CDLL(None), name)
    except (OSError, AttributeError):
        return None
    return found
