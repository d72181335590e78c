"""How old the prices of paper positions are that have no market on the deck: copies of wallets, and tokens. Pure."""

from app.engine.protocol_paper import PaperView
from app.ui import format as shown
from app.ui.state import DeckView
from app.ui.widgets.columns import Cell

OLD_PRINT_S = 600.0
"""Nobody vouches for the price of an outcome whose newest print is older than this, in seconds."""
OLD_LOOK_S = 120.0
"""The same for a token's pool that was looked at last so long ago: by then four looks of 30 seconds are missing."""


def by_now(told_s: float, view: DeckView) -> float:
    """How long ago it was that was `told_s` seconds ago when the picture was made."""
    return told_s + view.lag_ms / 1_000


def is_old(age_s: float, old_s: float) -> bool:
    """Whether a price is too old to be taken for one of now; one of unknown age is."""
    return not age_s <= old_s


def price_age_cell(age_s: float, old_s: float) -> Cell:
    """The age of a price; of an old one with the word."""
    age = shown.age(age_s * 1_000)
    return Cell(f"stale {age}", "stale") if is_old(age_s, old_s) else Cell(age, "muted")


def any_old(paper: PaperView) -> bool:
    """Whether the price of some copy or token is old in the very picture that tells of it."""
    tokens = paper.tokens.positions if paper.tokens is not None else ()
    return any(is_old(copy.age_s, OLD_PRINT_S) for copy in paper.copies) or any(
        is_old(token.age_s, OLD_LOOK_S) for token in tokens
    )
