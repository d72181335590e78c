"""The whole screen as text at four sizes. `TAPEDECK_UPDATE_SNAPSHOTS=1` writes the stored texts anew."""

import os
from pathlib import Path

import msgspec
import pytest
from deck_fakes import (
    AI_READS,
    TAPE,
    WALL_MS,
    ScriptedLink,
    deck_on,
    detail,
    feed,
    model,
    opened_scalper,
    scalped,
    screen_text,
    settle,
    snapshot,
    tape_snapshot,
)
from paper_fakes import COPIES, paper, paper_trade
from screener_fakes import DONE_SWEEP, NOTHING_YET, RUNNING_SWEEP, bar_detail, screened, screener
from token_fakes import DOWN, judging, token_detail, tokens
from wallet_fakes import FAILED_SCAN, NO_WALLETS, RUNNING_SCAN, scanned, wallet_detail, wallets
from whale_fakes import (
    DIGEST,
    NO_ALERTS,
    NO_LEADERBOARD,
    SILENCES,
    STALE_TRACKER,
    alert_detail,
    followed,
    trader_detail,
    whales,
)

from app.core.clock import ManualClock
from app.core.errors import VenueError
from app.engine.protocol import LogLine, RecordingView, RulesView, ScalperView, Snapshot

STORED = Path(__file__).parent / "snapshots"
SIZES = ((60, 20), (80, 24), (120, 40), (200, 60))
SMALL = ((40, 10), (90, 12))


def stale_snapshot() -> Snapshot:
    full = snapshot(
        feeds=(
            feed(state="stale", age_ms=14_000),
            feed(name="books", state="down", age_ms=None, retry_in_s=3.0),
            feed(name="rest", state="idle", budget_used=44, budget_limit=1_200),
        ),
        recording=RecordingView("session.tape", 12_300_000, 60.0),
    )
    markets = [
        msgspec.structs.replace(row, stale=True, age_ms=14_000, rules=None) if index % 3 == 0 else row
        for index, row in enumerate(full.markets)
    ]
    markets[4] = msgspec.structs.replace(markets[4], hole=True, rules=None)
    return msgspec.structs.replace(full, markets=tuple(markets))


def stale_market() -> Snapshot:
    return msgspec.structs.replace(stale_snapshot(), detail=detail(bids=(), asks=(), imbalance=None, reads=()))


def stale_reads() -> Snapshot:
    """BTC's data is stale, and the model is slow."""
    slow = "mistral takes 3.4 s; try a smaller one: `ollama pull llama3.2:3b`"
    full = scalped(*AI_READS, metric_source="ai", model=model(answers_in_s=3.4, message=slow, under_way=""))
    waits = msgspec.structs.replace(AI_READS[0], waits_for="its data is stale")
    btc = msgspec.structs.replace(full.markets[0], stale=True, age_ms=14_000, rules=None, scalper=waits)
    return msgspec.structs.replace(full, markets=(btc, *full.markets[1:]))


