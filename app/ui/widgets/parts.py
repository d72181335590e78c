"""Choosing what a single line has room for. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from app.ui.theme import Role

GAP = 2


@dataclass(frozen=True)
class Part:
    """A piece of a line in several wordings, longest first. A smaller `rank` is kept longer."""

    wordings: tuple[str, ...]
    role: Role
    rank: int


def choose(parts: Sequence[Part], width: int) -> list[tuple[str, Role]]:
    """The parts that fit into `width` cells `GAP` cells apart, in order, each in the longest wording that fits.

    The part of the lowest rank is always there, whatever the width.
    """
    ranked = sorted(range(len(parts)), key=lambda index: (parts[index].rank, index))
    chosen: dict[int, str] = {}
    left = width
    for index in ranked:
        shortest = parts[index].wordings[-1]
        needed = cell_len(shortest) + (GAP if chosen else 0)
        if not chosen or needed <= left:
            chosen[index] = shortest
            left -= needed
    for index in ranked:
        if index in chosen:
            room = left + cell_len(chosen[index])
            chosen[index] = next((text for text in parts[index].wordings if cell_len(text) <= room), chosen[index])
            left = room - cell_len(chosen[index])
    return [(chosen[index], parts[index].role) for index in sorted(chosen)]
