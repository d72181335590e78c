"""Answers about traders full of odd values, and a memory that was damaged: nothing ends, and nothing odd is shown."""

import random
import unicodedata
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from whale_driver import WhaleDriver, address, settings

from app.core.record import Request
from app.engine.followed_view import followed_view
from app.engine.protocol_whales import LookAtTrader, NoteTrader, SilenceAlerts, TrackTrader
from app.engine.whale_detail import alert_detail, trader_detail
from app.whales.memory import decode_memory

NUMBERS = (
    "0", "0.0", "-0.0", "1e14", "-1e14", "999999999999999", "1e-12", "1e-300", "5e-324", "-3", "1e15", "1e400", "nan",
    "inf", "1_000", "100", "50000", "-50000", "",
)  # fmt: skip
COINS = (
    "BTC", "ETH", "PEPE", "xyz:SP500", "@107", "#12", "PURR/USDC", "UNKNOWN", "[bold]X", "\x1b[31mRED", "a" * 500, "",
    "BTC\u202e", "k\tab",
)  # fmt: skip
LEAVES: tuple[Any, ...] = (
    float("nan"), float("inf"), 1e308, 0, -1, 2**63 - 1, -(2**63), "", "x" * 5_000, "\x1b[31m[bold]\u202e", None, True,
    [], {}, 10**15,
)  # fmt: skip


