"""Memory that was freed goes back to the system."""

import platform
import subprocess
import sys

import pytest

_PROGRAM = """
import os, sys
from pathlib import Path
from app.core.allocation import give_back_what_is_freed, trim_heap, share_one_heap
def resident_bytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
if sys.argv[1] == "always" and not give_back_what_is_freed():
    raise SystemExit("cannot be told")
if sys.argv[1] == "once" and not share_one_heap():
    raise SystemExit("cannot be told")
large = b"x" * 30_000_000
del large  # from now on glibc, left alone, takes blocks of this size from the heap
before = resident_bytes()
blocks = [b"x" * (1_000_000 + number) for number in range(60)]
above = b"y" * 200_000
del blocks
if sys.argv[1] == "once" and not trim_heap():
    raise SystemExit("nothing was given back")
print(resident_bytes() - before)
"""


def _kept(when: str) -> int:
    """Bytes that 60 MB of freed blocks leave behind in a process."""
    ran = subprocess.run([sys.executable, "-c", _PROGRAM, when], check=True, capture_output=True, text=True)
    return int(ran.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told")
def test_freed_blocks_below_what_is_used_do_not_stay_in_the_process() -> None:
    assert _kept("always") < 5_000_000
    assert _kept("once") < 5_000_000
    assert _kept("left alone") > 50_000_000
