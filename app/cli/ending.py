"""Ending with whoever started a command: for programs that must leave no process behind, whatever ends them."""

import contextlib
import os
import signal
import sys
import threading

_GRACE_S = 10.0
_INTERRUPTED = 130


def end_with_input() -> None:
    """Have this process interrupted, as by ctrl-c, when its standard input ends; that is when its parent does.

    Where it has not ended some seconds later it is killed, and with it what it started where it leads a group.
    """
    # A program that begins in a shell's background has ctrl-c ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=_watch, daemon=True).start()


def _watch() -> None:
    if sys.__stdin__ is not None:
        with contextlib.suppress(OSError):
            while os.read(sys.__stdin__.fileno(), 4_096):
                continue
    os.kill(os.getpid(), signal.SIGINT)
    # Processes of its own that are suspended would be waited for as long as they are.
    threading.Event().wait(_GRACE_S)
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(_INTERRUPTED)
