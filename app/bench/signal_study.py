"""Do those who know something end with the highest weights, and does the weighted signal beat its baseline?

On the simulated venue the answer exists: sixteen of its accounts foresee a part of what prices do. An engine follows
its traders through virtual hours. Each quarter of an hour after the first hour the signals of all coins are noted, and
set against what the mids did next. What is compared, and how, was fixed before it was run for the first time:

- A lean earns what the mid moved in its direction within the horizon, in usual moves of that coin over such a time; a
  neutral one earns 0. Followed by its bias instead, a signal earns bias times that move.
- The ceiling is a signal of the informed alone, of equal weights, made of what they truly hold.
- Coins move together. So blocks are stretches of time with all coins in them; each seed begins new ones.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from math import log
from typing import NamedTuple

import msgspec
import numpy as np

from app.bench.virtual_following import BEAT_S, VirtualFollowing
from app.config.settings import DemoSettings, MarketsSettings, RulesSettings, ScalperSettings, Settings
from app.config.whale_settings import WhalesSettings
from app.core.whale_events import Lean, SmartMoneySignal
from app.demo.account_truth import AccountTruth
from app.demo.market import Market
from app.measures.blocks import Estimate, block_length_ms, block_starts, ratio_estimates
from app.measures.returns import Floats
from app.scorecards.grader import Graded
from app.scorecards.paired import PairedDifference, paired_differences
from app.scorecards.scorecard import BOOTSTRAP_SEED
from app.whales.calls import BASELINE, CLAIMANT
from app.whales.leaderboard import CROWD_SCORE
from app.whales.smart_money import LEAST_EXPOSURE, conviction

SEEDS = (1, 2, 3, 4, 5)
COINS, TRACKED, HOURS = 30, 300, 6
WARM_UP_S = 3_600
EVERY_S = 900
HORIZONS_S = (3_600, 14_400)
_APART_MS = 10**12
"""So far apart in time are seeds laid, so that no block holds two of them."""
_SIDES: Mapping[Lean, int] = {"LONG": 1, "NEUTRAL": 0, "SHORT": -1}


class WeightsFound(msgspec.Struct, frozen=True, kw_only=True):
    """Where the informed stand among all followed traders, the heaviest first (rank 1).

    `among_top` of the informed are among as many of the heaviest as there are informed; `by_chance` is what shuffled
    weights would give. `mean_score_rank` is the same as `mean_rank` by the leaderboard's score, the baseline's weight.
    `informed_share` is their part of all votes in all coins' signals (0-1), `plain_informed_share` that in the
    baseline's, `even_share` what it would be if all traders weighed the same.
    """

    tracked: int
    informed: int
    mean_rank: float
    mean_score_rank: float
    best_mean_rank: float
    chance_mean_rank: float
    among_top: int
    by_chance: float
    informed_weight: float
    others_weight: float
    coverage: float
    informed_share: float
    plain_informed_share: float
    even_share: float


class Sample(NamedTuple):
    """One coin at one time: both signals, the bias of the informed alone, and its mid (log over sigma of a second)."""

    at_ms: int
    coin: int
    bias: float
    plain_bias: float
    lean: int
    plain_lean: int
    informed_bias: float
    height: float


class SeedStudy(msgspec.Struct, frozen=True, kw_only=True):
    """What one seed gave: weights at its end, samples in order of time, and the calls that were graded."""

    seed: int
    weights: WeightsFound
    samples: tuple[Sample, ...]
    graded: tuple[Graded, ...]


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Signal and baseline over one horizon: `n` coin-times, `effective_n` stretches of time that do not overlap.

    Rates and gains carry 95 % intervals from `blocks` of `block_s`. `leaning` and `plain_leaning` are the shares of
    coin-times with a lean. Gains are in hundredths of a usual move of the horizon.
    """

    horizon_s: int
    n: int
    effective_n: int
    block_s: int
    leaning: float
    plain_leaning: float
    hit_rate: Estimate
    plain_hit_rate: Estimate
    lean_gain: Estimate
    plain_lean_gain: Estimate
    lean_difference: Estimate
    bias_gain: Estimate
    plain_bias_gain: Estimate
    bias_difference: Estimate
    informed_gain: Estimate


def study_settings(seed: int, *, coins: int = COINS, tracked: int = TRACKED) -> Settings:
    """Everything that bears on weights and signals is as by default."""
    return Settings(
        demo=DemoSettings(seed=seed, coins=coins),
        markets=MarketsSettings(top=coins),
        rules=RulesSettings(read_every_s=86_400.0),
        scalper=ScalperSettings(enabled=False),
        whales=WhalesSettings(tracked=tracked, user_streams=0),
    )


