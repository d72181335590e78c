"""A recording program that is killed leaves a tape that can be read."""

import subprocess
import sys
from pathlib import Path

from app.core.clock import ManualClock
from app.core.record import Record
from app.feeds.tape.format import BLOCK_SIZE, Session
from app.feeds.tape.reader import TapeReader
from app.feeds.tape.writer import TapeWriter

TOLD = 20_000
PAYLOAD = bytes(100)


def record_for_ever(path: Path) -> None:
    """Write records without end, telling the parent once `TOLD` of them are taken."""
    writer = TapeWriter(path, Session(created_wall_ns=1, mode="live", label="LIVE"), ManualClock())
    sequence = 0
    while True:
        sequence += 1
        writer.write(Record(sequence, sequence, sequence, 1, 3, PAYLOAD))
        if sequence == TOLD:
            sys.stdout.write("told\n")
            sys.stdout.flush()


def test_a_killed_program_loses_at_most_its_last_block(tmp_path: Path) -> None:
    path = tmp_path / "killed.tape"
    program = f"import sys; sys.path[:0] = {sys.path!r}; from pathlib import Path; import {__name__} as me; "
    program += f"me.record_for_ever(Path({str(path)!r}))"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "told\n"
        child.kill()
    sequences = [record.sequence for record in TapeReader(path).records()]
    assert sequences == list(range(1, len(sequences) + 1))
    assert len(sequences) > TOLD - BLOCK_SIZE // len(PAYLOAD)
    assert TapeReader(path).recovered
