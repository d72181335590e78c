"""A process that answers from a bundle: `python -m app.tokens.worker FOLDER MEGABYTES`.

Questions come on standard input, answers go to standard output. It ends when its input ends, and on Linux also when its
parent does while it hangs, so it cannot be left behind. What it loads stays out of the deck's process, and a model that
eats memory or dies takes nobody with it.
"""

import os
import resource
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.tokens.serving import Opened

_PIECE = 1 << 16
"""What a pipe holds. A larger buffer would be fetched from the system, and given back, at each read."""
_END_WITH_PARENT = 1


def main(words: Sequence[str], open_bundle: "Callable[[Path], Opened] | None" = None) -> int:
    """Answer from the bundle in the folder `words[0]` with at most `words[1]` megabytes (10⁶) of data in memory.

    `open_bundle` takes the place of the usual runtime. Returns the exit code (`app.tokens.serving` names them).
    """
    output = _own_output()
    _live_as_long_as_parent()
    folder, limit = Path(words[0]), int(words[1]) * 1_000_000
    # One thread is plenty for arrays this small; more would only be in the way of the other workers.
    os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    from app.tokens.serving import ENDED, serve

    with suppress(BrokenPipeError):  # nobody is left who would read
        return serve(
            lambda: (open_bundle or _with_onnx)(folder), lambda: os.read(0, _PIECE), lambda data: _write(output, data)
        )
    return ENDED


def _with_onnx(folder: Path) -> "Opened":
    from app.tokens.predictor import Predictor
    from app.tokens.serving import Opened

    predictor = Predictor.open(folder)
    manifest = predictor.bundle.manifest
    return Opened(predictor.predict, manifest.version, manifest.origin, manifest.made_at_s)


def _own_output() -> int:
    """The pipe to the parent, under another number: what a library prints must not look like a message."""
    output = os.dup(1)
    os.dup2(2, 1)
    return output


def _write(output: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(output, rest) :]


def _live_as_long_as_parent() -> None:
    # The keys that interrupt a command reach all its processes; the parent decides when this one ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_END_WITH_PARENT, signal.SIGKILL)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