def study_seed(
    settings: Settings, *, hours: float = HOURS, warm_up_s: int = WARM_UP_S, regime_model: bytes = b""
) -> SeedStudy:
    """Follow the traders of one seed for so many virtual hours, the first `warm_up_s` of them without samples."""
    following = VirtualFollowing(settings, regime_model)
    graded: list[Graded] = []
    following.core.bus.subscribe(Graded, graded.append)
    samples: list[Sample] = []
    for second in range(BEAT_S, round(hours * 3_600) + 1, BEAT_S):
        following.beat()
        if second >= warm_up_s and second % EVERY_S == 0:
            samples.extend(_samples(following))
    graded_of_signal = tuple(each for each in graded if each.call.claimant in (CLAIMANT, BASELINE))
    return SeedStudy(
        seed=settings.demo.seed, weights=weights_found(following), samples=tuple(samples), graded=graded_of_signal
    )


def _samples(following: VirtualFollowing) -> Iterable[Sample]:
    market, money = following.venue.market, following.core.whales.signals.money
    informed = _informed_biases(market)
    for coin, (listing, mid) in enumerate(zip(market.live, market.mids().tolist(), strict=True)):
        yield _sample(money.signal(listing.name, following.now_ms), coin, informed[coin], log(mid) / listing.sigma)


def _sample(signal: SmartMoneySignal, coin: int, informed_bias: float, height: float) -> Sample:
    lean, plain_lean = _SIDES[signal.lean], _SIDES[signal.plain_lean]
    return Sample(signal.at_ms, coin, signal.bias, signal.plain_bias, lean, plain_lean, informed_bias, height)


def _informed_biases(market: Market) -> list[float]:
    """Of each coin, how far the informed lean by what they hold, −1 to 1, as the signal is defined; 0 where none do."""
    lot_usd, informed = market.traders.lot_usd(), market.traders.wealth.informed
    equity = np.maximum(market.ledger.equity_usd(lot_usd)[informed], 1.0)
    share = market.ledger.lots[:, informed] * lot_usd[:, None] / equity
    backed = np.where(np.abs(share) < LEAST_EXPOSURE, 0.0, np.clip(share, -1.0, 1.0))
    gross = np.abs(backed).sum(axis=1)
    biases: list[float] = (backed.sum(axis=1) / np.where(gross > 0, gross, 1.0)).tolist()
    return biases


def weights_found(following: VirtualFollowing) -> WeightsFound:
    """Where the informed stand by now."""
    whales = following.core.whales
    weights = whales.weighing.weights
    informed = AccountTruth(following.venue.market).informed() & weights.keys()
    scores = {trader: member.score.score for trader, member in whales.roster.members.items() if member.score}
    ranks = _ranks({trader: weight.total for trader, weight in weights.items()})
    score_ranks = _ranks(scores)
    among_top = sum(ranks[trader] <= len(informed) for trader in informed)
    others = weights.keys() - informed
    weighed = {trader: (weight.vote, scores.get(trader, CROWD_SCORE)) for trader, weight in weights.items()}
    shares = _informed_shares(following, weighed, informed)
    return WeightsFound(
        tracked=len(weights),
        informed=len(informed),
        mean_rank=_mean(ranks[trader] for trader in informed),
        mean_score_rank=_mean(score_ranks[trader] for trader in informed if trader in score_ranks),
        best_mean_rank=(len(informed) + 1) / 2,
        chance_mean_rank=(len(weights) + 1) / 2,
        among_top=among_top,
        by_chance=len(informed) ** 2 / len(weights) if weights else 0.0,
        informed_weight=_mean(weights[trader].total for trader in informed),
        others_weight=_mean(weights[trader].total for trader in others),
        coverage=_mean(weight.coverage for weight in weights.values()),
        informed_share=shares[0],
        plain_informed_share=shares[1],
        even_share=shares[2],
    )


