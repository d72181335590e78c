"""Texts for lines that may be too short for them: what does not fit is left out whole; no number is cut. Pure."""

from collections.abc import Iterable, Sequence

from rich.cells import cell_len, set_cell_size

from app.core.text import clean

JOINT = " · "
_LONGEST = 2_000


def whole_parts(text: str, width: int) -> str:
    """`text`, cleaned, in at most `width` cells: of the parts between ` · ` those that fit, the first ones first.

    The first part is always there; one that is too long by itself ends between two words, with an ellipsis.
    """
    said = str(clean(text, _LONGEST))
    if cell_len(said) <= width:
        return said
    return ranked_parts([(part, bool(place)) for place, part in enumerate(said.split(JOINT))], width)


def ranked_parts(parts: Sequence[tuple[str, int]], width: int) -> str:
    """Parts with their ranks, those of the smallest that fit into `width` cells, in the order given.

    The first of the smallest rank is always there, cut between two words if need be.
    """
    kept: dict[int, str] = {}
    left = width
    for place in sorted(range(len(parts)), key=lambda place: (parts[place][1], place)):
        part = (
            str(clean(parts[place][0], _LONGEST)) if kept else whole_words(str(clean(parts[place][0], _LONGEST)), width)
        )
        needed = cell_len(part) + (cell_len(JOINT) if kept else 0)
        if needed <= left:
            kept[place] = part
            left -= needed
    return JOINT.join(kept[place] for place in sorted(kept))


def whole_words(text: str, width: int) -> str:
    """`text` in at most `width` cells; one that is too long ends between two words, or in a word that fills half."""
    if cell_len(text) <= width:
        return text
    if width <= 1:
        return "…"[: max(0, width)]
    kept = set_cell_size(text, width - 1)
    whole = kept if text[len(kept) :].startswith(" ") else kept.rpartition(" ")[0]
    # A line that would be half empty says more with the beginning of a long word, unless that word is a number.
    word = text[len(whole) :].lstrip().partition(" ")[0]
    if cell_len(whole) < width // 2 and not any(character.isdigit() for character in word):
        whole = kept
    whole = whole.rstrip()
    if not whole[-1:].isdigit():
        return f"{whole}…"
    # An ellipsis right behind a number would look as if the number went on.
    return f"{whole} …" if cell_len(whole) + 2 <= width else whole_words(whole.rpartition(" ")[0] + " …", width)


def first_fitting(wordings: Iterable[str], width: int) -> str:
    """The first of the wordings that fits into `width` cells; empty when none does."""
    return next((wording for wording in wordings if cell_len(wording) <= width), "")
