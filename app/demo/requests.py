"""Answers to POST /info, with the venue's request weights."""

from typing import NamedTuple

import msgspec

from app.core.decoding import UNDECODABLE
from app.demo import account_frames, family, frames
from app.demo.bars import INTERVAL_MINUTES, MINUTE_MS, Bars, aggregate
from app.demo.market import Market
from app.demo.subscriptions import ClientFrame, is_address

MAXIMUM_CANDLES = 5_000
MAXIMUM_TRADES = 200
LIGHT, USUAL, HEAVY = 2, 20, 60
TRADES_A_UNIT, FILLS_A_UNIT, CANDLES_A_UNIT = 20, 20, 60
_UNREADABLE = b"Failed to deserialize the JSON body into the target type"


class CandleRange(msgspec.Struct):
    """What `candleSnapshot` asks for; times in milliseconds."""

    coin: str
    interval: str
    startTime: int  # noqa: N815 - the venue's own name
    endTime: int | None = None  # noqa: N815 - the venue's own name


class InfoRequest(msgspec.Struct):
    """The body of a request; `type` decides which of the others must be there."""

    type: str
    coin: str | None = None
    user: str | None = None
    dex: str | None = None
    startTime: int | None = None  # noqa: N815 - the venue's own name
    endTime: int | None = None  # noqa: N815 - the venue's own name
    req: CandleRange | None = None


class Reply(NamedTuple):
    """An answer: HTTP status, JSON (or plain words when refused), and what it weighs."""

    status: int
    body: bytes
    weight: int


class PostRequest(msgspec.Struct):
    """The inner part of a `post` frame."""

    type: str
    payload: InfoRequest


_UNPROCESSABLE = Reply(422, _UNREADABLE, USUAL)
_FAILED = Reply(500, b"null", USUAL)
_decoder = msgspec.json.Decoder(InfoRequest)
_post_decoder = msgspec.json.Decoder(PostRequest)


def answer(market: Market, body: bytes) -> Reply:
    """Answer one request body. Never raises: what cannot be read is 422, what is unknown 500, as on the venue."""
    try:
        request = _decoder.decode(body)
    except UNDECODABLE:
        return _UNPROCESSABLE
    return _answer(market, request)


def answer_post(market: Market, frame: ClientFrame) -> bytes | None:
    """Answer a request that came through the socket; None when it cannot be read."""
    try:
        request = _post_decoder.decode(frame.request)
    except UNDECODABLE:
        return None
    if frame.id is None or request.type != "info":
        return None
    reply = _answer(market, request.payload)
    data = reply.body.decode() if reply.status == 200 else "null"
    kind = msgspec.json.encode(request.payload.type).decode()
    response = f'{{"type":"info","payload":{{"type":{kind},"data":{data}}}}}'
    return frames.channel("post", f'{{"id":{frame.id},"response":{response}}}')


def _answer(market: Market, request: InfoRequest) -> Reply:
    match request.type:
        case "meta":
            return _good(meta(market), USUAL)
        case "metaAndAssetCtxs":
            contexts = ",".join(frames.context(market, coin) for coin in range(len(market.listings)))
            return _good(f"[{meta(market)},[{contexts}]]", USUAL)
        case "allMids":
            return _good(frames.mids(market), LIGHT)
        case "candleSnapshot":
            return _candles(market, request.req) if request.req is not None else _UNPROCESSABLE
        case "recentTrades" | "l2Book":
            return _of_coin(market, request)
        case "clearinghouseState" | "userFills" | "userFillsByTime" | "portfolio" | "subAccounts" | "userRole":
            return _of_account(market, request)
    return _UNPROCESSABLE


def meta(market: Market) -> str:
    """The list of markets, the delisted one last."""
    universe = ",".join(
        f'{{"szDecimals":{listing.size_decimals},"name":"{listing.name}","maxLeverage":{listing.maximum_leverage},'
        f'"marginTableId":{listing.maximum_leverage}' + (',"isDelisted":true}' if listing.delisted else "}")
        for listing in market.listings
    )
    tables = ",".join(
        f'[{leverage},{{"description":"","marginTiers":[{{"lowerBound":"0.0","maxLeverage":{leverage}}}]}}]'
        for leverage in sorted({listing.maximum_leverage for listing in market.listings})
    )
    return f'{{"universe":[{universe}],"marginTables":[{tables}],"collateralToken":0}}'


def _good(text: str, weight: int) -> Reply:
    return Reply(200, text.encode(), weight)


def _of_coin(market: Market, request: InfoRequest) -> Reply:
    if request.coin is None:
        return _UNPROCESSABLE
    coin = _find(market, request.coin)
    if coin is None:
        return _FAILED
    if request.type == "l2Book":
        return _good(frames.book(market, coin), LIGHT)
    newest = [] if market.listings[coin].delisted else list(market.recent[coin])[: -MAXIMUM_TRADES - 1 : -1]
    return _good(frames.trades(market, newest), USUAL + len(newest) // TRADES_A_UNIT)


def _candles(market: Market, wanted: CandleRange) -> Reply:
    """Candles that open within [start, end], the newest `MAXIMUM_CANDLES` of them."""
    coin, step = _find(market, wanted.coin), INTERVAL_MINUTES.get(wanted.interval)
    if coin is None or step is None:
        return _FAILED
    if market.listings[coin].delisted:
        return _good("[]", USUAL)
    last = market.now_ms if wanted.endTime is None else min(wanted.endTime, market.now_ms)
    end = last // MINUTE_MS // step * step
    first = max(-(-wanted.startTime // MINUTE_MS // step) * step, end - (MAXIMUM_CANDLES - 1) * step)
    several = aggregate(market.bars(coin, first), step)
    rows = several.since(first)
    kept = Bars(rows.first, step, rows.rows[: max(0, (end - rows.first) // step + 1)])
    texts = frames.candles(market.listings[coin], wanted.interval, kept)
    return _good("[" + ",".join(texts) + "]", USUAL + len(texts) // CANDLES_A_UNIT)


def _of_account(market: Market, request: InfoRequest) -> Reply:
    """What belongs to an address; one nobody has owns nothing."""
    user = (request.user or "").lower()
    if not is_address(user):
        return _UNPROCESSABLE
    account = market.accounts.index(user)
    match request.type:
        case "clearinghouseState":
            return _good(_state(market, account, request.dex or ""), LIGHT)
        case "portfolio":
            return _good(account_frames.portfolio(market, account), USUAL)
        case "userFills":
            return _fills(account_frames.newest_fills(market, account))
        case "userRole":
            return _good(family.role(market.accounts, account), HEAVY)
        case "subAccounts":
            sub = None if account is None else family.sub_of(account)
            return _good(family.sub_accounts(market.accounts, account, account_frames.state(market, sub)), USUAL)
    if request.startTime is None:
        return _UNPROCESSABLE
    return _fills(account_frames.fills_from(market, account, request.startTime, request.endTime))


def _state(market: Market, account: int | None, dex: str) -> str:
    return account_frames.state_elsewhere(market, account, dex) if dex else account_frames.state(market, account)


def _fills(texts: list[str]) -> Reply:
    return _good("[" + ",".join(texts) + "]", USUAL + len(texts) // FILLS_A_UNIT)


def _find(market: Market, name: str) -> int | None:
    return next((number for number, listing in enumerate(market.listings) if listing.name == name), None)
