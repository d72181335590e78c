"""What some accounts do outside the venue's own perpetuals: spot, outcomes, and markets of other builders (HIP-3).

None of these markets is simulated. Every sixteenth account opens and closes a little of one of them in turn, an hour
each, so that whoever reads its fills meets their names.
"""

from collections.abc import Iterator
from typing import NamedTuple

from app.demo.grid import number_text
from app.demo.past import HISTORY_DAYS

DEX = "xyz"
NAMES = (f"{DEX}:SP500", "@107", "flx:GOLD", "PURR/USDC", "#12")
PRICES = (6_843.0, 38.21, 4_127.4, 0.21734, 0.5812)
SIZE = 2.5
HOUR_MS = 3_600_000
_EVERY, _PLACE = 16, 5
_TRADES = 1 << 48
_MOVE = 0.0031


class FillElsewhere(NamedTuple):
    """One fill as `userFills` JSON, and its time."""

    time_ms: int
    text: str


def trades_elsewhere(account: int) -> bool:
    """Whether this account does."""
    return account % _EVERY == _PLACE


def fills_elsewhere(account: int, start_ms: int, now_ms: int) -> Iterator[FillElsewhere]:
    """Its fills outside the main market, oldest first, of a venue that began at `start_ms`."""
    if trades_elsewhere(account):
        first = (start_ms - HISTORY_DAYS * 24 * HOUR_MS) // HOUR_MS + 1
        for hour in range(first, now_ms // HOUR_MS + 1):
            yield FillElsewhere(hour * HOUR_MS, _fill(account, hour))


def position_elsewhere(account: int, now_ms: int) -> str:
    """Its open position on the exchange `DEX`, as an element of `assetPositions`; empty without one."""
    hour = now_ms // HOUR_MS
    if not trades_elsewhere(account) or hour % 2 or _name(hour) != NAMES[0]:
        return ""
    value = SIZE * PRICES[0]
    return (
        f'{{"type":"oneWay","position":{{"coin":"{NAMES[0]}","szi":"{SIZE}","leverage":{{"type":"isolated","value":5,'
        f'"rawUsd":"{number_text(value / 5 - value, 6)}"}},"entryPx":"{PRICES[0]}","positionValue":"{value}",'
        f'"unrealizedPnl":"0.0","returnOnEquity":"0.0","liquidationPx":"{number_text(PRICES[0] * 0.81, 2)}",'
        f'"marginUsed":"{value / 5}","maxLeverage":20,'
        '"cumFunding":{"allTime":"0.0","sinceOpen":"0.0","sinceChange":"0.0"}}}'
    )


def _name(hour: int) -> str:
    return NAMES[hour // 2 % len(NAMES)]


def _fill(account: int, hour: int) -> str:
    """Bought in an even hour, sold in the odd one after it."""
    bought, place = hour % 2 == 0, NAMES.index(_name(hour))
    price = PRICES[place] * (1.0 if bought else 1.0 + _MOVE)
    made = 0.0 if bought else SIZE * PRICES[place] * _MOVE
    number = _TRADES + (account << 28) + hour
    return (
        f'{{"coin":"{NAMES[place]}","px":"{number_text(price, 6)}","sz":"{SIZE}","side":"{"B" if bought else "A"}",'
        f'"time":{hour * HOUR_MS},"startPosition":"{"0.0" if bought else SIZE}",'
        f'"dir":"{"Buy" if bought else "Sell"}","closedPnl":"{number_text(made, 6)}","hash":"0x{number:064x}",'
        f'"oid":{number},"crossed":true,"fee":"{number_text(SIZE * price * 0.0007, 6)}","tid":{number},'
        '"feeToken":"USDC","twapId":null}'
    )
