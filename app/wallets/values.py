"""What is known and said about a wallet: measures, pillars, doubts, skill and the verdict. Values, no I/O.

None means that something is not known; it never stands for zero.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from types import MappingProxyType
from typing import Literal, get_args

import msgspec

from app.core.prediction_market import Address
from app.core.text import SafeText

VerdictClass = Literal["TARGET", "WATCHLIST", "REJECTED", "NOT SCORED"]
RANKS: Mapping[VerdictClass, int] = MappingProxyType({name: place for place, name in enumerate(get_args(VerdictClass))})
"""Classes, best first."""
Stage = Literal[1, 2, 3]
PillarName = Literal["specialisation", "behaviour", "structure"]
DoubtName = Literal[
    "partial record",
    "dormant",
    "short track",
    "one hit",
    "paper",
    "hedged",
    "mostly maker",
    "too fast",
    "suspected wash",
    "viral",
    "rule",
]


class ClosedPosition(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A position that is over: one outcome of one market, from the first share until the last one left.

    `size_usdc` is the most that was at stake at one time, `cost_usdc` all that was paid in, `proceeds_usdc` all that
    came back. `hold_s` is how long a share was held on average; None, like `opened_s`, where only the venue's list of
    positions tells of it. `entry_price` is the mean price of what was bought; None when shares came from a split or the
    other outcome was held at the same time, for then it says nothing about an opinion.
    """

    condition_id: str
    token_id: str
    event: str
    category: str
    opened_s: int | None
    closed_s: int
    size_usdc: float
    cost_usdc: float
    proceeds_usdc: float
    hold_s: float | None
    entry_price: float | None
    hedged: bool

    @property
    def pnl_usdc(self) -> float:
        """What came back less what was paid in."""
        return self.proceeds_usdc - self.cost_usdc


class OpenPosition(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A position that goes on: `cost_usdc` is what was paid in so far, `size_usdc` the most at stake at one time."""

    condition_id: str
    token_id: str
    event: str
    category: str
    opened_s: int
    size_usdc: float
    cost_usdc: float
    shares: float


class Ledger(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A wallet's activity as positions. `closed` in order of closing, `opened` those still open in order of opening.

    `unmatched_usdc` is the value of sales, merges and redemptions of shares whose purchase is not in the activity, so
    that their result is unknown; `unmatched` counts them. `rebates_usdc` is money for making or holding: never profit.
    `first_s` and `last_s` bound what was looked at; None for no activity. `traded_usdc` is what was bought and sold.
    """

    wallet: Address
    closed: tuple[ClosedPosition, ...] = ()
    opened: tuple[OpenPosition, ...] = ()
    traded_usdc: float = 0.0
    rebates_usdc: float = 0.0
    unmatched: int = 0
    unmatched_usdc: float = 0.0
    unknown_markets: int = 0
    first_s: int | None = None
    last_s: int | None = None


class Measures(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """All measures of one wallet (docs/wallets.md defines each). None where there was nothing to measure it on."""

    positions: int
    open_positions: int
    volume_usdc: float
    top_category: str
    top_category_share: float | None
    broad_categories: int
    losses_followed: int
    losses_chased: int
    chased_share: float | None
    others_followed: int
    others_raised: int
    max_drawdown_usdc: float
    max_drawdown: float | None
    wins: int
    losses: int
    win_rate: float | None
    median_hold_s: float | None
    pnl_usdc: float
    profit_per_trade: float | None
    profit_factor: float | None
    volatility: float | None
    sharpe: float | None
    roi_7d: float | None
    roi_30d: float | None
    bets: float
    surplus: float
    surplus_variance: float
    largest_win_share: float | None
    round_trip_share: float | None
    hedged_share: float | None


class Part(msgspec.Struct, frozen=True, gc=False):
    """One part of a pillar: the figure behind it in its unit, how many observations, and what it takes from 1."""

    name: str
    value: float | None
    n: int
    taken: float
    unit: Literal["share", "count", "hours"] = "share"


class Pillar(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A pillar's score (0 worst, 1 best), its weight and parts; `rejects` says why it rules the wallet out, or ""."""

    name: PillarName
    score: float
    weight: float
    parts: tuple[Part, ...]
    rejects: str = ""


class Doubt(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A reason to doubt a score. `bars` keeps a wallet from being a TARGET; `penalty` is taken from the score.

    `rule` names the custom rule that found it; empty for our own doubts.
    """

    name: DoubtName
    text: SafeText
    bars: bool = False
    penalty: float = 0.0
    rule: str = ""

    @property
    def flag(self) -> str:
        """Its name where there is room for a word: of a custom rule, the rule's own."""
        return self.rule or self.name


class Skill(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a wallet's bets say of its edge.

    `probability` (0-1) that it has a real one; `edge` its expected chance of being right at even odds, and bounds of
    the 90 % interval; `own_edge` the same from its own record alone, not shrunk (None without bets); `bets` how many
    independent bets the record counts for; `z` the surplus of wins in standard deviations (None without bets).
    """

    probability: float
    edge: float
    edge_low: float
    edge_high: float
    own_edge: float | None
    bets: float
    z: float | None


class DailyRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a wallet's history of results by day says: `sharpe` a year, `volatility_usdc` a day; None below 30 days.

    `max_drawdown_usdc` is the deepest fall of realised and open results together.
    """

    days: int
    sharpe: float | None
    volatility_usdc: float | None
    max_drawdown_usdc: float


class CopyResult(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What copying a wallet `delay_s` seconds late would have brought.

    `pnl_usdc` of the `positions` that trades of the market allow to copy, beside the wallet's own on the same ones;
    `all_positions` is how many there were.
    """

    delay_s: int
    pnl_usdc: float
    own_pnl_usdc: float
    positions: int
    all_positions: int


class WalletVerdict(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is said of one wallet, and why.

    `stage` is the last one that was looked at; `reason` says why a wallet was rejected or not scored, "" otherwise.
    `score` (0-1) is the pillars' weighted sum, shrunk towards the crowd and less the penalties; None where the pillars
    are not known. `confidence` (0-1) is the probability of a real edge; None before stage 3. `unknown` names what was
    not known. `profile` names the thresholds.
    """

    wallet: Address
    verdict: VerdictClass
    stage: Stage
    judged_s: int
    profile: str
    reason: SafeText = SafeText("")
    score: float | None = None
    unshrunk_score: float | None = None
    confidence: float | None = None
    pillars: tuple[Pillar, ...] = ()
    measures: Measures | None = None
    skill: Skill | None = None
    daily: DailyRecord | None = None
    doubts: tuple[Doubt, ...] = ()
    unknown: tuple[SafeText, ...] = ()


def rank(wallet_class: str, score: float | None, wallet: str) -> tuple[int, float, str]:
    """Sorts verdicts, best first: by class, by score, by address. What is no class comes last."""
    place = RANKS.get(wallet_class, len(RANKS))  # type: ignore[call-overload] # a row of a database may say anything
    return place, -(score or 0.0), wallet


def best_first(verdict: WalletVerdict) -> tuple[int, float, str]:
    """The same of a verdict."""
    return rank(verdict.verdict, verdict.score, verdict.wallet)


class ViralWallets(msgspec.Struct, frozen=True, kw_only=True):
    """Wallets everybody watches, in lower case; `refused` names entries of the list that are no addresses."""

    wallets: AbstractSet[str] = frozenset()
    last_updated: SafeText = SafeText("")
    refused: tuple[SafeText, ...] = ()
