"""Numba's compiler, for passes over columns that are written in the subset of Python it knows.

It is the optional extra `fast`. What was compiled is not kept on disk: numba keeps it pickled.
"""

from collections.abc import Callable
from typing import Any

Function = Callable[..., Any]


def compiler(*, forceinline: bool = False, fastmath: frozenset[str] = frozenset()) -> Callable[[Function], Function]:
    """What compiles a function at its first call. Raises `ImportError` where numba is not installed.

    Arrays are lent to what is compiled, which may not make any: counting who holds them (nrt) at each call of a
    function costs more than what a short one does. Their owner must keep them until it returns. Dividing by zero gives
    infinity or nan. `forceinline` puts a function in the place of each call; `fastmath` has flags of LLVM's.
    """
    import numba

    options: dict[str, Any] = {"_nrt": False, "forceinline": forceinline, "fastmath": set(fastmath)}
    compiled: Callable[[Function], Function] = numba.njit(nogil=True, error_model="numpy", **options)
    return compiled
