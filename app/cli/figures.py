"""Figures as commands print them for people: with thousands separated, and with their unit. Pure."""

from collections.abc import Collection

_NAMES_SHOWN = 12


def counted(number: int, thing: str, things: str = "") -> str:
    """A count and what is counted: `1 frame`, `1,411 frames`; `things` where an s does not make the plural."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def lasting(seconds: float) -> str:
    """A span: `5.977 s` below a minute, then `2 min 05 s`, `1 h 02 min 03 s`."""
    if seconds < 60:
        return f"{seconds:.3f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes:02d} min {rest:02d} s" if hours else f"{minutes} min {rest:02d} s"


def sized(size_bytes: int) -> str:
    """A size in decimal units: `999 bytes`, `404.6 kB`, `1.2 GB`."""
    for limit, unit in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if size_bytes >= limit:
            return f"{size_bytes / limit:,.1f} {unit}"
    return counted(size_bytes, "byte")


def named(names: Collection[str]) -> str:
    """How many there are, and the first of them by name: `32: BTC, ETH, … and 20 more`; empty for none."""
    shown = list(names)[:_NAMES_SHOWN]
    more = f" and {len(names) - len(shown):,} more" if len(names) > len(shown) else ""
    return f"{len(names):,}: {', '.join(shown)}{more}" if names else ""
