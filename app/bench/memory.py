"""Memory of a process and its children, shared pages counted once (Linux)."""

from pathlib import Path

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
