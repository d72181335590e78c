"""Sentences of alerts. Names come from outside, already clean; numbers are as short as they can be and true."""

from collections.abc import Callable, Sequence

from app.core.whale_events import TraderMoved

Who = Callable[[str], str]
"""How a trader is called: an alias with what is known of the account, clean."""


def short_address(trader: str) -> str:
    """0x1234…abcd."""
    return f"{trader[:6]}…{trader[-4:]}" if len(trader) > 12 else trader


def usd(amount: float) -> str:
    """$1.2 M: three digits and a unit."""
    for unit, divisor in ((" B", 1e9), (" M", 1e6), (" k", 1e3)):
        if abs(amount) >= divisor * 0.9995:
            return (
                f"${amount / divisor:.3g}{unit}" if abs(amount) < divisor * 999.5 else f"${amount / divisor:,.0f}{unit}"
            )
    return f"${amount:,.0f}"


def number(value: float) -> str:
    """Six significant digits with thousands' commas, no exponent."""
    if abs(value) >= 1e6:
        return f"{value:,.0f}"
    return f"{value:,.6g}" if abs(value) >= 1e-4 or value == 0 else f"{value:.8f}".rstrip("0")


def move_text(move: TraderMoved, who: Who) -> str:
    """Who did what, from what to what, for how much, at what price."""
    what = f"{_verb(move)} {move.coin}"
    sizes = f"{number(move.size_before)} → {number(move.size_after)}"
    return f"{who(move.trader)} {what}: {sizes}, {usd(abs(move.change_usd))} at {number(move.price)}"


def together_text(coin: str, changes: Sequence[tuple[str, float]], within_s: float, who: Who) -> str:
    """How many whales moved, which way, for how much. `changes` are traders and what they bought (−: sold), in USD."""
    traders = list(dict.fromkeys(trader for trader, _ in changes))
    bought = sum(change for _, change in changes if change > 0)
    sold = -sum(change for _, change in changes if change < 0)
    parts = [f"{word} {usd(amount)}" for word, amount in (("bought", bought), ("sold", sold)) if amount]
    names = ", ".join(who(trader) for trader in traders[:3]) + (" …" if len(traders) > 3 else "")
    return f"{len(traders)} whales {' and '.join(parts)} of {coin} within {within_s / 60:.3g} min: {names}"


def _verb(move: TraderMoved) -> str:
    side = "long" if (move.size_after or move.size_before) > 0 else "short"
    return {
        "OPEN": f"opened {side}",
        "ADD": f"added to {side}",
        "REDUCE": f"reduced {side}",
        "CLOSE": f"closed {side}",
        "FLIP": f"flipped to {side}",
    }[move.kind]
