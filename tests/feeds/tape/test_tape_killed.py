"""A recording program that is killed leaves a tape that can be read."""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from app.core.clock import ManualClock
from app.core.record import Record
from app.feeds.tape.format import BLOCK_SIZE, BLOCK_SPAN_NS, Session
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


@given(st.lists(st.tuples(st.integers(0, 700), st.integers(0, 60)), min_size=1, max_size=40))
def test_what_is_not_in_the_file_yet_spans_less_than_a_second_and_a_block(told: list[tuple[int, int]]) -> None:
    """Steps in milliseconds and sizes in KiB: of what was taken, a kill at any moment costs what is not in the file."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "t.tape"
        writer = TapeWriter(path, Session(created_wall_ns=1, mode="live", label="LIVE"), ManualClock())
        taken: list[Record] = []
        now_ns = 0
        for step_ms, size_kib in told:
            now_ns += step_ms * 1_000_000
            taken.append(Record(len(taken) + 1, now_ns, now_ns, 1, 3, bytes(size_kib << 10)))
            writer.write(taken[-1])
        kept = list(TapeReader(path).records())
        writer.close()
    lost = taken[len(kept) :]
    assert kept == taken[: len(kept)]
    assert sum(len(record.payload) for record in lost) < BLOCK_SIZE
    assert not lost or lost[-1].monotonic_ns - lost[0].monotonic_ns < BLOCK_SPAN_NS
