"""What runs leave for the next one: states, and values in rows of a database that other programs may write to."""

import asyncio
from collections.abc import Callable
from functools import cache
from typing import Any, Self

import msgspec
import zstandard
from scan_samples import NOW_S, PlainJudge, ScriptedVenue, drive
from scan_samples import address as wallet
from target import Target, each
from trader_samples import NOW_MS, a_move, a_state, address
from venue_targets import START_MS
from whale_driver import WhaleDriver
from whale_driver import address as follower

from app.config.settings import CostsSettings, PaperSettings
from app.config.whale_settings import AlertsSettings
from app.core.errors import DataError, FrameError
from app.core.events import Level, Quote
from app.core.prediction_market import PredictionMarket
from app.core.text import clean
from app.engine.saved_before import saved_before
from app.engine.wallet_book import SavedWallets, WalletBook, entry_of, pack_saved
from app.engine.whale_shelf import saved_whales
from app.paper.ledger import PaperLedger
from app.paper.state import decode_state, encode_state
from app.paper.view import CoinView
from app.store.rows import StoredMarket, StoredVerdict, WalletCursor, WalletNote
from app.store.whale_rows import StoredAlert, StoredHistory, StoredTrader
from app.tokens.saved_predictions import (
    CountedOutcome,
    OpenPrediction,
    OpenToken,
    SavedPredictions,
    decode_saved,
    encode_saved,
)
from app.wallets.keeping import cursor_row, market_row, read_evidence, read_market, verdict_row
from app.wallets.scan import Scan
from app.wallets.scan_values import Finished, ScanPlan
from app.wallets.stored import read_verdict
from app.whales.memory import Notes, TraderNote, WhaleMemory, decode_memory, decode_notes
from app.whales.moves import KnownTrader

_pack = msgspec.msgpack.encode


def _go_on(data: bytes) -> None:
    """The bytes as a saved paper ledger, which then has to live: through prices, hours, and a clock set back."""
    state = decode_state(data)
    ledger = PaperLedger(PaperSettings(), CostsSettings(), state.at_ms, state)
    for now_ms in (state.at_ms, state.at_ms + 3_600_000):
        for coin in sorted(ledger.wanted):
            try:
                view = _coin_view(coin, now_ms)
            except FrameError:
                continue
            ledger.look(view)
        ledger.tick(now_ms)
        _ = [(position.result_bps, position.liquidation_price, position.move_bps) for position in ledger.positions]
    ledger.clock_set_back(max(0, state.at_ms - 10_000))
    decode_state(encode_state(ledger.state()))


def _coin_view(coin: str, now_ms: int) -> CoinView:
    quote = Quote(coin, now_ms, Level(99.5, 5.0), Level(100.5, 5.0))
    return CoinView(
        coin=coin, now_ms=now_ms, quote=quote, funding=1e-5, mark_price=100.0, maximum_leverage=40, size_decimals=5
    )


def ledgers() -> list[bytes]:
    """A new ledger; one with a position, its end on its way, an order that opens, and a point of its curve."""
    ledger = PaperLedger(PaperSettings(), CostsSettings(), START_MS)
    saved = [encode_state(ledger.state())]
    ledger.open(_coin_view("BTC", START_MS), 1, "hand")
    ledger.look(_coin_view("BTC", START_MS + 300))
    ledger.close(_coin_view("BTC", START_MS + 400), "hand")
    ledger.open(_coin_view("ETH", START_MS + 400), -1, "ai")
    return [*saved, encode_state(ledger.state())]


def _memories() -> list[bytes]:
    """What is saved of a trader who has moved, and the notes of it alone."""
    notes = Notes(traders=(TraderNote(address(0), "whale", "seen at 3 am"),), seen_ms={address(0): NOW_MS})
    known = KnownTrader(a_state({"BTC": 3.0, "ETH": -20.0}), NOW_MS)
    return [_pack(WhaleMemory(notes=notes, known=(known,), moves=(a_move(1.0, 3.0),))), _pack(notes)]


@cache
def _finished() -> Finished:
    (finished,) = drive(Scan(ScanPlan(listed=(wallet(1),)), PlainJudge()), ScriptedVenue())
    return finished


def _cursor(trades: bytes) -> WalletCursor:
    row: WalletCursor = msgspec.structs.replace(cursor_row(_finished(), NOW_S * 1_000), trades=trades)
    return row


def _verdict(verdict: bytes) -> StoredVerdict:
    row: StoredVerdict = msgspec.structs.replace(verdict_row(_finished(), NOW_S * 1_000, "a"), verdict=verdict)
    return row


def _market(market: bytes) -> StoredMarket:
    return StoredMarket(condition_id="0x5", seen_ms=NOW_MS, category="x", resolved=True, market=market)


