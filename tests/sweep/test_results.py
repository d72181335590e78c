"""The file of results: what is put in comes out, and no other file is touched."""

import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.errors import DataError
from app.screener.sweep_run import RunFigures
from app.sweep.results import StoredRun, Where, open_results

numbers = st.floats(-1e15, 1e15)
counts = st.integers(0, 2**40)
figures = st.builds(
    RunFigures, candidates=counts, trades=counts, won=counts, total_return=numbers, sharpe=st.none() | numbers,
    maximum_drawdown=numbers, exposure=numbers, gross=numbers, fees=numbers, funding=numbers,
    first_day=st.integers(0, 84_000), returns=st.lists(numbers, max_size=5).map(lambda days: np.array(days).tobytes()),
)  # fmt: skip
HERE = Where("bars", "", 5, 9)


@settings(max_examples=12)
@given(st.lists(figures, max_size=4))
def test_runs_come_back_as_they_were(told: list[RunFigures]) -> None:
    with TemporaryDirectory() as folder, open_results(Path(folder) / "r.sqlite") as results:
        results.put(StoredRun(f"k{n}", "1", HERE, f"s{n}", each) for n, each in enumerate(told))
        assert results.known(["none", *(f"k{n}" for n in range(len(told)))]) == {f"k{n}": x for n, x in enumerate(told)}
        assert results.tried(HERE, "1") == {f"s{n}": each for n, each in enumerate(told)}
        assert results.tried(HERE, "2") == results.tried(HERE._replace(last_ms=8), "1") == {}


def a_run() -> RunFigures:
    return RunFigures(
        candidates=3, trades=2, won=1, total_return=1.0, sharpe=None, maximum_drawdown=0.5, exposure=0.25, gross=2.0,
        fees=1.0, funding=0.0, first_day=20_000, returns=b"12345678",
    )  # fmt: skip


def test_the_file_is_the_users_alone_and_can_be_read_by_anybody_who_knows_sqlite(tmp_path: Path) -> None:
    path = tmp_path / "some" / "r.sqlite"
    with open_results(path) as results:
        results.name({"bars": ("ETH", 3_600_000)}, {"s": b"{}"})
        results.put([StoredRun("k", "1", HERE, "s", a_run())])
    assert path.stat().st_mode & 0o777 == 0o600
    with sqlite3.connect(path) as connection:
        query = (
            "SELECT name, json, trades, total_return FROM runs JOIN bars ON bars = bars.sha256 "
            "JOIN settings ON settings = settings.sha256"
        )
        assert connection.execute(query).fetchall() == [("ETH", "{}", 2, 1.0)]
    connection.close()


def test_only_one_program_writes(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    with open_results(path), pytest.raises(DataError, match="is written by another"), open_results(path):
        pass


@pytest.mark.parametrize("content", [b"no database at all, but long enough to be looked at " * 100, b"text"])
def test_another_file_is_refused_and_stays(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "mine"
    path.write_bytes(content)
    with pytest.raises(DataError, match="--results"), open_results(path):
        pass
    assert path.read_bytes() == content


def test_another_database_and_a_folder_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE runs (key)")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    for each in (path, tmp_path):
        with pytest.raises(DataError, match="--results"), open_results(each):
            pass
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "change", ["trades = 'many'", "returns = x'0102030405'", f"returns = x'{'ff' * 8}'", "first_day = 1 << 60"]
)
def test_a_row_that_was_changed_is_told(tmp_path: Path, change: str) -> None:
    path = tmp_path / "r.sqlite"
    with open_results(path) as results:
        results.put([StoredRun("k", "1", HERE, "s", a_run())])
    connection = sqlite3.connect(path)
    connection.execute(f"UPDATE runs SET {change}")
    connection.commit()
    connection.close()
    with open_results(path) as results, pytest.raises(DataError, match="damaged"):
        results.known(["k"])


def test_a_file_that_is_somebody_elses_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", refuse)
    with pytest.raises(DataError, match="not yours alone"), open_results(tmp_path / "r.sqlite"):
        pass
