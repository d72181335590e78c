"""What the venues and the model server say: frames and answers."""

from collections.abc import Iterable
from functools import cache

import numpy as np
from target import Target, each
from token_answers import TOKEN_ANSWERS

from app.config.settings import CostsSettings, ScalperSettings
from app.core.clock import ManualClock
from app.demo.session import Session as VenueSession
from app.demo.venue import Venue
from app.feeds.birdeye import parse as birdeye
from app.feeds.budget import WeightBudget
from app.feeds.dexscreener.parse import parse_pairs
from app.feeds.geckoterminal import parse as geckoterminal
from app.feeds.hyperliquid import leaderboard, parse
from app.feeds.hyperliquid import parse_traders as traders
from app.feeds.hyperliquid.classify import classify, fast_key
from app.feeds.hyperliquid.streams import BOOKS_LANE, DATA_LANE, StreamClient, ping_frame
from app.feeds.inbox import Inbox
from app.feeds.polymarket import gamma, trades_scanner
from app.feeds.polymarket import parse as wallets
from app.feeds.polymarket.batches import trade_pages
from app.feeds.websocket import ConnectionSettings
from app.scalper.answer import parse_answer
from app.scalper.question import question_of, warm_up
from app.scalper.reply import Reply, encode_reply, reply_of

START_MS = 1_790_000_000_000
STREAMS = ("trades", "l2Book", "bbo", "activeAssetCtx", "candle")


@cache
def venue_frames() -> tuple[bytes, ...]:
    """One frame of every kind the simulated venue sends, and its answers to every request that is made."""
    venue = Venue(seed=7, coins=3, start_ms=START_MS)
    session = venue.connect(START_MS)
    assert session is not None
    for channel in STREAMS:
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


def _hear(data: bytes) -> None:
    """The bytes as a frame on a socket to the venue."""
    clock = ManualClock()
    budget = WeightBudget(9, clock)
    for lane in (DATA_LANE, BOOKS_LANE):
        socket = StreamClient(lane, a_connection(), Inbox(clock), clock, np.random.default_rng(1), budget)
        socket.connected(1)
        socket.received(data)


def a_connection() -> ConnectionSettings:
    """To nowhere."""
    return ConnectionSettings(
        url="ws://127.0.0.1:9", ping=ping_frame(), ping_every_s=20, silence_limit_s=30, lifetime_s=3_600,
        frame_cap=1 << 20, budget_ms=2,
    )  # fmt: skip


def _acknowledgements() -> list[bytes]:
    subscription = b'{"type":"trades","coin":"BTC"}'
    said = b'{"channel":"subscriptionResponse","data":{"method":"subscribe","subscription":%s}}' % subscription
    return [said, b'{"channel":"error","data":"no such coin"}', b'{"channel":"pong"}']


def _read_model(data: bytes) -> None:
    """The bytes as a reply of the model server, and the text in it as the model's read."""
    parse_answer(reply_of(data).content, in_position=False)


_READ = (
    '{"momentum":60,"pressure":55.5,"continuation":40,"freshness":"FRESH","action":"LONG","confidence":7,'
    '"sentence":"Buyers lift the offer."}'
)
_LINES = (
    "MOMENTUM: 60%\nPRESSURE: 55 / 100\nPREDICTION: 40\nFRESHNESS: FRESH\nACTION: exit\nCONFIDENCE: 7/10\nREAD: Slow.\n"
)


def _model_answers() -> list[bytes]:
    """A reply, an answer in each of the two forms, and the question that was asked."""
    return [encode_reply(Reply(content=_READ, model="m", digest="d")), _READ.encode(), _LINES.encode(), _question()]


def _question() -> bytes:
    return warm_up(ScalperSettings(), CostsSettings())


VENUE_TARGETS: dict[str, Target] = {
    "classify": Target(each((classify, fast_key)), venue_frames),
    "parse": Target(
        each(
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
        each(
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
        each(
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
        each(
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
    "socket": Target(_hear, lambda: [*venue_frames(), *_acknowledgements()]),
    "model": Target(
        each(
            (
                _read_model,
                lambda data: parse_answer(data.decode("utf-8", "replace"), in_position=False),
                lambda data: parse_answer(data.decode("utf-8", "replace"), in_position=True),
                question_of,
            )
        ),
        _model_answers,
    ),
}
