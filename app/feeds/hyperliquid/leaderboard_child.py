"""Reads a leaderboard in a process of its own: `python -m app.feeds.hyperliquid.leaderboard_child RULES`.

The document comes over standard input until that ends, the digest leaves over standard output. Input ends with whoever
started it, so it cannot outlive its parent: a document that was cut off is none. Exit code 1, and a sentence on
standard output, for what is no leaderboard.
"""

import contextlib
import sys

from app.core.errors import FrameError
from app.feeds.hyperliquid.leaderboard import digest_of, encode_digest, parse_rules


def main() -> int:
    """Standard input → digest. Exit code 0, or 1 for what is no leaderboard."""
    try:
        rules = parse_rules(sys.argv[1].encode())
        answer, code = encode_digest(digest_of(sys.stdin.buffer.read(), rules)), 0
    except FrameError as error:
        answer, code = str(error).encode(), 1
    # Whoever asked may be gone.
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.buffer.write(answer)
        sys.stdout.buffer.flush()
    return code


if __name__ == "__main__":
    raise SystemExit(main())
