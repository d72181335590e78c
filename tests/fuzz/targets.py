"""What reads bytes from outside: each entry takes any bytes, and may raise the project's own errors only."""

import asyncio
import tempfile
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from token_answers import TOKEN_ANSWERS

from app.config.load import parse_settings
from app.config.locations import shipped
from app.config.settings import CostsSettings, PaperSettings, Settings
from app.core.clock import ManualClock
from app.core.errors import FrameError, TapedeckError
from app.core.events import Level, Quote
from app.core.record import Answer, Connected, Dropped, Kind, Record, Request, StreamOpened, pack_frames
from app.demo.session import Session as VenueSession
from app.demo.venue import Venue
from app.engine.core import Core
from app.engine.frames import pack, read_message
from app.engine.freeze import Outside, freeze
from app.engine.protocol import (
    PROTOCOL_VERSION,
    ClientMessage,
    CommandRequest,
    CommandResult,
    EngineMessage,
    Hello,
    LookAt,
    MarketRow,
    Refused,
    SourceView,
)
from app.feeds.birdeye import parse as birdeye
from app.feeds.dexscreener.parse import parse_pairs
from app.feeds.geckoterminal import parse as geckoterminal
from app.feeds.hyperliquid import leaderboard, parse
from app.feeds.hyperliquid import parse_traders as traders
from app.feeds.hyperliquid.classify import classify, fast_key
from app.feeds.polymarket import gamma, trades_scanner
from app.feeds.polymarket import parse as wallets
from app.feeds.polymarket.batches import trade_pages
from app.feeds.tape.csv_rows import BOOKS_HEADER, PRICES_HEADER, TRADES_HEADER
from app.feeds.tape.format import Session
from app.feeds.tape.importers import open_recording
from app.feeds.tape.writer import TapeWriter
from app.paper.ledger import PaperLedger
from app.paper.state import decode_state, encode_state
from app.paper.view import CoinView
from app.ui.keymap import default_file, parse_keymap
from app.ui.layouts import Layout, TableLayout, load_layouts
from app.ui.theme import parse_theme

START_MS = 1_790_000_000_000
_STREAMS = ("trades", "l2Book", "bbo", "activeAssetCtx", "candle")
_pack = msgspec.msgpack.encode


class Target(NamedTuple):
    """One reader of outside bytes, and sound inputs to start from."""

    read: Callable[[bytes], object]
    sound: Callable[[], Iterable[bytes]]


@cache
def venue_frames() -> tuple[bytes, ...]:
    """One frame of every kind the simulated venue sends, and its answers to every request that is made."""
    venue = Venue(seed=7, coins=3, start_ms=START_MS)
    session = venue.connect(START_MS)
    assert session is not None
    for channel in _STREAMS:
        interval = ',"interval":"1m"' if channel == "candle" else ""
        subscription = f'{{"type":"{channel}","coin":"BTC"{interval}}}'
        session.receive(f'{{"method":"subscribe","subscription":{subscription}}}'.encode(), START_MS)
    session.receive(b'{"method":"subscribe","subscription":{"type":"allMids"}}', START_MS)
    session.receive(b'{"method":"nonsense"}', START_MS)
    venue.advance(START_MS + 2_000)
    return (*_taken(session), *(venue.request(body, START_MS).body for body in _QUESTIONS))


_QUESTIONS = (
    b'{"type":"metaAndAssetCtxs"}',
    b'{"type":"recentTrades","coin":"BTC"}',
    b'{"type":"candleSnapshot","req":{"coin":"BTC","interval":"1m","startTime":1789999900000,"endTime":1790000000000}}',
)


def _taken(session: VenueSession) -> Iterable[bytes]:
    while session.pending():
        yield session.take(START_MS)


def _each(parsers: Iterable[Callable[[bytes], object]]) -> Callable[[bytes], int]:
    """Give the bytes to every parser; each may refuse them. Returns how many took them."""
    all_parsers = tuple(parsers)

    def read(data: bytes) -> int:
        taken = 0
        for parser in all_parsers:
            try:
                parser(data)
            except TapedeckError:
                continue
            taken += 1
        return taken

    return read


