"""Tells waiters that something changed, without saying what. Bursts fold into one beat for a slow waiter."""

import asyncio


class Pulse:
    """A counter to wait on."""

    def __init__(self) -> None:
        self.count = 0
        self._waiters: list[asyncio.Future[None]] = []

    def beat(self) -> None:
        """Something changed."""
        self.count += 1
        if self._waiters:
            waiters, self._waiters = self._waiters, []
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_result(None)

    async def beyond(self, seen: int) -> None:
        """Wait until the count is greater than `seen`."""
        while self.count <= seen:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            await waiter