NO_MODEL = scalped(
    *(ScalperView(),) * 3,
    metric_source="ai",
    model=model(
        state="absent",
        message="nobody listens at 127.0.0.1:11434; start Ollama with `ollama serve`",
        answers_in_s=None,
        under_way="",
        reads_per_hour=0,
        failures_per_hour=0,
    ),
)
EMPTY = snapshot(
    markets=(),
    log=(),
    calls_filed=0,
    feeds=(feed(state="connecting", age_ms=None),),
    waiting_for="Waiting for the venue's list of markets.",
)
COPIED = paper(
    copies=COPIES,
    copying=True,
    closed=(
        paper_trade(60, coin="★ polls professor", direction=1, entry_price=0.41, exit_price=1.0, result_usd=71.95,
                    result_bps=14_390.2, by="copy", reason="paid out: senate-race-ohio #1"),
        paper_trade(90),
    ),
)  # fmt: skip
NO_WORKER = token_detail(
    attributions=None, attributions_trouble="The token model is not asked: workers were lost 4 times in 60 s"
)
NO_TRADES = paper(positions=(), opening=(), closed=(), curve=(), trades=0, wins=0, losses=0)
FIRST_MINUTE = snapshot(
    markets=tuple(
        msgspec.structs.replace(row, minute_in_s=41, change_1m=None, rules=RulesView(None, 0, 55.0, None, None))
        for row in snapshot().markets
    )
)
LONG_LINE = LogLine(
    WALL_MS,
    "warning",
    "hyperliquid",
    "socket closed: " + "the venue said goodbye and gave a reason as long as this; " * 4,
)
SCRIPTS: dict[str, tuple[tuple[Snapshot | Exception | None, ...], tuple[str, ...]]] = {
    "connecting": ((), ()),
    "empty": ((EMPTY,), ()),
    "live": ((snapshot(),), ()),
    "stale": ((stale_snapshot(),), ()),
    "frozen": ((snapshot(),), ("f",)),
    "tape": ((tape_snapshot(),), ()),
    "ended": ((snapshot(), None), ()),
    "failed": ((VenueError("the engine does not answer; start it with `tapedeck run`."),), ()),
    "log": ((snapshot(),), ("e",)),
    "feeds": ((stale_snapshot(),), ("d",)),
    "market": ((snapshot(detail=detail()),), ("enter",)),
    "market-waiting": ((snapshot(),), ("enter",)),
    "market-stale": ((stale_market(),), ("enter", "comma", "comma")),
    "market-ended": ((snapshot(detail=detail()), None), ("enter", "tab")),
    "copy": ((snapshot(),), ("Y",)),
    "detail": ((stale_snapshot(),), ("d", "enter")),
    "event": ((snapshot(log=(LONG_LINE,)),), ("e", "enter")),
    "help": ((snapshot(),), ("?",)),
    "reads": ((scalped(*AI_READS, metric_source="ai"),), ("tab",)),
    "reads-no-model": ((NO_MODEL,), ("tab",)),
    "reads-stale": ((stale_reads(),), ("tab",)),
    "reads-frozen": ((scalped(*AI_READS),), ("tab", "f")),
    "market-read": ((opened_scalper(detail=detail()),), ("enter",)),
    "scalper": ((opened_scalper(),), ("tab", "enter")),
    "scalper-paper": ((opened_scalper(paper=paper()),), ("tab", "enter")),
    "paper": ((scalped(*AI_READS, paper=paper()),), ("p",)),
    "paper-copies": ((scalped(*AI_READS, paper=COPIED),), ("p",)),
    "paper-none": ((scalped(*AI_READS, paper=NO_TRADES),), ("p",)),
    "nothing-passes": ((snapshot(),), ("/", *"volume above 10m", "enter")),
    "first-minute": ((FIRST_MINUTE,), (">", ">")),
    "wallets": ((scanned(),), ("tab", "tab")),
    "wallets-empty": ((scanned(NO_WALLETS),), ("tab", "tab")),
    "wallets-running": ((scanned(wallets(scan=RUNNING_SCAN)),), ("tab", "tab")),
    "wallets-stale": ((scanned(), None), ("tab", "tab")),
    "wallets-failed": ((scanned(wallets(scan=FAILED_SCAN)),), ("tab", "tab")),
    "wallets-frozen": ((scanned(),), ("tab", "tab", "f")),
    "wallet": ((scanned(wallet=wallet_detail()),), ("tab", "tab", "enter")),
    "wallet-waiting": ((scanned(),), ("tab", "tab", "enter")),
    "wallet-losses": ((scanned(wallet=wallet_detail()), None), ("tab", "tab", "enter", "tab", "tab")),
    "wallet-alias": ((scanned(wallet=wallet_detail()),), ("tab", "tab", "enter", "A")),
    "scan-metrics": ((scanned(),), ("D",)),
    "scan-metrics-running": ((scanned(wallets(scan=RUNNING_SCAN)),), ("D",)),
    "scan-metrics-none": ((scanned(NO_WALLETS),), ("D",)),
    "deck": ((followed(wallets=wallets(), paper=paper(), tokens=tokens()),), ()),
    "ml-health": ((judging(),), ("5",)),
    "token": ((judging(token=token_detail()),), ("5", "enter")),
    "token-waiting": ((judging(),), ("5", "enter")),
    "token-no-worker": ((judging(token=NO_WORKER),), ("5", "enter", "tab", "tab")),
    "token-features": ((judging(token=token_detail()),), ("5", "enter", "3")),
    "token-chart": ((judging(token=token_detail()), None), ("5", "enter", "4", "comma", "comma")),
    "ml-health-down": ((judging(tokens(mode="STRATEGY-ONLY", mode_reason=DOWN.mode_reason, model=DOWN)),), ("5",)),
    "whales": ((followed(whales(silences=SILENCES, digest=DIGEST)),), ("tab", "tab", "tab")),
    "whales-empty": ((followed(whales(alerts=())),), ("tab", "tab", "tab")),
    "whales-loading": ((followed(NO_ALERTS),), ("tab", "tab", "tab")),
    "whales-stale": ((followed(whales(tracker=STALE_TRACKER)),), ("tab", "tab", "tab")),
    "whales-ended": ((followed(), None), ("tab", "tab", "tab")),
    "whales-failed": ((followed(NO_LEADERBOARD),), ("tab", "tab", "tab")),
    "whales-frozen": ((followed(),), ("tab", "tab", "tab", "f")),
    "silence": ((followed(whales(silences=SILENCES)),), ("tab", "tab", "tab", "H")),
    "alert": ((followed(alert=alert_detail()),), ("tab", "tab", "tab", "enter")),
    "alert-waiting": ((followed(),), ("tab", "tab", "tab", "enter")),
    "alert-ended": ((followed(alert=alert_detail()), None), ("tab", "tab", "tab", "enter", "tab", "tab")),
    "trader": ((followed(trader=trader_detail()),), ("tab", "tab", "tab", "enter", "enter")),
    "trader-waiting": ((followed(),), ("tab", "tab", "tab", "enter", "enter")),
    "trader-stale": ((followed(trader=trader_detail()), None), ("tab", "tab", "tab", "enter", "enter", "tab")),
    "trader-frozen": ((followed(trader=trader_detail()),), ("tab", "tab", "tab", "enter", "enter", "f")),
    "screener": ((screened(),), ("n",)),
    "screener-empty": ((screened(NOTHING_YET),), ("n",)),
    "screener-strategy": ((screened(),), ("n", "tab")),
    "screener-coins-ended": ((screened(), None), ("n", "tab", "tab")),
    "screener-sweep": ((screened(sweep=RUNNING_SWEEP),), ("n", "tab", "tab", "tab")),
    "screener-swept": ((screened(sweep=DONE_SWEEP),), ("n", "4")),
    "screener-asks": ((screened(),), ("n", "X")),
    "bar": ((screened(screener(bar=bar_detail())),), ("n", "enter")),
    "bar-waiting": ((screened(),), ("n", "enter")),
    "bar-numbers": ((screened(screener(bar=bar_detail())),), ("n", "enter", "tab")),
    "market-signal": ((followed(detail=detail()),), ("enter",)),
    "scalper-asked": ((opened_scalper(),), ("tab", "enter", "3")),
}


CASES = [(state, size) for state in SCRIPTS for size in SIZES] + [
    (state, size)
    for state in (
        *("live", "tape", "market", "reads", "scalper", "wallets-running", "wallet"),
        *("deck", "whales", "whales-loading", "whales-stale", "whales-failed", "alert", "trader", "screener", "bar"),
    )
    for size in SMALL
]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("state", "size"), CASES, ids=lambda value: value if isinstance(value, str) else "x".join(map(str, value))
)
async def test_screen(state: str, size: tuple[int, int]) -> None:
    says, keys = SCRIPTS[state]
    link = ScriptedLink(TAPE if state == "tape" else snapshot().source)
    if state == "connecting":
        link.answering.clear()
    for message in says:
        link.say(message)
    clock = ManualClock()
    async with deck_on(link, size, clock) as (deck, pilot):
        if keys:
            for key in keys:
                await pilot.press(key)
                await pilot.pause()
            await settle(pilot)
        text = screen_text(deck)
    stored = STORED / f"{state}-{size[0]}x{size[1]}.txt"
    if os.environ.get("TAPEDECK_UPDATE_SNAPSHOTS"):
        stored.write_text(text)
    assert text == stored.read_text()
    assert len(text.splitlines()) == size[1]
