"""From the words of a command to what is scanned. Pure but for reading the files that are named."""

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import NamedTuple, get_args

from app.config.files import read_small
from app.config.wallet_settings import BoardWindow, ScannerSettings
from app.core.errors import ConfigError, UsageError
from app.core.prediction_market import wallet_of
from app.core.text import clean
from app.feeds.polymarket import questions
from app.feeds.polymarket.questions import Question
from app.wallets.scan_values import ScanPlan
from app.wallets.source_words import BOARD_WORD
from app.wallets.sources import leaderboards, parse_list

LARGEST_LIST = 8_000_000
_BOARD = re.compile(BOARD_WORD, re.ASCII)
_WINDOWS: tuple[BoardWindow, ...] = get_args(BoardWindow)
_CONDITION = re.compile(r"0x[0-9a-f]{64}", re.ASCII | re.IGNORECASE)


class Spelled(NamedTuple):
    """Words without files: those of a file are replaced by its addresses; `refused` are entries that are none."""

    words: tuple[str, ...]
    refused: tuple[str, ...]


def spelled_out(words: Sequence[str]) -> Spelled:
    """For an engine, which reads no files: every file that `words` name by the addresses in it, each once.

    Raises `UsageError` for a word that is neither a source, an address nor a file, and for a file without addresses.
    """
    spelled: list[str] = []
    refused: list[str] = []
    for word in words:
        if _is_source(word) or word[:2].lower() == "0x":
            spelled.append(word)
            continue
        entries = _listed(word)
        found = [entry for entry in entries if wallet_of(entry) is not None]
        if not found:
            raise UsageError(f"{clean(word, 80)} has no addresses: 0x and 40 hex digits, one a line")
        spelled += found
        refused += [entry for entry in entries if wallet_of(entry) is None]
    return Spelled(tuple(dict.fromkeys(spelled)), tuple(refused))


def _is_source(word: str) -> bool:
    return word in ("trades", "market") or _BOARD.fullmatch(word) is not None


def plan_of(words: Sequence[str], settings: ScannerSettings, limit: int | None = None) -> ScanPlan:
    """What `words` name: `leaderboard`, `market`, `trades`, a market's id, an address, or a file of addresses.

    `leaderboard:week`, `leaderboard:politics` and `leaderboard:week:politics` are those of that window and category
    alone, where the settings name the other. No word means the leaderboards. `market` alone means the markets of recent
    large trades. Raises `UsageError` for a word that is none of these.
    """
    named = _Named([], [], [])
    conditions = frozenset(word.lower() for word in words if _CONDITION.fullmatch(word))
    for word in words or ("leaderboard",):
        _name(named, word, conditions, settings)
    if named.finders and "trades" in words:
        raise UsageError("trades and market both begin with recent large trades; name one of them, or a market's id")
    return ScanPlan(
        sources=tuple(dict.fromkeys(named.sources)),
        finders=tuple(named.finders),
        listed=tuple(named.listed),
        limit=limit or settings.limit,
        max_concurrent=settings.max_concurrent,
        batch_size=settings.batch_size,
        position_pages=settings.position_pages,
        market_fresh_s=settings.open_market_h * 3_600,
    )


class _Named(NamedTuple):
    """What words have named so far: questions for wallets, for markets whose holders are wanted, and wallets."""

    sources: list[Question]
    finders: list[Question]
    listed: list[str]


def _name(named: _Named, word: str, conditions: AbstractSet[str], settings: ScannerSettings) -> None:
    """Add what a word names; `conditions` are the markets' ids among all words."""
    large = questions.market_trades(minimum_usdc=settings.large_trade_usdc)
    if _BOARD.fullmatch(word):
        named.sources.extend(_boards(word, settings))
    elif word == "trades":
        named.sources.append(large)
    elif word == "market" and not conditions:
        named.sources.append(large)
        named.finders.append(large)
    elif word.lower() in conditions:
        named.sources.append(questions.holders(word.lower()))
    elif word != "market":
        named.listed.extend(_listed(word))


def _boards(word: str, settings: ScannerSettings) -> list[Question]:
    """The leaderboards of a window, a category, both, or of the settings. Raises `UsageError` for two of a kind."""
    parts = word.split(":")[1:]
    windows = [part for part in parts if part in _WINDOWS]
    categories = [part for part in parts if part not in _WINDOWS]
    if len(windows) > 1 or len(categories) > 1:
        raise UsageError(
            f"{word} names two of a kind: write a window ({', '.join(_WINDOWS)}) and a category, such as "
            "leaderboard:week:politics"
        )
    return leaderboards(windows or settings.windows, categories or settings.categories)


def _listed(word: str) -> list[str]:
    # What looks like an address is one, right or wrong: a wrong one is named in the result.
    if word[:2].lower() == "0x":
        return [word]
    path = Path(word)
    try:
        return parse_list(read_small(path, LARGEST_LIST))
    except (FileNotFoundError, ValueError) as error:
        # No file has a name with a zero in it.
        raise UsageError(
            f"{clean(word, 80)} is no source, address or file; write leaderboard, market, trades, 0x… or a file's name"
        ) from error
    except ConfigError as error:
        raise UsageError(f"{clean(word, 80)}: {error}") from error
