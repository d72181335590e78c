"""A scripted engine for the deck, which says what a test tells it to, and a reader of the screen."""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from textual.pilot import Pilot

from app.core.clock import ManualClock
from app.core.errors import VenueError
from app.core.playback import Playback
from app.engine.protocol import (
    PROTOCOL_VERSION,
    AiRead,
    Command,
    CommandResult,
    FeedView,
    LogLine,
    MarketRow,
    ModelView,
    RulesView,
    ScalperView,
    Snapshot,
    SourceView,
    Welcome,
)
from app.engine.protocol_detail import (
    CandleView,
    ExchangeView,
    LevelView,
    MarketDetail,
    PastRead,
    ReadPoint,
    ScalperDetail,
    TradeView,
)
from app.ui.app import DeckApp
from app.ui.deck_options import DeckOptions
from app.ui.theme import load_themes

THEMES = Path(__file__).parents[2] / "themes"
WALL_MS = 1_700_000_000_000
SOURCE = SourceView("live", "LIVE", "Hyperliquid mainnet")
DEMO = SourceView("demo", "DEMO", "simulated market, seed 7")
TAPE = SourceView("tape", "TAPE", "2023-11-14 22:13 session.tape")


class ScriptedLink:
    """An `EngineLink` whose engine is the test: it keeps the commands and answers each with `answer`."""

    def __init__(self, source: SourceView = SOURCE, *, refuses: str = "") -> None:
        self.commands: list[Command] = []
        self.answer = CommandResult(0, True, "Done.")
        self.broken: Exception | None = None
        self.closed = False
        self.answering = asyncio.Event()
        self.answering.set()
        self._source = source
        self._refuses = refuses
        self._coming: asyncio.Queue[Snapshot | Exception | None] = asyncio.Queue()

    def say(self, snapshot: Snapshot | Exception | None) -> None:
        """What the engine sends next: None when it ends, an error when the link breaks."""
        self._coming.put_nowait(snapshot)

    async def connect(self) -> Welcome:
        await self.answering.wait()
        if self._refuses:
            raise VenueError(self._refuses)
        return Welcome(PROTOCOL_VERSION, "1", self._source)

    async def snapshot(self) -> Snapshot | None:
        coming = await self._coming.get()
        if isinstance(coming, Exception):
            raise coming
        return coming

    async def send(self, command: Command) -> CommandResult:
        self.commands.append(command)
        if self.broken is not None:
            raise self.broken
        return self.answer

    async def close(self) -> None:
        self.closed = True


def market(coin: str, price: float, index: int = 0, **changes: Any) -> MarketRow:
    """A coin with everything known; numbers differ with `index`."""
    swing = ((index * 7) % 11 - 5) / 100
    row = MarketRow(
        coin=coin,
        price=price,
        price_decimals=2 if price > 10 else 5,
        change_1m=swing / 20,
        change_1h=swing / 4,
        change_24h=swing,
        bid=price * 0.9999,
        ask=price * 1.0001,
        spread_bps=0.3 + index / 5,
        rules=RulesView(
            momentum=50 + swing * 700,
            direction=(swing > 0) - (swing < 0),
            pressure=40 + index,
            continuation=None if index % 4 == 3 else 55 + index,
            freshness=("FRESH", "DEVELOPING", "EXTENDED", "EXHAUSTED")[index % 4],
        ),
        funding=0.0000125 - index / 1_000_000,
        open_interest_usd=2.1e9 / (index + 1),
        day_volume_usd=3.4e9 / (index + 1),
        trend=tuple(price * (1 + 0.01 * math.sin((n + index) / 3)) if n or index % 5 else None for n in range(21)),
        age_ms=300 + 100 * index,
        favourite=index < 3,
    )
    return msgspec.structs.replace(row, **changes)


COINS = (
    ("BTC", 67_123.5), ("ETH", 3_412.25), ("SOL", 148.31), ("HYPE", 31.07), ("XRP", 0.61234), ("DOGE", 0.12345),
    ("kPEPE", 0.00987), ("FARTCOIN", 1.12345), ("SUI", 3.4321), ("AVAX", 27.91), ("LINK", 14.02), ("ADA", 0.44121),
    ("LTC", 84.11), ("BNB", 601.75), ("NEAR", 5.12), ("APT", 9.01234), ("ARB", 0.81234), ("OP", 1.71234),
    ("TIA", 4.91234), ("INJ", 21.4), ("SEI", 0.31234), ("WLD", 2.11234), ("JUP", 0.71234), ("ENA", 0.38123),
    ("AAVE", 161.2), ("UNI", 8.12), ("MKR", 1_811.5), ("LDO", 1.21234), ("CRV", 0.31123), ("ONDO", 0.91234),
)  # fmt: skip


