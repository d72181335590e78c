"""The engine's core, given bytes as every kind of input, as commands of a run's own, and as whole recordings."""

import struct
from collections.abc import Iterable, Iterator
from functools import cache

import msgspec
from core_driver import AskedFor, Driver
from saved_targets import ledgers
from scan_samples import address as wallet
from target import Target
from token_driver import GOOD, TokenDriver, launched, mint
from venue_targets import START_MS, STREAMS, venue_frames
from wallet_driver import WalletDriver
from whale_driver import WhaleDriver, address

from app.config.settings import Settings
from app.core.record import Answer, Connected, Dropped, Kind, Record, Request, StreamOpened, pack_frames
from app.engine import evaluation
from app.engine.core import Core
from app.engine.freeze import Outside, freeze
from app.engine.own_commands import RestorePaper
from app.engine.protocol import SourceView
from app.engine.protocol_token_detail import LookAtToken
from app.engine.protocol_whales import LookAtTrader
from app.engine.restoring import restoring
from app.engine.token_detail import TokenDetails
from app.engine.token_state import RestoreTokens
from app.engine.whale_detail import trader_detail
from app.engine.whale_state import RestoreWhales, UseLocalTime
from app.feeds.tape import info
from app.tokens.bundle_parts import Histogram
from app.tokens.reference import BundleReference

_pack = msgspec.msgpack.encode
_unpack_record = msgspec.msgpack.Decoder(Record).decode
_LENGTH = struct.Struct("<I")
_SOURCE = SourceView("demo", "DEMO", "seed 7")


def _dispatch(data: bytes) -> None:
    """The bytes as a frame of each stream, as every other kind of input, and as an answer: nothing may escape."""
    core = Core("live", Settings())
    for number, channel in enumerate(STREAMS, start=2):
        opened = StreamOpened(number, "hyperliquid", "websocket", channel, "BTC")
        core.dispatch(Record(number, START_MS * 1_000_000, 0, number, Kind.STREAM, _pack(opened)))
    for number in range(1, 2 + len(STREAMS)):
        core.dispatch(Record(10 + number, START_MS * 1_000_000, 0, number, Kind.FRAME, data))
    for place, channel in enumerate(("metaAndAssetCtxs", "recentTrades", "candleSnapshot")):
        asked = Request(place, "hyperliquid", channel, b"", "BTC", "1m")
        core.dispatch(Record(20 + place, START_MS * 1_000_000, 0, 0, Kind.REQUEST, _pack(asked)))
        core.dispatch(Record(30 + place, START_MS * 1_000_000, 0, 0, Kind.ANSWER, _pack(Answer(place, 200, data))))
    for kind in Kind:
        core.dispatch(Record(40 + kind, (START_MS + 1_000) * 1_000_000, 0, 2, kind, data))
    for number in range(1, 2 + len(STREAMS)):
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


def _command(data: bytes) -> None:
    """The bytes as a command on a tape, after which the run goes on for a day and its clock is set back."""
    _play([Record(1, START_MS * 1_000_000, 0, 0, Kind.COMMAND, data)])


def _play(records: Iterable[Record]) -> None:
    """Inputs one after another, then time: what is shown of the run, and what another is told of it, can be made."""
    core, asked = Core("live", Settings()), AskedFor()
    core.start(asked)
    for record in records:
        core.dispatch(record)
    for later_s in (1, 2, 3_600, 86_400, 0):
        core.dispatch(Record(core.sequence + 1, START_MS * 1_000_000 + later_s * 10**9, 0, 0, Kind.TIMER, b""))
    freeze(core, _SOURCE, Outside())
    for trader in list(core.whales.roster.members)[:2]:
        trader_detail(core.whales, trader, core.now_ms)
    if core.tokens.desk is not None:
        for mint in list(core.tokens.desk.judgements)[:2]:
            TokenDetails().of(core.tokens.desk, mint)
    for command in restoring(core):
        _pack(command)


def _recording(data: bytes) -> None:
    """The bytes as the inputs of a run, and as what an evaluation and a table of contents make of each."""
    records = list(_records(data))
    for record in records:
        evaluation._request_in(record), evaluation._answer_in(record), evaluation._is_of_the_model(record)
    info._count(records)
    _play(records)


def _any_input(data: bytes) -> None:
    """The bytes as the content of each kind of record on a tape that is not played."""
    records = [Record(1, START_MS * 1_000_000, 0, 1, kind, data) for kind in Kind]
    for record in records:
        evaluation._request_in(record), evaluation._answer_in(record), evaluation._is_of_the_model(record)
    info._count(records)


def _records(data: bytes) -> Iterator[Record]:
    """Records, each after its length, up to the first that is none: the tape's own blocks would refuse all damage."""
    start = 0
    while len(data) - start >= _LENGTH.size:
        (length,) = _LENGTH.unpack_from(data, start)
        start += _LENGTH.size + length
        try:
            yield _unpack_record(data[start - length : start])
        except (msgspec.MsgspecError, UnicodeDecodeError):
            continue


def _taped(records: Iterable[Record]) -> bytes:
    packed = [_pack(record) for record in records]
    return b"".join(_LENGTH.pack(len(each)) + each for each in packed)


@cache
def _drivers() -> tuple[Driver, ...]:
    """Short runs that know something of wallets, of traders and of tokens."""
    wallets = WalletDriver()
    wallets.restore()
    wallets.scan(wallet(1))
    wallets.tell_all()
    wallets.look(wallet(1))
    wallets.tell_all()
    traders = WhaleDriver()
    traders.follow(2)
    traders.trades(address(0), "BTC", 90_000.0)
    traders.run(1)
    traders.command(LookAtTrader(address(0), 1))
    traders.run(1)
    tokens = TokenDriver(launched(7_200))
    tokens.reference = BundleReference(GOOD.version, {"age_s": Histogram((0.0, 1.0), (0.5, 0.25, 0.25), 1.0)}, {})
    tokens.begin()
    tokens.run(5)
    tokens.put(Kind.COMMAND, LookAtToken(mint(0)))
    tokens.run(1)
    return wallets, traders, tokens


def _recordings() -> list[bytes]:
    return [_taped(driver.records) for driver in _drivers()]


@cache
def _commands() -> tuple[bytes, ...]:
    """What such runs would tell another core, and what a run begins with that knows nothing."""
    told = [_pack(command) for driver in _drivers() for command in restoring(driver.core)]
    new = (RestoreWhales(b""), RestoreTokens("live", has_key=True), UseLocalTime(-90), RestorePaper(b""))
    return *told, *map(_pack, new), *(_pack(RestorePaper(state)) for state in ledgers())


CORE_TARGETS: dict[str, Target] = {
    "core": Target(_dispatch, lambda: [*venue_frames(), *_control_messages()]),
    "commands of a run": Target(_command, _commands),
    "records that are looked at": Target(_any_input, _control_messages),
    "inputs of a run": Target(_recording, _recordings),
}
