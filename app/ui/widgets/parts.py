"""Choosing what a single line has room for. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from app.ui.theme import Role

GAP = 2


@dataclass(frozen=True)
class Part:
    """A piece of a line in several wordings, longest first. A smaller `rank` is kept longer.

    Of those that are `counted` the line says how many it had no room for.
    """

    wordings: tuple[str, ...]
    role: Role
    rank: int
    counted: bool = False


def choose(parts: Sequence[Part], width: int) -> list[tuple[str, Role]]:
    """The parts that fit into `width` cells `GAP` cells apart, in order, each in the longest wording that fits.

    The part of the lowest rank is always there, whatever the width. Room left over is shared: each part in turn takes
    its next longer wording. Counted parts without room become a `+N` at the end, in the role of the first of them.
    """
    line, missing = _fill(parts, width)
    if missing:
        reserved = GAP + len(f"+{len(parts)}")
        line, missing = _fill(parts, max(0, width - reserved))
        more = f"+{len(missing)}"
        used = sum(cell_len(text) + GAP for text, _ in line)
        # With room kept for the count, another part may have made way for all that are counted.
        line += [(more, missing[0].role)] if missing and used + len(more) <= width else []
    return line


def _fill(parts: Sequence[Part], width: int) -> tuple[list[tuple[str, Role]], list[Part]]:
    """The line without a count, and the counted parts that are not in it, most wanted first."""
    ranked = sorted(range(len(parts)), key=lambda index: (parts[index].rank, index))
    chosen, left = _shortest(parts, ranked, width)
    grown = True
    while grown:
        grown = False
        for index in (index for index in ranked if chosen.get(index, 0) > 0):
            wordings, at = parts[index].wordings, chosen[index]
            extra = cell_len(wordings[at - 1]) - cell_len(wordings[at])
            if extra <= left:
                chosen[index], left, grown = at - 1, left - extra, True
    line = [(parts[index].wordings[chosen[index]], parts[index].role) for index in sorted(chosen)]
    return line, [parts[index] for index in ranked if parts[index].counted and index not in chosen]


def _shortest(parts: Sequence[Part], ranked: Sequence[int], width: int) -> tuple[dict[int, int], int]:
    """The parts that fit in their shortest wording, each with the index of that wording, and the cells left over."""
    chosen: dict[int, int] = {}
    left = width
    for index in ranked:
        needed = cell_len(parts[index].wordings[-1]) + (GAP if chosen else 0)
        if not chosen or needed <= left:
            chosen[index] = len(parts[index].wordings) - 1
            left -= needed
    return chosen, left