def feed(**changes: Any) -> FeedView:
    """A feed that lives."""
    live = FeedView(
        name="hyperliquid",
        state="ok",
        age_ms=300,
        venue_lag_ms=120,
        frames=48_211,
        subscriptions=91,
    )
    return msgspec.structs.replace(live, **changes)


def snapshot(sequence: int = 1, **changes: Any) -> Snapshot:
    """A live engine's snapshot of thirty coins."""
    full = Snapshot(
        sequence=sequence,
        wall_ms=WALL_MS,
        source=SOURCE,
        feeds=(feed(), feed(name="rest", state="waiting", age_ms=None)),
        markets=tuple(market(coin, price, index) for index, (coin, price) in enumerate(COINS)),
        log=(
            LogLine(WALL_MS - 9_000, "info", "hyperliquid", "connected, 91 subscriptions"),
            LogLine(WALL_MS - 4_000, "warning", "hyperliquid", "trades of SOL missing for 3 s; marked as a gap"),
        ),
        calls_filed=128,
    )
    return msgspec.structs.replace(full, **changes)


def detail(**changes: Any) -> MarketDetail:
    """BTC opened up: two hours of minutes with a gap, prints, a book, a minute of reads and a hole."""
    minutes = [minute for minute in range(120) if not 40 <= minute < 44]
    waves = [(minute, 67_000 + 300 * math.sin(minute / 9) + 40 * math.sin(minute * 2.3)) for minute in minutes]
    opened = WALL_MS - WALL_MS % 60_000
    full = MarketDetail(
        coin="BTC",
        interval="1m",
        interval_ms=60_000,
        candles=tuple(
            CandleView(
                opened - 60_000 * (119 - minute), price, price + 60, price - 45, price + 50 * math.cos(minute), 5.0
            )
            for minute, price in waves
        ),
        trades=tuple(
            TradeView(
                WALL_MS - 400 * n, 1_000 - n, 67_123.5 - n % 5, 0.01 * (n % 9 + 1), 1 - 2 * (n % 3 == 0), n * 0.83
            )
            for n in range(120)
        ),
        bids=tuple(LevelView(67_123.0 - n, 0.5 + (n * 7 % 5), n + 1) for n in range(20)),
        asks=tuple(LevelView(67_124.0 + n, 0.4 + (n * 3 % 7), n + 2) for n in range(20)),
        book_age_ms=1_200,
        imbalance=-0.18,
        imbalance_levels=5,
        reads=tuple(
            ReadPoint(WALL_MS - 1_000 * (59 - n), 50 + 40 * math.sin(n / 7), 50 + n / 3, None if n % 5 else 55.0)
            for n in range(60)
        ),
        holes=((opened - 60_000 * 80, opened - 60_000 * 76),),
        mark_price=67_130.0,
        oracle_price=67_120.0,
    )
    return msgspec.structs.replace(full, **changes)


def ai_read(**changes: Any) -> AiRead:
    """A read of eight seconds ago that would buy."""
    read = AiRead(
        age_ms=8_400,
        latency_ms=1_200,
        reason="periodic",
        model="mistral",
        momentum=72.0,
        pressure=68.0,
        continuation=61.0,
        freshness="DEVELOPING",
        direction=1,
        action="LONG",
        confidence=6,
        sentence="Buyers lift the offers and every dip is bought; no large seller shows up.",
        conflict=False,
        in_position=False,
    )
    return msgspec.structs.replace(read, **changes)


def model(**changes: Any) -> ModelView:
    """A model that answers well."""
    ready = ModelView(
        state="ready",
        name="mistral",
        answers_in_s=1.2,
        under_way="ETH",
        reads_per_hour=281,
        failures_per_hour=2,
        round_trip_bps=9.0,
    )
    return msgspec.structs.replace(ready, **changes)


def scalped(*scalpers: ScalperView | None, **changes: Any) -> Snapshot:
    """A snapshot of an engine with a scalper: the first coins are read so."""
    full = snapshot()
    markets = (
        msgspec.structs.replace(row, scalper=scalper) for row, scalper in zip(full.markets, scalpers, strict=False)
    )
    told: dict[str, Any] = {"markets": (*markets, *full.markets[len(scalpers) :]), "model": model(), **changes}
    return msgspec.structs.replace(full, **told)


AI_READS = (
    ScalperView(ai_read()),
    ScalperView(
        ai_read(
            age_ms=21_000, momentum=83.0, pressure=24.0, continuation=38.0, freshness="EXTENDED", direction=-1,
            action="SHORT", confidence=4, conflict=True, sentence="A fast slide that is late to join.",
        )
    ),
    ScalperView(
        ai_read(age_ms=34_000, momentum=12.0, pressure=50.0, action="NONE", direction=0, sentence="Chop at one price."),
        waits_for="not enough data yet: 3 of 5 prints in this minute",
    ),
)  # fmt: skip
"""Three coins: one read well, one with a conflict and ageing, one that is not read any more."""


