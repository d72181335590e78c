"""What accounts own and dare: equity, leverage, which coins they trade, how long they hold, and who knows something.

All of it is drawn once, from the seed; the numbers below were fixed before anything was measured with them.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.demo.accounts import ACCOUNTS, LARGE_ACCOUNTS, MARKET_MAKERS, Accounts
from app.demo.grid import Floats
from app.demo.listings import Listing

INFORMED_LARGE, INFORMED_OTHERS = 4, 12
INFORMED_EQUITY_USD = (200_000.0, 9_000_000.0)
GIANTS, WHALES = 12, 8
GIANT_USD, WHALE_USD, LARGE_USD = (21e6, 150e6), (10.5e6, 19e6), (5e6, 9.5e6)
MAKER_USD = (3e6, 9.5e6)
MEDIAN_USD, EQUITY_SPREAD, OTHERS_USD = 600_000.0, 1.4, (5_000.0, 9.5e6)
LARGE_LEVERAGE, MAKER_LEVERAGE = (0.4, 2.0), (3.0, 5.0)
MEDIAN_LEVERAGE, LEVERAGE_SPREAD = 2.0, 0.6
GAMBLER_ODDS, GAMBLER_LEVERAGE, GAMBLER_BOLDNESS = 0.15, (10.0, 40.0), 0.8
BOLDNESS = 0.15
MOST_OF_THE_LIMIT = 0.95
FEWEST_COINS, MOST_COINS, GAMBLER_COINS = 2, 14, 3
MOST_OF_A_DAY = 0.2
PATIENCE_S = (3_600.0, 86_400.0)
_SIZE_MATTERS = 0.5

Flags = NDArray[np.bool_]


class Wealth(NamedTuple):
    """Arrays by account; `share` by coin and account: how an account spreads over its coins (columns sum to one).

    `boldness` is the least part of its usual position that an account takes when it takes one.
    """

    equity_usd: Floats
    leverage: Floats
    boldness: Floats
    patience_s: Floats
    share: Floats
    informed: Flags
    gambling: Flags


def draw_wealth(listings: Sequence[Listing], accounts: Accounts, rng: np.random.Generator) -> Wealth:
    """The wealth of all accounts. Bigger accounts send bigger orders (`Accounts.order_scale`)."""
    equity = _equity(accounts, rng)
    gambling = rng.random(ACCOUNTS) < GAMBLER_ODDS
    gambling[: MARKET_MAKERS + LARGE_ACCOUNTS] = False
    boldness = np.where(gambling, GAMBLER_BOLDNESS, BOLDNESS)
    share = _shares(listings, gambling, rng)
    return Wealth(
        equity, _leverage(gambling, rng), boldness, _patience(rng), share, _informed(equity, gambling, rng), gambling
    )


def position_caps(wealth: Wealth, listings: Sequence[Listing], equity_usd: Floats) -> Floats:
    """The largest position in USD each account would take in each coin with this equity (coins × accounts)."""
    day = np.array([listing.day_volume_musd for listing in listings]) * 1e6
    limit = MOST_OF_THE_LIMIT * np.array([listing.maximum_leverage for listing in listings], dtype=np.float64)
    wanted = wealth.share * np.maximum(equity_usd, 0.0) * np.minimum(wealth.leverage, limit[:, None])
    result: Floats = np.minimum(wanted, MOST_OF_A_DAY * day[:, None])
    return result


def _equity(accounts: Accounts, rng: np.random.Generator) -> Floats:
    scale = np.log([accounts.order_scale(number) for number in range(ACCOUNTS)])
    normal = 0.7 * (scale - np.median(scale)) / 0.6 + 0.7 * rng.standard_normal(ACCOUNTS)
    equity: Floats = np.clip(MEDIAN_USD * np.exp(EQUITY_SPREAD * normal), *OTHERS_USD)
    equity[:MARKET_MAKERS] = _log_uniform(rng, MAKER_USD, MARKET_MAKERS)
    rest = LARGE_ACCOUNTS - GIANTS - WHALES
    large = [
        _log_uniform(rng, span, count) for span, count in ((GIANT_USD, GIANTS), (WHALE_USD, WHALES), (LARGE_USD, rest))
    ]
    equity[MARKET_MAKERS : MARKET_MAKERS + LARGE_ACCOUNTS] = rng.permutation(np.concatenate(large))
    return equity


def _leverage(gambling: Flags, rng: np.random.Generator) -> Floats:
    """How far positions may exceed equity: large accounts are careful, a few small ones are not."""
    leverage: Floats = np.clip(MEDIAN_LEVERAGE * np.exp(LEVERAGE_SPREAD * rng.standard_normal(ACCOUNTS)), 0.5, 8.0)
    leverage = np.where(gambling, rng.uniform(*GAMBLER_LEVERAGE, ACCOUNTS), leverage)
    leverage[:MARKET_MAKERS] = rng.uniform(*MAKER_LEVERAGE, MARKET_MAKERS)
    leverage[MARKET_MAKERS : MARKET_MAKERS + LARGE_ACCOUNTS] = rng.uniform(*LARGE_LEVERAGE, LARGE_ACCOUNTS)
    return leverage


def _patience(rng: np.random.Generator) -> Floats:
    """How long an account keeps a view of a coin, on average."""
    patience = _log_uniform(rng, PATIENCE_S, ACCOUNTS)
    patience[:MARKET_MAKERS] = PATIENCE_S[0]
    return patience


def _shares(listings: Sequence[Listing], gambling: Flags, rng: np.random.Generator) -> Floats:
    coins = len(listings)
    volume = np.array([listing.day_volume_musd for listing in listings])
    weight = volume[:, None] ** _SIZE_MATTERS * np.exp(rng.standard_normal((coins, ACCOUNTS)))
    count = np.minimum(rng.integers(FEWEST_COINS, MOST_COINS + 1, ACCOUNTS), coins)
    count[gambling] = np.minimum(count[gambling], GAMBLER_COINS)
    count[:MARKET_MAKERS] = coins
    # Each account keeps the coins it likes best.
    place = np.argsort(np.argsort(-weight, axis=0), axis=0)
    weight[place >= count] = 0.0
    result: Floats = weight / weight.sum(axis=0)
    return result


def _informed(equity: Floats, gambling: Flags, rng: np.random.Generator) -> Flags:
    informed = np.zeros(ACCOUNTS, dtype=np.bool_)
    large = MARKET_MAKERS + rng.choice(LARGE_ACCOUNTS, INFORMED_LARGE, replace=False)
    low, high = INFORMED_EQUITY_USD
    middle = np.flatnonzero((equity >= low) & (equity <= high) & ~gambling)
    others = rng.choice(middle[middle >= MARKET_MAKERS + LARGE_ACCOUNTS], INFORMED_OTHERS, replace=False)
    informed[np.concatenate([large, others])] = True
    return informed


def _log_uniform(rng: np.random.Generator, span: tuple[float, float], count: int) -> Floats:
    result: Floats = np.exp(rng.uniform(np.log(span[0]), np.log(span[1]), count))
    return result