def _dispatch(data: bytes) -> None:
    """The bytes as a frame of each stream, as every other kind of input, and as an answer: nothing may escape."""
    core = Core("live", Settings())
    for number, channel in enumerate(_STREAMS, start=2):
        opened = StreamOpened(number, "hyperliquid", "websocket", channel, "BTC")
        core.dispatch(Record(number, START_MS * 1_000_000, 0, number, Kind.STREAM, _pack(opened)))
    for number in range(1, 2 + len(_STREAMS)):
        core.dispatch(Record(10 + number, START_MS * 1_000_000, 0, number, Kind.FRAME, data))
    for place, channel in enumerate(("metaAndAssetCtxs", "recentTrades", "candleSnapshot")):
        asked = Request(place, "hyperliquid", channel, b"", "BTC", "1m")
        core.dispatch(Record(20 + place, START_MS * 1_000_000, 0, 0, Kind.REQUEST, _pack(asked)))
        core.dispatch(Record(30 + place, START_MS * 1_000_000, 0, 0, Kind.ANSWER, _pack(Answer(place, 200, data))))
    for kind in Kind:
        core.dispatch(Record(40 + kind, (START_MS + 1_000) * 1_000_000, 0, 2, kind, data))
    for number in range(1, 2 + len(_STREAMS)):
        together = pack_frames([data, data])
        core.dispatch(Record(60 + number, (START_MS + 1_000) * 1_000_000, 0, number, Kind.FRAMES, together))
    core.dispatch(Record(99, (START_MS + 2_000) * 1_000_000, 0, 0, Kind.TIMER, b""))


def _control_messages() -> list[bytes]:
    return [
        _pack(Connected("hyperliquid", "stream")),
        _pack(Dropped("hyperliquid", "stream", "gone", 1.0)),
        _pack(StreamOpened(9, "hyperliquid", "websocket", "trades", "ETH")),
        _pack(Request(3, "hyperliquid", "recentTrades", b"{}", "BTC")),
        _pack(Answer(3, 429, b"", "refused")),
    ]


def _reader_of(name: str) -> Callable[[bytes], None]:
    """Opens the bytes as a file of this name and reads it to its end."""

    def read_to_the_end(path: Path) -> None:
        for _ in open_recording(path).records():
            pass

    return _from_file(name, read_to_the_end)


def _from_file(name: str, read_file: Callable[[Path], object]) -> Callable[[bytes], None]:
    """Gives the bytes as a file of this name, in a folder that is gone afterwards: a fuzzer never comes back."""

    def read(data: bytes) -> None:
        with tempfile.TemporaryDirectory(prefix="tapedeck-fuzz-") as folder:
            path = Path(folder) / name
            path.write_bytes(data)
            read_file(path)

    return read


def _from_text(parse_text: Callable[[str, str], object]) -> Callable[[bytes], object]:
    """Gives the bytes as the text of a file that a user wrote."""
    return lambda data: parse_text(data.decode("utf-8", "replace"), "fuzz.toml")


def _messages(kind: Any) -> Callable[[bytes], int]:
    """Reads messages of this kind from a stream of the link that holds the bytes; how many there were."""
    decoder = msgspec.msgpack.Decoder(kind)

    async def count(data: bytes) -> int:
        reader = asyncio.StreamReader()
        reader.feed_data(data)
        reader.feed_eof()
        messages = 0
        while await read_message(reader, decoder) is not None:
            messages += 1
        return messages

    return lambda data: asyncio.run(count(data))


_TRADE = (
    '{"proxy_wallet":"0x379a410a36c101e3b8dfb6c90d1176eb0def4b1a","side":"BUY","token_id":"11","condition_id":"0x5",'
    '"size":22.84,"price":0.52,"timestamp":1789381477,"outcome_index":999,"event_slug":""}'
)
_POSITION = (
    '{"proxy_wallet":"0x379a410a36c101e3b8dfb6c90d1176eb0def4b1a","token_id":"11","condition_id":"0x5",'
    '"current_size":1.5,"total_size":2,"avg_price":0.5,"status":"CLOSED","realized_pnl":null}'
)
_MARKET = (
    '{"conditionId":"0x5","question":"Will it?","outcomePrices":"[\\"1\\", \\"0\\"]",'
    '"clobTokenIds":"[\\"11\\",\\"12\\"]","closed":true,"closedTime":"2026-04-05 19:37:33+00",'
    '"tags":[{"slug":"politics"}],"events":[{"slug":"e"}]}'
)


_scan = trades_scanner.scanner(lambda function: function)


def _batch_of_one(data: bytes) -> object:
    # Words wrap round on purpose.
    with np.errstate(over="ignore"):
        return trade_pages([data], _scan)


