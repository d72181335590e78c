"""Commands that programs start end with them, whatever keeps them."""

import subprocess
import sys

import psutil
import pytest

DEAF = """
import signal, subprocess, sys, threading
from app.cli import ending
ending._GRACE_S = 0.05
held = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
ending.end_with_input()
signal.signal(signal.SIGINT, signal.SIG_IGN)
print(held.pid, flush=True)
threading.Event().wait(600)
"""


@pytest.mark.parametrize("leads", [True, False])
def test_one_that_hears_no_interruption_is_killed_with_what_it_started(leads: bool) -> None:
    with subprocess.Popen(
        (sys.executable, "-c", DEAF), stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=leads
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        held = psutil.Process(int(process.stdout.readline()))
        process.stdin.close()
        assert process.wait(timeout=30) == (-9 if leads else 130)
        if leads:
            psutil.wait_procs([held], timeout=30)
            assert not held.is_running() or held.status() == psutil.STATUS_ZOMBIE
        else:
            held.kill()
