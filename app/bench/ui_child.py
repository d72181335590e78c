"""The app under test in a terminal: `python -m app.bench.ui_child …`, with the settings of the deck.

It writes what it measured to the file `--report` once it is told to end.
"""

import argparse
import asyncio
import contextlib
import fcntl
import sys
import termios
from pathlib import Path

import msgspec

from app.bench.ui_load import loaded_link, quieten
from app.core.clock import SystemClock
from app.engine.link import EngineLink
from app.engine.socket_link import SocketLink
from app.engine.vitals import settle_memory
from app.ui.run import prepare_environment


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="app.bench.ui_child")
    parser.add_argument("--kind", required=True)
    parser.add_argument("--hz", type=float, required=True)
    parser.add_argument("--report", type=Path, required=True)
    parser.add_argument("--venue", help="take frames from here, in this process")
    parser.add_argument("--engine", type=Path, help="attach to the engine on this socket")
    parser.add_argument("--probe", action="store_true", help="measure how late the loop is")
    return parser.parse_args()


def _link(arguments: argparse.Namespace) -> EngineLink | None:
    if arguments.engine is not None:
        return SocketLink(arguments.engine)
    if arguments.venue is not None:
        return loaded_link(arguments.venue, arguments.report.with_suffix(".socket"), SystemClock())
    return None


async def _run(arguments: argparse.Namespace) -> None:
    # Textual reads the environment when it is imported.
    from app.bench.ui_deck import BenchDeck

    link = _link(arguments)
    deck = BenchDeck(
        arguments.kind,
        arguments.hz,
        SystemClock(),
        link=link,
        probe=arguments.probe,
        after_first_paint=settle_memory,
    )
    measured = await deck.run_async()
    if measured is not None:
        arguments.report.write_bytes(msgspec.json.encode(measured))
    if link is not None:
        await link.close()


def main() -> None:
    """Show the app until it is told to end."""
    # With a terminal of its own the process is told when the bench is gone, and does not outlive it.
    with contextlib.suppress(OSError):
        fcntl.ioctl(sys.stdin, termios.TIOCSCTTY, 0)
    prepare_environment()
    quieten()
    asyncio.run(_run(_arguments()))


if __name__ == "__main__":
    main()
