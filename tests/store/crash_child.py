"""Writes rows until it is killed: a stream of them in bulk, and every few some that it acknowledges on its output.

Arguments: database, number of the first row. Output: a line with the store's state, then a line a row that is on disk.
"""

import asyncio
import sys
from pathlib import Path

from store_samples import SETTINGS, candle

from app.core.clock import ManualClock
from app.store.store import Store

_BULK_COIN = "BULK"
_BULK_ROWS = 40


def say(word: str | int) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


async def main(path: Path, first: int) -> None:
    store = Store(path, SETTINGS, ManualClock())
    status = await store.open()
    say(status.state)
    number = first
    while True:
        for bulk in range(_BULK_ROWS):
            store.put(candle(number * _BULK_ROWS + bulk, _BULK_COIN))
        if await store.put_durably(candle(number)):
            say(number)
        number += 1


asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
