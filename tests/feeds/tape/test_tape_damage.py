"""Whatever happens to a tape's bytes, at most the damaged block is lost."""

import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tape_samples import numbered_records, write_tape

from app.core.errors import DataError
from app.core.record import Record
from app.feeds.tape.reader import TapeReader

RECORDS = numbered_records(40)
A_BLOCK = 5


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a closed tape of eight blocks."""
    return write_tape(tmp_path_factory.mktemp("tapes") / "sound.tape", RECORDS).read_bytes()


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where damaged copies go."""
    return tmp_path_factory.mktemp("tapes") / "damaged.tape"


def read(path: Path, data: bytes) -> tuple[list[Record], str] | None:
    """The records in `data` and what the reader says about them; None where it refuses."""
    path.write_bytes(data)
    try:
        reader = TapeReader(path)
    except DataError:
        return None
    return list(reader.records()), reader.damage


def data_start(sound: bytes) -> int:
    return sound.index(b"\x89BLK")


def test_every_flipped_byte_costs_at_most_its_block(sound: bytes, damaged: Path) -> None:
    for offset in range(len(sound)):
        data = bytearray(sound)
        data[offset] ^= 0xFF
        result = read(damaged, bytes(data))
        if result is None:
            assert offset < data_start(sound)
            continue
        records, damage = result
        lost = [record for record in RECORDS if record not in records]
        assert len(lost) in (0, A_BLOCK), offset
        assert records == [record for record in RECORDS if record not in lost], offset
        assert bool(damage) or not lost, offset


def test_every_truncation_keeps_all_whole_blocks(sound: bytes, damaged: Path) -> None:
    for length in range(len(sound)):
        result = read(damaged, sound[:length])
        if result is None:
            assert length < data_start(sound)
            continue
        records, damage = result
        assert records == RECORDS[: len(records)], length
        assert len(records) == A_BLOCK * sound[:length].count(b"\x89BLK") or len(records) % A_BLOCK == 0
        assert damage


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_random_damage_never_gives_a_wrong_record(sound: bytes, damaged: Path, data: st.DataObject) -> None:
    changed = io.BytesIO(sound)
    for _ in range(data.draw(st.integers(1, 4))):
        changed.seek(data.draw(st.integers(0, len(sound) - 1)))
        changed.write(data.draw(st.binary(min_size=1, max_size=200)))
    result = read(damaged, changed.getvalue())
    if result is not None:
        records, _ = result
        assert records == [record for record in RECORDS if record in records]


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=300), st.integers(0, 400))
def test_anything_after_a_session_is_survived(sound: bytes, damaged: Path, tail: bytes, kept: int) -> None:
    start = data_start(sound)
    result = read(damaged, sound[: start + kept] + tail)
    assert result is not None
    assert result[0] == RECORDS[: len(result[0])]


@settings(deadline=None, max_examples=100)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 2**63 - 1),
            st.integers(0, 2**63 - 1),
            st.integers(0, 2**63 - 1),
            st.integers(0, 2**32 - 1),
            st.integers(0, 2**16 - 1),
            st.binary(max_size=50),
        ),
        max_size=30,
    )
)
def test_any_records_survive_the_round_trip(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, int, int, int, int, bytes]]
) -> None:
    records = [Record(*row) for row in rows]
    reader = TapeReader(write_tape(tmp_path_factory.mktemp("tapes") / "any.tape", records))
    assert list(reader.records()) == records
    assert not reader.damage