def _informed_shares(
    following: VirtualFollowing, weighed: Mapping[str, tuple[float, float]], informed: AbstractSet[str]
) -> list[float]:
    """Their parts of the sums of conviction times vote, score and one."""
    states = [one.state for one in following.core.whales.positions.known.known() if one.state.trader in weighed]
    backed = [sum(conviction(held.value_usd, state.equity_usd) for held in state.positions) for state in states]
    rows = np.array(
        [
            (*weighed[state.trader], 1.0, state.trader in informed, conviction_sum)
            for state, conviction_sum in zip(states, backed, strict=True)
        ]
    ).reshape(-1, 5)
    sums = rows[:, :3] * rows[:, 4:]
    shares: list[float] = (sums[rows[:, 3] > 0].sum(axis=0) / np.maximum(sums.sum(axis=0), 1e-9)).tolist()
    return shares


def compared(studies: Sequence[SeedStudy], horizon_s: int) -> Comparison:
    """Signal and baseline of all seeds together; samples whose horizon had not passed at the end take no part."""
    rows: list[tuple[float, ...]] = []
    starts: list[int] = []
    effective_n, block_s = 0, horizon_s
    for study in studies:
        found = _outcomes(study.samples, horizon_s)
        at_ms = np.array([sample.at_ms for sample, _ in found], dtype=np.int64)
        alone = len(block_starts(at_ms, 1_000 * horizon_s))
        length_ms = block_length_ms(alone, 1_000 * horizon_s)
        block_s, effective_n = length_ms // 1_000, effective_n + alone
        starts.extend((block_starts(at_ms, length_ms) + len(rows)).tolist())
        rows.extend(_row(sample, move) for sample, move in found)
    table = np.array(rows, dtype=np.float64).reshape(-1, 6)
    return _comparison(table, np.array(starts, dtype=np.int64), horizon_s, effective_n, block_s)


def _outcomes(samples: Sequence[Sample], horizon_s: int) -> list[tuple[Sample, float]]:
    """Each sample with what its coin did over the horizon, in usual moves of such a time."""
    heights = {(sample.coin, sample.at_ms): sample.height for sample in samples}
    found = []
    for sample in samples:
        later = heights.get((sample.coin, sample.at_ms + 1_000 * horizon_s))
        if later is not None:
            found.append((sample, (later - sample.height) / horizon_s**0.5))
    return found


def _row(sample: Sample, move: float) -> tuple[float, ...]:
    return sample.lean, sample.plain_lean, sample.bias, sample.plain_bias, sample.informed_bias, move


def _comparison(
    table: Floats, starts: "np.typing.NDArray[np.int64]", horizon_s: int, effective_n: int, block_s: int
) -> Comparison:
    lean, plain, bias, plain_bias, informed, move = table.T
    every, moved = np.ones(len(table)), move != 0
    leaning, plain_leaning = np.abs(lean) * moved, np.abs(plain) * moved
    gains = [100 * each * move for each in (lean, plain, lean - plain, bias, plain_bias, bias - plain_bias, informed)]
    hits = [leaning * (np.sign(move) == lean), plain_leaning * (np.sign(move) == plain)]
    found = ratio_estimates(
        np.column_stack([*hits, *gains]),
        np.column_stack([leaning, plain_leaning, *[every] * len(gains)]),
        starts,
        np.random.default_rng(BOOTSTRAP_SEED),
    )
    return Comparison(
        horizon_s=horizon_s,
        n=len(table),
        effective_n=effective_n,
        block_s=block_s,
        leaning=_mean(np.abs(lean)),
        plain_leaning=_mean(np.abs(plain)),
        hit_rate=found[0].as_rate(),
        plain_hit_rate=found[1].as_rate(),
        lean_gain=found[2],
        plain_lean_gain=found[3],
        lean_difference=found[4],
        bias_gain=found[5],
        plain_bias_gain=found[6],
        bias_difference=found[7],
        informed_gain=found[8],
    )


def calls_compared(studies: Sequence[SeedStudy]) -> tuple[PairedDifference, ...]:
    """The calls that the signal filed against their twins, as scorecards compare them, over all seeds."""
    own, twins = [], {}
    for place, study in enumerate(studies):
        for call, outcome in study.graded:
            apart = msgspec.structs.replace(call, available_at_ms=call.available_at_ms + place * _APART_MS)
            if call.claimant == CLAIMANT:
                own.append((apart, outcome))
            else:
                twins[call.call_id] = apart, outcome
    return paired_differences(own, twins)


def _ranks(values: Mapping[str, float]) -> dict[str, int]:
    """The place of each, the largest first; of equal ones the lower name."""
    ordered = sorted(values, key=lambda name: (-values[name], name))
    return {name: place for place, name in enumerate(ordered, start=1)}


def _mean(values: Iterable[float]) -> float:
    listed = list(values)
    return float(sum(listed) / len(listed)) if listed else float("nan")
