"""Files of candidates as marks: checked against the bars, the settings and the span of the screen that wrote them."""

from pathlib import Path

import numpy as np
import pytest
from bar_samples import START_MS, market

from app.config.screener_settings import BatchModeSettings
from app.core.errors import DataError
from app.screener.bars import HOUR_MS, moment_text
from app.screener.candidates_file import candidate_lines, sidecar_of, write_candidates
from app.screener.named_candidates import changes, check_origin, check_window, marks, read_candidates
from app.screener.screen import Screened, screen

WIDE = BatchModeSettings(minimum_score=0.4)
BARS = market(2_000, 6)


def screened(first: int = 600, last: int = 1_500) -> Screened:
    return screen(BARS, WIDE, START_MS + first * HOUR_MS, START_MS + last * HOUR_MS)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path, part = tmp_path / "c.jsonl", screened()
    lines = candidate_lines(part, WIDE)
    write_candidates(path, lines, sidecar_of(BARS, part, WIDE, lines.count(b"\n")))
    return path


def test_marks_are_the_candidates(path: Path) -> None:
    named = read_candidates(path)
    check_origin(named, BARS, WIDE)
    check_window(named, screened())
    np.testing.assert_array_equal(marks(named, BARS, screened()), screened().passed)
    assert changes(screened().passed, screened()) == (0, 0)


def test_one_screen_serves_other_settings_of_a_backtest(path: Path) -> None:
    check_origin(read_candidates(path), BARS, BatchModeSettings(minimum_score=0.4, candidate_window_bars=8))


def test_a_shorter_span_takes_what_is_inside(path: Path) -> None:
    part = screened(700, 900)
    check_window(read_candidates(path), part)
    np.testing.assert_array_equal(marks(read_candidates(path), BARS, part), part.passed)


def test_other_bars_settings_and_spans_are_refused(path: Path) -> None:
    named = read_candidates(path)
    with pytest.raises(DataError, match=r"c\.jsonl was screened from other bars \(made up, .*; give those, or screen"):
        check_origin(named, market(2_000, 7), WIDE)
    with pytest.raises(DataError, match=r"by other settings \(batch_mode\.minimum_score was 0\.4\)"):
        check_origin(named, BARS, BatchModeSettings())
    for part in (screened(599), screened(last=1_501)):
        with pytest.raises(DataError, match="name a span inside, or screen again"):
            check_window(named, part)


def test_a_file_without_a_sidecar_is_taken_but_not_for_other_bars(tmp_path: Path) -> None:
    path = tmp_path / "plain.jsonl"
    candidate = int(np.flatnonzero(screened().passed)[3])
    lines = [moment_text(START_MS + place * HOUR_MS) for place in (candidate, 800, 5)]
    path.write_text("".join(f'{{"timestamp": "{line}"}}\n\n' for line in lines), encoding="utf-8")
    named = read_candidates(path)
    assert named.sidecar is None
    check_origin(named, market(50, 1), BatchModeSettings())
    marked = marks(named, BARS, screened())
    assert np.flatnonzero(marked).tolist() == sorted({candidate, 800})
    others, lacking = changes(marked, screened())
    assert others == int(not screened().passed[800])
    assert lacking == np.count_nonzero(screened().passed) - 2 + others
    for moment in ("2025-01-02T00:30:00Z", "2031-01-01", "1969-01-01"):
        path.write_text(f'{{"timestamp": "{moment}"}}', encoding="utf-8")
        with pytest.raises(DataError, match="when no bar of made up opened"):
            marks(read_candidates(path), BARS, screened())


@pytest.mark.parametrize(
    "line", [b"soon", b"{}", b'{"timestamp": 5}', b'{"timestamp": "soon"}', b"\xff", b"[" * 5_000, b'{"timestamp": ""}']
)
def test_a_line_that_is_no_candidate_is_named(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "c.jsonl"
    path.write_bytes(b'{"timestamp": "2025-01-01"}\n' + line)
    with pytest.raises(DataError, match=r"c\.jsonl, line 2: no candidate with a timestamp"):
        read_candidates(path)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    lines = tmp_path / "lines.jsonl"
    lines.write_bytes(b"\n" * 2_000_001)
    with pytest.raises(DataError, match=r"lines\.jsonl has more than 2,000,000 lines"):
        read_candidates(lines)
    with pytest.raises(DataError, match="is no file; name a file that tapedeck screen wrote"):
        read_candidates(tmp_path)
