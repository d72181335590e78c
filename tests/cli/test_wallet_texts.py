"""What `tapedeck scan` and `tapedeck explain` print for people."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cli.explain_text import curve, print_explanation
from app.cli.scan_text import print_report
from app.core.text import clean
from app.wallets.explaining import Explanation, PastVerdict
from app.wallets.scan_report import ScanReport
from app.wallets.values import WalletVerdict

WALLET = "0x" + "1" * 40
SOURCE = {"mode": "demo", "label": "DEMO", "detail": "simulated, seed 7"}


def report(**changes: Any) -> ScanReport:
    fields: dict[str, Any] = {
        "wallets": 1, "wallets_per_minute": 1.0, "elapsed_s": 1.0, "calls": 0, "calls_allowed_pct": 0.0, "tightest": "",
        "limits": (), "stages": (), "unchanged": 0, "resumed": False, "targets": 0, "watchlist": 0, "verdicts": (),
        "not_scored": (), "origins": {}, "troubles": (), "retries": 0, "failures": 0, "caches": {}, "average_ms": 0.0,
    }  # fmt: skip
    return ScanReport(**{**fields, **changes})


def test_a_report_tells_what_was_damaged_unsaved_and_not_usable(capsys: pytest.CaptureFixture[str]) -> None:
    print_report(report(), SOURCE)
    plain = capsys.readouterr().out
    assert not any(word in plain for word in ("not read", "NOT SAVED", "note"))
    notes = (clean("rule mine cannot be loaded: ImportError"), clean("'0x12' is not a wallet's address; skipped"))
    print_report(report(damaged=2, unsaved=clean("3 rows refused"), notes=notes), SOURCE)
    lines = capsys.readouterr().out.splitlines()
    assert "not read     2 rows of the database: what they were about was asked for again" in lines
    assert "NOT SAVED    3 rows refused" in lines
    assert [line for line in lines if line.startswith("note")] == [f"note         {note}" for note in notes]


def test_the_rate_says_that_it_counts_from_the_first_wallet(capsys: pytest.CaptureFixture[str]) -> None:
    print_report(report(wallets=1_370, wallets_per_minute=1_370.0, elapsed_s=65.0), SOURCE)
    assert "wallets      1,370 in 1 min 05 s (1,370 a minute from the first one on)" in capsys.readouterr().out


def test_what_was_not_saved_makes_a_report_partial() -> None:
    assert not report().is_partial
    assert report(unsaved=clean("1 row dropped")).is_partial
    assert report(notes=(clean("rule mine cannot be loaded"),)).is_partial


@pytest.mark.parametrize("at_ms", [-(2**62), -1, 0, 10**13, 2**62])
def test_a_time_that_no_calendar_has_is_a_dash(at_ms: int, capsys: pytest.CaptureFixture[str]) -> None:
    verdict = WalletVerdict(wallet=WALLET, verdict="REJECTED", stage=1, judged_s=1, profile="plain")
    explained = Explanation(
        wallet=WALLET, verdict=verdict, opened=None, stats=None, categories=(), chases=(), positions=(),
        open_positions=(), equity=(), daily=(), copies=(), copied_markets=0,
        history=(PastVerdict(at_ms, "TARGET", 3, 0.5),), unknown=(), calls=0,
    )  # fmt: skip
    print_explanation(explained, SOURCE)
    assert "–\tTARGET\t3\t0.50" in capsys.readouterr().out


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=500), st.integers(2, 80))
def test_a_curve_fits_and_ends_where_the_results_do(totals: list[float], cells: int) -> None:
    peak = max(totals) + 1e9
    blocks, end = curve([*totals, peak], cells).split(" ", 1)
    assert 1 <= len(blocks) <= cells
    # The last total is higher than all others, so that its block is the full one.
    assert (blocks[-1], end) == ("█", f"{peak:,.0f} USDC")


@pytest.mark.parametrize("count", [1, 59, 60, 61, 119, 120, 121])
def test_a_curve_has_sixty_cells_at_most(count: int) -> None:
    assert len(curve([float(number) for number in range(count)]).split(" ")[0]) <= 60