def _prediction_answers() -> list[bytes]:
    """An answer of each route of the prediction-market venue, and of its first version."""
    wallet = '"0x379a410a36c101e3b8dfb6c90d1176eb0def4b1a"'
    paging = '"pagination":{"limit":1,"offset":0,"has_more":true,"next_cursor":"eyJk"}'
    old = _TRADE.replace("proxy_wallet", "proxyWallet").replace("condition_id", "conditionId")
    answers = [
        f'{{"data":[{_TRADE}],{paging}}}',
        f"[{old.replace('token_id', 'asset').replace('outcome_index', 'outcomeIndex')}]",
        f'{{"data":[{_POSITION}],{paging}}}',
        f'{{"data":[{{"rank":1,"user_id":{wallet},"pnl":-5.5,"volume":9,"user_name":"x"}}],{paging}}}',
        f'{{"data":[{{"token_id":"1","holders":[{{"proxy_wallet":{wallet},"token_id":"1","amount":5}}]}}]}}',
        f'{{"data":{{"proxy_wallet":{wallet},"trades":8,"join_date":1707440911,"all_time_pnl":{{"trade_count":9}}}}}}',
        '{"data":{"points":[{"timestamp":1788886825,"realized_pnl":1.5,"trade_count":3}]}}',
        f"[{_MARKET}]",
    ]
    return [answer.encode() for answer in answers]


def _to_engine() -> list[bytes]:
    look = CommandRequest(1, LookAt("BTC", "1m"))
    return [pack(Hello(PROTOCOL_VERSION, "0.1.0")) + pack(look), pack(look)]


def _to_deck() -> list[bytes]:
    core = Core("live", Settings())
    rows = (MarketRow(coin="BTC", price=100.5, trend=(1.0, None)),)
    snapshot = msgspec.structs.replace(freeze(core, SourceView("demo", "DEMO", "seed 7"), Outside()), markets=rows)
    return [pack(Refused("full")) + pack(CommandResult(1, True, "done")), pack(snapshot)]


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


def _ledgers() -> list[bytes]:
    """A new ledger; one with a position, its end on its way, an order that opens, and a point of its curve."""
    ledger = PaperLedger(PaperSettings(), CostsSettings(), START_MS)
    saved = [encode_state(ledger.state())]
    ledger.open(_coin_view("BTC", START_MS), 1, "hand")
    ledger.look(_coin_view("BTC", START_MS + 300))
    ledger.close(_coin_view("BTC", START_MS + 400), "hand")
    ledger.open(_coin_view("ETH", START_MS + 400), -1, "ai")
    return [*saved, encode_state(ledger.state())]


def _layouts() -> list[bytes]:
    tables = {"markets": TableLayout(column="age", filter="btc")}
    return [msgspec.json.encode([Layout(theme="tape", alone=1, coin="BTC", tables=tables), Layout()])]


def _themes() -> list[bytes]:
    return [path.read_bytes() for path in sorted(shipped("themes").glob("*.toml"))]


def _keymaps() -> list[bytes]:
    own = b'name = "mine"\ndescription = "x"\n[keys]\nhelp = ["f1", "ctrl+g"]\n'
    return [own, default_file().encode()]


def _tapes() -> list[bytes]:
    with tempfile.TemporaryDirectory(prefix="tapedeck-fuzz-") as folder:
        path = Path(folder) / "sound.tape"
        with TapeWriter(path, Session(created_wall_ns=1, mode="demo", label="DEMO"), ManualClock()) as writer:
            for number, frame in enumerate(venue_frames()):
                writer.write(Record(number, number, number, 1, Kind.FRAME, frame))
                writer.flush()
        return [path.read_bytes()]


def _lines() -> list[bytes]:
    frames = [frame for frame in venue_frames() if frame.startswith(b'{"channel":"trades"')]
    stamp_ns = START_MS * 1_000_000
    wrapped = [msgspec.json.encode({"recv_ns": stamp_ns, "frame": msgspec.Raw(frame)}) for frame in frames]
    return [b"\n".join(wrapped), b"\n".join(frames)]


def _tables() -> list[bytes]:
    rows = {
        TRADES_HEADER: ("1790000000.5,100.5,0.1,buy,7,1790000000100", "1790000001.5,100.4,0.2,sell,8,1790000001100"),
        PRICES_HEADER: ("1790000000.5,100.5,0.1,bid,1790000000100", "1790000000.5,100.6,0.2,ask,1790000000100"),
        BOOKS_HEADER: ("1790000000.5,1,1790000000100,100.5,1,100.6,2",),
    }
    return ["\n".join((header, *lines, "")).encode() for header, lines in rows.items()]


_TRADER = "0x" + "a" * 40