class _Rows:
    """A database that holds the same bytes in every row about traders."""

    def __init__(self, data: bytes) -> None:
        self._rows = {
            "tracked_traders": StoredTrader(
                at_ms=NOW_MS, trader=address(0), rank=1, standing="first", score=None, equity_usd=1.0, member=data
            ),
            "whale_alerts": StoredAlert(
                alert_id="a", at_ms=NOW_MS, kind="opened", severity="high", coin="BTC", alert=data
            ),
            "trader_histories": StoredHistory(trader=address(0), asked_ms=NOW_MS, record=data),
        }
        self._table = ""

    def of(self, table: str) -> Self:
        """Only this table has a row."""
        self._table = table
        return self

    def reader(self) -> Self:
        return self

    async def select(self, table: Any, *_: object, **__: object) -> list[Any]:
        return [self._rows[table.name]] if table.name == self._table else []


def _restores(table: str) -> Callable[[bytes], None]:
    """Begins a run from the bytes in a row of this table; what cannot be read is told."""

    def read(data: bytes) -> None:
        rows: Any = _Rows(data).of(table)
        saved, trouble = asyncio.run(saved_before(rows, lambda reader: saved_whales(reader, AlertsSettings(), NOW_MS)))
        if trouble:
            raise DataError(trouble)
        decode_memory(saved)

    return read


@cache
def _rows_of_traders() -> tuple[bytes, ...]:
    """A member, an alert and what histories came to, as a run stores them."""
    rows: list[object] = []
    driver = WhaleDriver()
    driver.core.journal.keep = rows.append
    driver.follow(2)
    driver.trades(follower(0), "BTC", 90_000.0)
    driver.run(3)
    member = next(row.member for row in rows if isinstance(row, StoredTrader))
    alert = next(row.alert for row in rows if isinstance(row, StoredAlert))
    return member, alert, next(row.record for row in rows if isinstance(row, StoredHistory))


def _notes() -> list[bytes]:
    """What is saved of wallets: a verdict and a note."""
    note = WalletNote(wallet=wallet(1), changed_ms=NOW_MS, alias="friend", note="asks at night")
    entry = entry_of([_verdict(_pack(_finished().verdict))])
    assert entry is not None
    return [pack_saved(SavedWallets(entries=(entry,), notes=(note,), claims={wallet(1): NOW_MS}, open_claims=()))]


def _read_cursor(data: bytes) -> None:
    read_evidence(_cursor(data))


def _read_trades(data: bytes) -> None:
    """The bytes as what is packed in a row: those of the packing itself would refuse nearly all damage."""
    read_evidence(_cursor(zstandard.compress(data)))


def _rows_of_wallets() -> list[bytes]:
    """A cursor's trades, packed and not, a market and a verdict."""
    cursor = cursor_row(_finished(), NOW_S * 1_000).trades
    unpacked = zstandard.ZstdDecompressor().decompress(cursor)
    told = PredictionMarket(
        condition_id="0x5", event_slug=clean("e"), title=clean("Will it?"), tags=(clean("crypto"),),
        token_ids=("11", "12"), payouts=(1.0, 0.0), closed_s=NOW_S,
    )  # fmt: skip
    market = market_row(told, NOW_S).market
    return [cursor, unpacked, market, _pack(_finished().verdict)]


def _predictions() -> list[bytes]:
    prediction = OpenPrediction(NOW_MS, NOW_S, 0.5, None, "simulated-1", 0.9, 0.1, True, True)
    counted = CountedOutcome("a" * 40, NOW_MS, 0.7, happened=True)
    tokens = (OpenToken("a" * 40, "b" * 40, (prediction,)),)
    return [encode_saved(SavedPredictions(tokens=tokens, hours=(counted,), rises=(1, 2)))]


def _read_predictions(data: bytes) -> None:
    for token in decode_saved(data).tokens:
        list(token.waiting())


SAVED_TARGETS: dict[str, Target] = {
    "paper ledger": Target(_go_on, ledgers),
    "memory of traders": Target(each((decode_memory, decode_notes)), _memories),
    "rows of traders": Target(
        each(map(_restores, ("tracked_traders", "whale_alerts", "trader_histories"))), _rows_of_traders
    ),
    "saved wallets": Target(lambda data: WalletBook().restore(data), _notes),
    "rows of wallets": Target(
        each(
            (
                _read_cursor,
                _read_trades,
                lambda data: read_market(_market(data)),
                lambda data: read_verdict(_verdict(data)),
            )
        ),
        _rows_of_wallets,
    ),
    "saved predictions": Target(_read_predictions, _predictions),
}
