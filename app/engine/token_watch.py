"""Verdicts on tokens by their mints, taken from an engine over its link."""

import asyncio
from collections.abc import Sequence

import msgspec

from app.core.errors import ConfigError, UsageError, VenueError
from app.engine.link import EngineLink
from app.engine.protocol import Snapshot, SourceView
from app.engine.protocol_tokens import ScoreTokens, TokenMode, TokenRow
from app.engine.reach import Reach

_BEGINS_WITHIN_S = 30.0


class ScoreReport(msgspec.Struct, frozen=True, kw_only=True):
    """Verdicts in the order of the mints that were asked for; `missing` says of the others why there is none."""

    source: SourceView
    at_ms: int
    mode: TokenMode
    mode_reason: str
    tokens: tuple[TokenRow, ...]
    missing: dict[str, str]


async def scored(link: EngineLink, mints: Sequence[str], limit_s: float) -> ScoreReport:
    """Have the engine at a connected link score these tokens, and wait for it, at most `limit_s` seconds.

    Raises `UsageError` for what is no mint, `ConfigError` where tokens are switched off, `VenueError` where the engine
    ends or no venue can be reached.
    """
    began = await _ready(link)
    result = await link.send(ScoreTokens(tuple(mints)))
    if not result.ok:
        raise UsageError(result.message)
    newest = began
    try:
        async with asyncio.timeout(limit_s):
            while (snapshot := await link.snapshot()) is not None:
                newest = snapshot
                if _is_done(snapshot, mints, began.wall_ms):
                    break
            else:
                raise VenueError("the engine has ended before it told of the tokens; start it again")
    except TimeoutError:
        pass
    return _report(newest, mints, began.wall_ms, limit_s)


async def _ready(link: EngineLink) -> Snapshot:
    """The first snapshot of an engine that looks for tokens."""
    reach = Reach()
    try:
        async with asyncio.timeout(_BEGINS_WITHIN_S):
            while (snapshot := await link.snapshot()) is not None:
                if snapshot.tokens is None:
                    raise ConfigError("no tokens are looked for; switch on tokens.enabled")
                if snapshot.tokens.is_begun:
                    return snapshot
                if reach.is_lost(snapshot):
                    raise VenueError(f"the venue cannot be reached: {snapshot.waiting_for}")
    except TimeoutError as error:
        raise VenueError("the engine does not begin to look for tokens; `tapedeck doctor` looks at it") from error
    raise VenueError("the engine has ended before it looked for tokens; start it again")


def _is_done(snapshot: Snapshot, mints: Sequence[str], since_ms: int) -> bool:
    found = _rows(snapshot, mints, since_ms)
    told = {mint for mint in mints if mint in found or _trouble(snapshot, mint, since_ms)}
    return len(told) == len(set(mints))


def _rows(snapshot: Snapshot, mints: Sequence[str], since_ms: int) -> dict[str, TokenRow]:
    rows = snapshot.tokens.rows if snapshot.tokens is not None else ()
    return {row.mint: row for row in rows if row.mint in mints and row.at_ms >= since_ms}


def _trouble(snapshot: Snapshot, mint: str, since_ms: int) -> str:
    """Why a token cannot be scored, as the event log tells it."""
    lines = (line.text for line in snapshot.log if line.topic == "tokens" and line.wall_ms >= since_ms)
    start = f"{mint} cannot be scored: "
    return next((text.removeprefix(start) for text in lines if text.startswith(start)), "")


def _report(snapshot: Snapshot, mints: Sequence[str], since_ms: int, limit_s: float) -> ScoreReport:
    found, wanted = _rows(snapshot, mints, since_ms), list(dict.fromkeys(mints))
    late = f"no verdict within {limit_s:g} s"
    tokens = snapshot.tokens
    return ScoreReport(
        source=snapshot.source,
        at_ms=snapshot.wall_ms,
        mode="STRATEGY-ONLY" if tokens is None else tokens.mode,
        mode_reason="" if tokens is None else tokens.mode_reason,
        tokens=tuple(found[mint] for mint in wanted if mint in found),
        missing={mint: _trouble(snapshot, mint, since_ms) or late for mint in wanted if mint not in found},
    )
