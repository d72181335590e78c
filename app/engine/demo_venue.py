"""The embedded venue's process: started for a demo run, ended with it, whatever ends it."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process

import msgspec

from app.config.secrets import Secret
from app.core.errors import VenueError

_START_TIMEOUT_S = 20.0
_STOP_TIMEOUT_S = 2.0
DEMO_KEY = Secret("simulated")
"""What the embedded venue takes for Birdeye's key: a real one never goes there."""
_LEADERBOARD = "/Mainnet/leaderboard"
"""Its path, as at the venue itself."""


class Urls(msgspec.Struct, frozen=True):
    """Where the embedded venue listens."""

    websocket_url: str
    rest_url: str
    prediction_url: str = ""
    gamma_url: str = ""
    leaderboard_url: str = ""
    gecko_url: str = ""
    screener_url: str = ""
    birdeye_url: str = ""


class DemoVenue:
    """A child process. It ends when its standard input closes, so it cannot outlive this one."""

    def __init__(self, seed: int, coins: int) -> None:
        self._seed = seed
        self._coins = coins
        self._process: Process | None = None

    async def start(self) -> Urls:
        """Start it and wait until it listens. Raises `VenueError` when it does not."""
        # -P keeps a folder named `app` in the current directory from being run instead of this one.
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "app.demo", "--seed", str(self._seed), "--coins", str(self._coins),
            stdin=PIPE, stdout=PIPE, stderr=DEVNULL,
        )  # fmt: skip
        try:
            async with asyncio.timeout(_START_TIMEOUT_S):
                line = await self._process.stdout.readline() if self._process.stdout else b""
            urls = msgspec.json.decode(line, type=Urls)
            return msgspec.structs.replace(urls, leaderboard_url=urls.leaderboard_url or urls.rest_url + _LEADERBOARD)
        except (TimeoutError, msgspec.MsgspecError) as error:
            await self.stop()
            raise VenueError(
                "The embedded venue did not start. Run `tapedeck doctor`; `python -m app.demo` shows its own error"
            ) from error

    async def ended(self) -> None:
        """Wait until it is gone by itself."""
        if self._process is not None:
            await self._process.wait()

    async def stop(self) -> None:
        """End it: by closing its input, then by force."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(_STOP_TIMEOUT_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
