"""Memory: of a process and its children, shared pages counted once (Linux); and of values with all they hold."""

import gc
import sys
from collections.abc import Iterable
from pathlib import Path
from types import FunctionType, MethodType, ModuleType

import msgspec

_PROC = Path("/proc")


def process_tree(pid: int) -> list[int]:
    """`pid` and all that descend from it."""
    children: dict[int, list[int]] = {}
    for stat in _PROC.glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended while we looked
        children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    tree = [pid]
    for member in tree:
        tree += children.get(member, [])
    return tree


def proportional_set_mb(pids: list[int]) -> float:
    """Sum of the proportional set sizes in MB (10⁶ bytes); processes that are gone count nothing."""
    return sum(map(_proportional_set_kb, pids)) * 1024 / 1e6


def _proportional_set_kb(pid: int) -> int:
    try:
        text = (_PROC / str(pid) / "smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")), 0)


def deep_bytes(values: Iterable[object]) -> int:
    """Bytes of these values with all that they hold, each object once; classes, functions and modules not counted."""
    seen: set[int] = set()
    waiting = list(values)
    size = 0
    while waiting:
        value = waiting.pop()
        if id(value) in seen or isinstance(value, type | ModuleType | FunctionType | MethodType):
            continue
        seen.add(id(value))
        size += sys.getsizeof(value)
        if isinstance(value, msgspec.Struct):
            # One that the collector does not look after does not tell it what it holds either.
            waiting += [getattr(value, name) for name in value.__struct_fields__]
        else:
            waiting += gc.get_referents(value)
    return size
