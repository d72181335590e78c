"""`tapedeck tape`: what is on a recording, other recordings made into tapes, and parts cut out of them."""

import argparse
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli import options, output
from app.cli.figures import counted, lasting, named, sized
from app.cli.moments import parse_moment
from app.core.clock import SystemClock

if TYPE_CHECKING:
    from app.feeds.tape.info import StreamInfo, TapeInfo

_CHANNELS_SHOWN = 40
_CARRIES = {
    "trades": "trades",
    "bbo": "best bid and ask",
    "l2Book": "order book",
    "activeAssetCtx": "funding, open interest, marks",
    "candle": "candles",
    "allMids": "mid prices",
    "control": "answers to subscriptions and pings",
}
_KINDS = {
    "stream": ("stream opened", "streams opened"),
    "connect": ("connection made", "connections made"),
    "frame": ("frame",),
    "frames": ("group of frames", "groups of frames"),
    "drop": ("connection lost", "connections lost"),
    "request": ("request",),
    "answer": ("answer",),
    "command": ("command",),
    "timer": ("timer tick",),
    "settings": ("change of settings", "changes of settings"),
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `tapedeck tape`."""
    actions = parser.add_subparsers(title="actions", dest="action", metavar="ACTION", required=True)
    info = actions.add_parser("info", help="say what a recording holds", description="Say what a recording holds.")
    info.add_argument("file", type=Path, metavar="FILE", help="a tape, or a file that could be imported")
    options.add_json(info)
    imports = actions.add_parser(
        "import",
        help="make a tape of another recording",
        description="Make a tape of JSON lines, or of a table (CSV, also gzipped) of trades, books or prices. "
        "A table's first line names its columns: timestamp,price,size,side,trade_id,exchange_timestamp for trades; "
        "timestamp,price,size,side,exchange_timestamp for prices; timestamp,sequence,exchange_timestamp, then "
        "bid_price_0,bid_size_0,ask_price_0,ask_size_0 and so on for books. The name of a table's file holds its coin "
        "between _ or . (trades_BTC_2025-09-03.csv). docs/tape-format.md has the rest.",
    )
    _add_copy(imports)
    cut = actions.add_parser(
        "cut",
        help="copy a part of a recording",
        description="Copy a part of a recording. A moment is +SECONDS from its start (+90 or +90s), HH:MM:SS on its "
        "day, or an ISO time such as 2026-01-31T14:30:00 (UTC).",
    )
    _add_copy(cut)
    cut.add_argument("--from", dest="start", metavar="T", help="first moment to keep (default: the start)")
    cut.add_argument("--to", dest="end", metavar="T", help="first moment to leave out (default: the end)")


def _add_copy(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", type=Path, metavar="SOURCE", help="the recording to read")
    parser.add_argument("target", type=Path, metavar="TARGET", help="the tape to write; it must not exist yet")
    options.add_talk(parser)


def run(args: argparse.Namespace) -> int:
    """Carry out `info`, `import` or `cut`."""
    actions = {"info": _info, "import": _import, "cut": _cut}
    return actions[args.action](args)


def _info(args: argparse.Namespace) -> int:
    from app.feeds.tape.info import tape_info

    info = tape_info(options.among_tapes(args.file))
    if args.json:
        output.print_json(info)
    else:
        output.print_table(["fact", "value"], _facts(info))
        output.print_line("")
        output.print_table(["venue", "channel", "carries", ">coins", ">frames"], _channels(info))
    return 0


def _facts(info: "TapeInfo") -> list[list[str]]:
    facts = [
        ("file", f"{info.name} ({info.form}, format {info.format_version})"),
        ("source", _source(info)),
        ("imported from", f"{info.imported_from} (SHA-256 {info.imported_sha256})" if info.imported_from else ""),
        ("made by", f"tapedeck {info.app_version}" if info.app_version else ""),
        ("from", info.start),
        ("to", info.end),
        ("length", lasting(info.seconds)),
        ("records", _records(info)),
        ("size", _size(info)),
        ("coins", named(sorted({coin for stream in info.streams if (coin := _coin(stream))}))),
        ("begun", "while its engine ran: a replay starts with less than was known" if info.midway else ""),
        ("index", "rebuilt: the recording was not closed properly" if info.recovered else ""),
        ("damage", info.damage),
    ]
    return [[name, value] for name, value in facts if value]


def _source(info: "TapeInfo") -> str:
    """Where the records came from, said once: a recording's label repeats its mode and its seed."""
    if info.simulated:
        return "DEMO simulated venue" + ("" if info.seed is None else f", seed {info.seed}")
    if info.imported_from:
        return "an imported recording"
    mode = info.mode.upper()
    return info.label if info.label.startswith(mode) else f"{mode} {info.label}"


def _records(info: "TapeInfo") -> str:
    most_first = sorted(info.records_by_kind.items(), key=lambda pair: -pair[1])
    return f"{info.records:,}: " + ", ".join(_counted_kind(kind, number) for kind, number in most_first)


def _counted_kind(kind: str, number: int) -> str:
    words = _KINDS.get(kind)
    return counted(number, *words) if words else f"{number:,} of kind {kind}"


def _size(info: "TapeInfo") -> str:
    frame = "" if info.bytes_per_frame is None else f", {info.bytes_per_frame:.1f} bytes a frame"
    return f"{sized(info.file_bytes)}{frame}; compressed {info.compression_ratio:.1f} times"


def _coin(stream: "StreamInfo") -> str:
    """The coin a stream is about; none for answers to subscriptions, whose subject is a connection."""
    return "" if stream.channel == "control" else stream.subject


def _channels(info: "TapeInfo") -> list[list[str]]:
    """One row for each channel of each venue, that with the most frames first."""
    coins: Counter[tuple[str, str]] = Counter()
    frames: Counter[tuple[str, str]] = Counter()
    for stream in info.streams:
        channel = stream.venue, f"{stream.channel} {stream.variant}".strip()
        coins[channel] += bool(_coin(stream))
        frames[channel] += stream.frames
    return [
        [venue, channel, _CARRIES.get(channel.partition(" ")[0], ""), f"{coins[venue, channel]:,}", f"{number:,}"]
        for (venue, channel), number in frames.most_common(_CHANNELS_SHOWN)
    ]


def _import(args: argparse.Namespace) -> int:
    from app.feeds.tape.importers import import_file

    import_file(args.source, args.target, SystemClock())
    output.say(f"wrote {args.target}", quiet=args.quiet)
    return 0


def _cut(args: argparse.Namespace) -> int:
    from app.feeds.tape.importers import cut, open_recording

    source = options.among_tapes(args.source)
    recording = open_recording(source)
    start_ns = parse_moment(args.start, recording.start_ns) if args.start else recording.start_ns
    end_ns = parse_moment(args.end, recording.start_ns) if args.end else recording.end_ns + 1
    cut(source, args.target, start_ns, end_ns, SystemClock())
    output.say(f"wrote {args.target}", quiet=args.quiet)
    return 0