class OddVenue(WhaleDriver):
    """Every other answer about a trader is made of odd values."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        super().__init__(settings())
        self.held = {address(number): {"BTC": 50_000.0} for number in range(10)}

    def reply(self, request: Request) -> None:
        odd = {"clearinghouseState": self.odd_state, "portfolio": self.odd_past, "userFills": self.odd_fills}
        if request.channel in odd and self.dice.random() < 0.5:
            self.answer(request, odd[request.channel](request.subject))
        else:
            super().reply(request)

    def number(self) -> str:
        return self.dice.choice(NUMBERS)

    def odd_state(self, trader: str) -> dict[str, Any]:
        told = self.state(trader, self.now_ms + self.dice.choice((0, 0, -1_000_000, 10_000_000, -(10**12))))
        told["marginSummary"]["accountValue"] = self.dice.choice((*NUMBERS, "12000000"))
        told["assetPositions"] = [self.odd_position() for _ in range(self.dice.choice((0, 1, 3, 200)))]
        return told

    def odd_position(self) -> dict[str, Any]:
        names = ("szi", "entryPx", "positionValue", "unrealizedPnl", "liquidationPx", "marginUsed")
        leverage = {"type": self.dice.choice(("cross", "isolated", "odd")), "value": self.dice.choice((5, 0, -1, 1e9))}
        values = {name: self.number() for name in names}
        return {"type": "oneWay", "position": {"coin": self.dice.choice(COINS), "leverage": leverage, **values}}

    def odd_past(self, _: str) -> list[Any]:
        ends = [self.now_ms - day * 86_400_000 for day in range(30)]
        history = {
            "accountValueHistory": [[self.dice.choice((at, 0, -1, 2**53)), self.number()] for at in ends],
            "pnlHistory": [[at, self.number()] for at in ends],
            "vlm": self.number(),
        }
        return [[self.dice.choice(("perpMonth", "perpAllTime", "day")), history]]

    def odd_fills(self, _: str) -> list[Any]:
        return [
            {
                "coin": self.dice.choice(COINS), "px": self.number(), "sz": self.number(), "side": "B",
                "time": self.now_ms - 1_000, "startPosition": self.number(), "dir": "\x1b[2J" + "[" * 300,
                "closedPnl": self.number(), "hash": "0x", "oid": 1, "crossed": True, "fee": "-0.5", "tid": 7,
            }
        ]  # fmt: skip


def texts(told: object) -> Iterator[str]:
    if isinstance(told, str):
        yield told
    elif isinstance(told, dict):
        for key, value in told.items():
            yield from texts(key)
            yield from texts(value)
    elif isinstance(told, list | tuple):
        for value in told:
            yield from texts(value)


def shown(driver: WhaleDriver) -> Iterator[str]:
    """Every text that a deck or a command is told."""
    whales, now_ms = driver.whales, driver.now_ms
    views = [driver.view(), followed_view(whales, "BTC", now_ms)]
    views += [trader_detail(whales, trader, now_ms) for trader in whales.roster.members]
    views += [alert_detail(whales, one.alert_id) for one in whales.alerting.desk.book.standing()]
    for view in views:
        yield from texts(msgspec.to_builtins(view))


def a_while(driver: OddVenue, seconds: int) -> None:
    for _ in range(seconds):
        trader = address(driver.dice.randrange(10))
        driver.trades(trader, "BTC", driver.dice.choice((0.0, 90_000.0, -90_000.0, 1e12)))
        driver.command(LookAtTrader(trader, 1))
        driver.command(NoteTrader(trader, "\x1b[31m[bold]" + "x" * 500, "n\u202e" * 900))
        driver.command(SilenceAlerts("coin", driver.dice.choice(COINS)))
        driver.command(TrackTrader(driver.dice.choice((trader, "0x", "", trader.upper())), driver.dice.random() < 0.5))
        driver.run(1)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_odd_answers_end_nothing_and_nothing_odd_is_shown(seed: int) -> None:
    driver = OddVenue(seed)
    driver.restore()
    a_while(driver, 12)
    refreshing = driver.whales.refreshing
    assert refreshing.counts.failed > 0
    assert not [
        one for one in shown(driver) if any(unicodedata.category(each) in ("Cc", "Cf", "Zl", "Zp") for each in one)
    ]
    decode_memory(driver.whales.saving.memory())
    driver.dice = random.Random(0)
    driver.reply = lambda request: WhaleDriver.reply(driver, request)  # type: ignore[method-assign]
    driver.run(40)
    assert not driver.whales.stale


def damaged(saved: Any, dice: random.Random) -> Any:
    """The same with one leaf replaced."""
    if isinstance(saved, dict) and saved:
        key = dice.choice(list(saved))
        return saved | {key: damaged(saved[key], dice)}
    if isinstance(saved, list) and saved:
        place = dice.randrange(len(saved))
        return [*saved[:place], damaged(saved[place], dice), *saved[place + 1 :]]
    return dice.choice(LEAVES)


def a_memory() -> tuple[WhaleDriver, Any]:
    driver = WhaleDriver(settings())
    driver.held = {address(number): {"BTC": 50_000.0, "ETH": -1_000.0} for number in range(10)}
    driver.follow(10)
    for number in range(6):
        driver.trades(address(number), "BTC", -60_000.0 * (number - 2))
        driver.run(1)
    return driver, msgspec.msgpack.decode(driver.whales.saving.memory())


def outcome(driver: WhaleDriver, memory: Any) -> bool:
    """Whether a run that began with this memory saves what it learns; it runs in any case."""
    later = WhaleDriver(driver.settings, msgspec.msgpack.encode(memory), driver.now_ms + 5_000)
    later.held = driver.held
    later.follow(3)
    assert later.view().tracker.tracked > 0 or later.whales.saving.unsaved
    decode_memory(later.whales.saving.memory())
    return not later.whales.saving.unsaved


def test_a_memory_damaged_anywhere_is_used_or_refused_and_never_ends_a_run() -> None:
    driver, memory = a_memory()
    dice = random.Random(7)
    outcomes = [outcome(driver, damaged(memory, dice)) for _ in range(60)]
    assert {True, False} == set(outcomes)


@pytest.mark.nightly
def test_a_memory_damaged_in_many_ways_never_ends_a_run() -> None:
    driver, memory = a_memory()
    dice = random.Random(8)
    assert len({outcome(driver, damaged(memory, dice)) for _ in range(3_000)}) == 2
