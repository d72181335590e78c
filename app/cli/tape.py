"""`tapedeck tape`: what is on a recording, other recordings made into tapes, and parts cut out of them."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli import options, output
from app.cli.moments import parse_moment
from app.core.clock import SystemClock

if TYPE_CHECKING:
    from app.feeds.tape.info import TapeInfo

_STREAMS_SHOWN = 20


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `tapedeck tape`."""
    actions = parser.add_subparsers(title="actions", dest="action", metavar="ACTION", required=True)
    info = actions.add_parser("info", help="say what a recording holds", description="Say what a recording holds.")
    info.add_argument("file", type=Path, metavar="FILE", help="a tape, or a file that could be imported")
    options.add_json(info)
    imports = actions.add_parser(
        "import",
        help="make a tape of another recording",
        description="Make a tape of JSON lines, or of a table of trades, books or prices.",
    )
    _add_copy(imports)
    cut = actions.add_parser(
        "cut",
        help="copy a part of a recording",
        description="Copy a part of a recording. A moment is +SECONDS from its start, HH:MM:SS on its day, "
        "or an ISO time such as 2026-01-31T14:30:00 (UTC).",
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
        output.print_table(["venue", "channel", "subject", ">frames"], _streams(info))
    return 0


def _facts(info: "TapeInfo") -> list[list[str]]:
    source = f"{info.mode.upper()} {info.label}"
    frame = "" if info.bytes_per_frame is None else f", {info.bytes_per_frame:.1f} bytes a frame"
    kinds = ", ".join(f"{number} {kind}" for kind, number in info.records_by_kind.items())
    facts = [
        ("file", f"{info.name} ({info.form}, format {info.format_version})"),
        ("source", source if info.seed is None else f"{source}, seed {info.seed}"),
        ("imported from", f"{info.imported_from} (SHA-256 {info.imported_sha256})" if info.imported_from else ""),
        ("made by", f"tapedeck {info.app_version}" if info.app_version else ""),
        ("from", info.start),
        ("to", f"{info.end} ({info.seconds:.3f} s)"),
        ("records", f"{info.records} ({kinds})"),
        ("size", f"{info.file_bytes} bytes{frame}, compressed {info.compression_ratio:.1f} times"),
        ("begun", "while its engine ran: a replay starts with less than was known" if info.midway else ""),
        ("index", "rebuilt: the recording was not closed properly" if info.recovered else ""),
        ("damage", info.damage),
    ]
    return [[name, value] for name, value in facts if value]


def _streams(info: "TapeInfo") -> list[list[str]]:
    busiest = sorted(info.streams, key=lambda stream: (-stream.frames, stream.stream))
    rows = [
        [stream.venue, stream.channel, f"{stream.subject} {stream.variant}".strip(), str(stream.frames)]
        for stream in busiest[:_STREAMS_SHOWN]
    ]
    more = busiest[_STREAMS_SHOWN:]
    if more:
        rows.append([f"{len(more)} more", "", "", str(sum(stream.frames for stream in more))])
    return rows


def _import(args: argparse.Namespace) -> int:
    from app.feeds.tape.importers import import_file

    import_file(args.source, args.target, SystemClock())
    output.say(f"wrote {args.target}", quiet=args.quiet)
    return 0


def _cut(args: argparse.Namespace) -> int:
    from app.feeds.tape.importers import cut, open_recording

    recording = open_recording(options.among_tapes(args.source))
    start_ns = parse_moment(args.start, recording.start_ns) if args.start else recording.start_ns
    end_ns = parse_moment(args.end, recording.start_ns) if args.end else recording.end_ns + 1
    cut(args.source, args.target, start_ns, end_ns, SystemClock())
    output.say(f"wrote {args.target}", quiet=args.quiet)
    return 0