def past_read(seconds_ago: int, **changes: Any) -> PastRead:
    """A read of BTC some seconds ago that would buy."""
    read = PastRead(
        at_ms=WALL_MS - 1_000 * seconds_ago,
        reason="periodic",
        momentum=72.0,
        pressure=68.0,
        continuation=61.0,
        freshness="DEVELOPING",
        direction=1,
        action="LONG",
        confidence=6,
        conflict=False,
        sentence="Buyers lift the offers and every dip is bought.",
        price=67_120.0 + seconds_ago % 7,
        moves_bps=(None, None, None),
    )
    return msgspec.structs.replace(read, **changes)


PAST_READS = (
    past_read(8),
    past_read(20, action="NONE", momentum=22.0, direction=0, sentence="Chop."),
    past_read(33, reason="price move", freshness="EXTENDED", conflict=True, moves_bps=(4.2, None, None)),
    past_read(66, action="SHORT", direction=-1, pressure=18.0, moves_bps=(3.1, -7.4, None), confidence=8),
    past_read(320, action="EXIT", reason="position", moves_bps=(-0.01, 12.3, -141.0), price=None),
)


def exchange(seconds_ago: int, **changes: Any) -> ExchangeView:
    """A question about BTC and its answer."""
    asked = ExchangeView(
        asked_ms=WALL_MS - 1_000 * seconds_ago - 1_200,
        at_ms=WALL_MS - 1_000 * seconds_ago,
        reason="periodic",
        model="mistral",
        asked="Market M1, price 67,120.0, a minute ago 67,080.0 (+0.06 %).\nBuys 31 of 2.4, sells 12 of 0.8.",
        answer='{"momentum": 72, "pressure": 68, "continuation": 61, "freshness": "DEVELOPING", "action": "LONG"}',
        outcome="",
        prompt_tokens=812,
        answer_tokens=58,
        load_ms=0.0,
        prompt_ms=410.0,
        answer_ms=702.0,
    )
    return msgspec.structs.replace(asked, **changes)


EXCHANGES = (
    exchange(8),
    exchange(20, reason="by hand", answer="", outcome="the model gave no answer within 3 s", prompt_ms=0.0),
)


def opened_scalper(**changes: Any) -> Snapshot:
    """BTC with the scalper's work on it: two minutes of seconds, five reads, two exchanges."""
    opened = WALL_MS - WALL_MS % 1_000
    seconds = tuple(
        CandleView(opened - 1_000 * (119 - n), 67_120 + n % 9, 67_124 + n % 9, 67_117 + n % 5, 67_121 + n % 7, 1.0)
        for n in range(120)
    )
    work = ScalperDetail(
        persona="You scalp crypto perpetuals by hand.\n\nRules:\n1. Never chase.",
        exchanges=EXCHANGES,
        reads=PAST_READS,
    )
    told: dict[str, Any] = {
        "detail": detail(interval="1s", interval_ms=1_000, candles=seconds, holes=()),
        "scalper": work,
        **changes,
    }
    return scalped(*AI_READS, **told)


def tape_snapshot(**changes: Any) -> Snapshot:
    """A snapshot of a tape that plays at 4x."""
    playback = Playback(WALL_MS - 60_000, WALL_MS + 387_000, WALL_MS, 4.0, False, False)
    return snapshot(source=TAPE, playback=msgspec.structs.replace(playback, **changes))


def make_deck(link: ScriptedLink, clock: ManualClock | None = None) -> DeckApp:
    """The deck on a scripted link, in the first of the shipped themes."""
    themes, notices = load_themes([THEMES])
    return DeckApp(link, clock or ManualClock(), themes, DeckOptions(), notices=notices)


@asynccontextmanager
async def deck_on(
    link: ScriptedLink, size: tuple[int, int] = (120, 40), clock: ManualClock | None = None
) -> AsyncIterator[tuple[DeckApp, Pilot[None]]]:
    """A running deck that has painted all it has been told."""
    deck = make_deck(link, clock)
    async with deck.run_test(size=size) as pilot:
        await settle(pilot)
        yield deck, pilot


async def settle(pilot: Pilot[None]) -> None:
    """Let the deck take in what the link has said, and paint it."""
    await pilot.pause()
    await pilot.pause()
    app = pilot.app
    assert isinstance(app, DeckApp)
    app.paint()
    await pilot.pause()


def screen_text(deck: DeckApp) -> str:
    """What the screen shows, a line a row, without the blanks at the ends."""
    strips = deck.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips) + "\n"