def _trader_answers() -> list[bytes]:
    """What a venue tells of an account, its frames and answers; a leaderboard, and what is left of it."""
    position = (
        b'{"type":"oneWay","position":{"coin":"BTC","szi":"-2.5","leverage":{"type":"cross","value":20},"entryPx":"8.0",'
        b'"positionValue":"20.0","unrealizedPnl":"-1.5","liquidationPx":null,"marginUsed":"1.0"}}'
    )
    state = (
        b'{"marginSummary":{"accountValue":"5.1","totalNtlPos":"2.0","totalMarginUsed":"1.0"},"withdrawable":"5.0",'
        b'"assetPositions":[%s],"time":1790000000000}' % position
    )
    fills = (
        b'[{"coin":"BTC","px":"8.0","sz":"0.5","side":"B","time":1790000000000,"startPosition":"0.0","dir":"Open Long",'
        b'"closedPnl":"0.0","crossed":true,"fee":"-1.5","tid":7,"liquidation":{"liquidatedUser":"%s"}}]'
    ) % _TRADER.encode()
    history = b'{"accountValueHistory":[[1,"1.0"]],"pnlHistory":[[1,"0.0"]],"vlm":"1.0"}'
    window = b'{"pnl":"1.0","roi":"0.1","vlm":"5.0"}'
    windows = b",".join(b'["%s",%s]' % (name, window) for name in (b"day", b"week", b"month", b"allTime"))
    board = b'{"leaderboardRows":[{"ethAddress":"%s","accountValue":"5.5","windowPerformances":[%s]}]}' % (
        _TRADER.encode(), windows,
    )  # fmt: skip
    rules = leaderboard.LeaderboardRules(minimum_equity_usd=0)
    user = _TRADER.encode()
    return [
        state,
        b'{"channel":"clearinghouseState","data":{"dex":"","user":"%s","clearinghouseState":%s}}' % (user, state),
        fills,
        b'{"channel":"userFills","data":{"user":"%s","fills":%s,"isSnapshot":true}}' % (user, fills),
        b'[["perpDay",%s],["perpAllTime",%s]]' % (history, history),
        board,
        leaderboard.encode_digest(leaderboard.digest_of(board, rules)),
        leaderboard.encode_rules(rules),
    ]


TARGETS = {
    "classify": Target(_each((classify, fast_key)), venue_frames),
    "parse": Target(
        _each(
            (
                parse.parse_trades,
                parse.parse_recent_trades,
                parse.parse_book,
                parse.parse_quote,
                parse.parse_context,
                parse.parse_candle,
                parse.parse_candles,
                parse.parse_mids,
                parse.parse_meta_and_contexts,
                parse.parse_error_text,
            )
        ),
        lambda: [frame for frame in venue_frames() if b'"subscriptionResponse"' not in frame],
    ),
    "traders": Target(
        _each(
            (
                lambda data: traders.parse_trader_state(data, _TRADER, START_MS),
                lambda data: traders.parse_trader_state_frame(data, _TRADER, START_MS),
                lambda data: traders.parse_fills(data, _TRADER),
                lambda data: traders.parse_fills_frame(data, _TRADER),
                traders.parse_equity_histories,
                lambda data: leaderboard.digest_of(data, leaderboard.LeaderboardRules(minimum_equity_usd=0)),
                leaderboard.parse_leaderboard_digest,
                leaderboard.parse_rules,
            )
        ),
        _trader_answers,
    ),
    "prediction markets": Target(
        _each(
            (
                wallets.parse_activity,
                wallets.parse_positions,
                wallets.parse_leaderboard,
                wallets.parse_holders,
                wallets.parse_stats,
                wallets.parse_pnl,
                wallets.parse_error,
                gamma.parse_markets,
                _batch_of_one,
            )
        ),
        _prediction_answers,
    ),
    "tokens": Target(
        _each(
            (
                geckoterminal.parse_new_pools,
                geckoterminal.parse_candles,
                geckoterminal.parse_holders,
                geckoterminal.parse_error,
                parse_pairs,
                birdeye.parse_overview,
                birdeye.parse_candles,
                birdeye.parse_error,
            )
        ),
        lambda: TOKEN_ANSWERS,
    ),
    "core": Target(_dispatch, lambda: [*venue_frames(), *_control_messages()]),
    "tape": Target(_reader_of("run.tape"), _tapes),
    "jsonl": Target(_reader_of("frames_BTC.jsonl"), _lines),
    "csv": Target(_reader_of("table_BTC.csv"), _tables),
    "settings": Target(
        _from_text(parse_settings),
        lambda: [b'[markets]\ntop = 3\nfavourites = ["BTC"]\n', b"[rules]\nhorizon_s = 60\n"],
    ),
    "keymap": Target(_from_text(parse_keymap), _keymaps),
    "theme": Target(_from_text(parse_theme), _themes),
    "paper ledger": Target(_go_on, _ledgers),
    "layouts": Target(_from_file("layouts.json", load_layouts), _layouts),
    "link to engine": Target(_messages(ClientMessage), _to_engine),
    "link to deck": Target(_messages(EngineMessage), _to_deck),
}
