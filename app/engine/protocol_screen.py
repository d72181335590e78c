"""What engine and deck say to each other of the screener: candidates, the bar strategy, and why. Part of `protocol.py`.

A bar is told by when it opened, in ms. Money is USD of an account that began with `STARTING_USD`; none of it is real.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from app.core.events import Count, Milliseconds
from app.engine.protocol_detail import CandleView

STARTING_USD = 10_000.0
"""Each coin's strategy begins with so much; as `STARTING_CASH` of `app.screener.backtest`, which no deck
imports."""


class CandidateRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A bar that passed the screen: side 1 or −1, score 0 to 1, what struck, and the close.

    `entry` is the side that the strategy enters at the next open, 0 for none; `why_not` then says what was lacking.
    """

    coin: str
    bar_ms: int
    side: int
    score: float
    reason: str
    close: float
    decimals: int
    fusion: float | None
    entry: int
    why_not: str


class PositionRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An entry of the strategy in one coin: `state` is "next open", "open" or "ended".

    `decided_ms` is the bar at whose close it was decided, `opened_ms` the one in which it was entered, `closed_ms` the
    one it ended in. `price` is the newest price while it is open, else the exit. `result_usd` is after costs, and not
    known before it has ended; `result_bps` is the share of its notional, before costs while it is open.
    """

    coin: str
    side: int
    state: str
    decided_ms: int
    opened_ms: int | None = None
    closed_ms: int | None = None
    entry: float | None = None
    stop: float | None = None
    price: float | None = None
    decimals: int = 2
    result_usd: float | None = None
    result_bps: float | None = None
    reason: str = ""


class CoinRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How the strategy stands with one coin: hours it has looked at and those that wait, the newest of them, and sums.

    `missing` hours are not there between the first and the newest. `trades` positions have ended, `won` of them with a
    gain, and made `result_usd` after costs; `equity_usd` is the account at the newest close. `trouble` says what is
    wrong and what to do, `awaits` which answer is on its way; each is empty when nothing is.
    """

    coin: str
    bars: int
    waiting: int
    missing: int
    newest_ms: int | None
    score: float | None
    fusion: float | None
    candidates: int
    held: int
    trades: int
    won: int
    result_usd: float
    equity_usd: float | None
    trouble: str
    awaits: str = ""


class CheckView(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A condition with its number and its limit; `met` None where it decides nothing."""

    name: str
    value: str
    limit: str
    met: bool | None


class BarDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One bar opened up: candles around it, features and domains by name, and each condition of screen and entry.

    `trouble` says why there is nothing to show, and is empty otherwise. `entry` is the side entered at the next open;
    `position` what came of it.
    """

    coin: str
    bar_ms: int
    decimals: int = 2
    candles: tuple[CandleView, ...] = ()
    passed: bool = False
    side: int = 0
    reason: str = ""
    features: tuple[tuple[str, float | None], ...] = ()
    domains: tuple[tuple[str, float | None, str], ...] = ()
    screen: tuple[CheckView, ...] = ()
    entry_checks: tuple[CheckView, ...] = ()
    entry: int = 0
    position: PositionRow | None = None
    trouble: str = ""


class BacktestRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What `tapedeck backtest` came to last, in the words it printed: written by the command, read by the engine.

    `made_ms` is when; `compared` holds a figure of the strategy beside that of holding the market; `settings` are those
    of the strategy that count most.
    """

    made_ms: Milliseconds
    title: str
    compared: tuple[tuple[str, str, str], ...]
    lines: tuple[str, ...]
    assumptions: tuple[str, ...]
    settings: str = ""


SweepState = Literal["running", "done", "failed", "stopped"]


class SweptTrial(msgspec.Struct, frozen=True, kw_only=True):
    """One of the best trials of a sweep, as `tapedeck sweep --json` tells it."""

    number: Count
    values: dict[str, Any]
    sharpe: float
    total_return: float
    maximum_drawdown: float
    trades: Count
    won: Count


class WalkedForward(msgspec.Struct, frozen=True):
    """What following the trial that was best before came to."""

    sharpe: float
    total_return: float


class SweepResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a sweep came to: the best trials first, and in `doubts` what has to be taken off them."""

    runs: Count
    known_before: Count
    markets: tuple[str, ...]
    folds: Count
    days: Count
    trials: tuple[SweptTrial, ...]
    doubts: tuple[str, ...]
    walk_forward: WalkedForward | None = None


class SweepView(msgspec.Struct, frozen=True, kw_only=True):
    """The newest sweep that was begun from a deck: `arguments` are those of `tapedeck sweep`.

    `done` of `total` runs, None before they are counted; `left_s` and `elapsed_s` in seconds. `message` is the last
    sentence it said: why it failed, or what it waits for.
    """

    arguments: str
    state: SweepState
    done: int | None = None
    total: int | None = None
    elapsed_s: float = 0.0
    left_s: float | None = None
    message: str = ""
    result: SweepResult | None = None


class ResearchView(msgspec.Struct, frozen=True, kw_only=True):
    """The last backtest with its age, or why it cannot be told; `source_words` are those by which a sweep finds the
    bars of this deck's venue."""

    backtest: BacktestRecord | None = None
    backtest_age_s: int = 0
    backtest_trouble: str = ""
    source_words: str = ""


class ScreenerView(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the Screener shows: `rules` are the settings in force, in sentences.

    Candidates are those of the last 24 hours, newest first; positions that are open come before those that ended.
    `waiting_for` says what an empty list waits for.
    """

    rules: tuple[str, ...] = ()
    candidates: tuple[CandidateRow, ...] = ()
    positions: tuple[PositionRow, ...] = ()
    coins: tuple[CoinRow, ...] = ()
    waiting_for: str = ""
    bar: BarDetail | None = None
    research: ResearchView | None = None


class LookAtScreener(msgspec.Struct, frozen=True, tag="look_at_screener"):
    """Put the screener into this client's snapshots while `listed`, with the bar of `coin` that opened at `bar_ms`.

    0 is the newest bar. The first such look has the bar strategy look at the hours of all watched coins, to the end of
    the run. `client` is given by the engine, as in `LookAt`.
    """

    coin: str = ""
    bar_ms: int = 0
    listed: bool = False
    client: int = 0


LONGEST_SWEEP = 2_000


class StartSweep(msgspec.Struct, frozen=True, tag="start_sweep"):
    """Run `tapedeck sweep` with these arguments in a process of its own, which ends with the engine."""

    arguments: Annotated[str, Meta(max_length=LONGEST_SWEEP)]


class StopSweep(msgspec.Struct, frozen=True, tag="stop_sweep"):
    """End the sweep that runs; what it has done is kept, and the same arguments go on."""
