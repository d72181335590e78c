"""New files of commands: whole or not at all, and nothing that lay there is touched."""

from pathlib import Path

import pytest

from app.cli.new_files import write_new
from app.core.errors import DataError


def test_what_lies_beside_a_new_file_is_left_alone(tmp_path: Path) -> None:
    mine, elsewhere = tmp_path / "trades.jsonl.new", tmp_path / "elsewhere"
    mine.symlink_to(elsewhere)
    elsewhere.write_bytes(b"mine")
    write_new({tmp_path / "trades.jsonl": b"trades"})
    assert elsewhere.read_bytes() == b"mine"
    assert mine.is_symlink()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["elsewhere", "trades.jsonl", "trades.jsonl.new"]


def test_what_somebody_wrote_meanwhile_is_not_written_over(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_bytes(b"mine")
    with pytest.raises(DataError, match=r"a cannot be written \(somebody else has written it meanwhile\)"):
        write_new({first: b"ours", second: b"ours"})
    assert first.read_bytes() == b"mine"
    assert [each.name for each in tmp_path.iterdir()] == ["a"]
