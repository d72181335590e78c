"""How a scan performs, without a screen."""

import msgspec
from deck_fakes import snapshot
from wallet_fakes import (
    DONE_SCAN,
    METRICS,
    NO_WALLETS,
    RUNNING_SCAN,
    address,
    lines,
    scanned,
    seen,
    wallets,
)

from app.ui.panels.scan_metrics import scan_metrics_view
from app.ui.panels.wallets import NO_SCANNER, WalletKeys

KEYS = WalletKeys()


def test_metrics_begin_with_warnings_and_name_stages_caches_and_budgets() -> None:
    said = lines(scan_metrics_view(seen(scanned()), 120, KEYS))
    assert said[0] == ("WARNING", METRICS.warnings[0])
    assert ("wallets/min", "1,371") in said
    assert ("stage 1", "312 seen · 201 rejected (64%) · 0.21 ms of our own work a wallet") in said
    assert ("stage 3", "38 seen · 27 rejected (71%) · work not measured") in said
    assert ("budget", "positions: 132 of 150 calls in 10 s (88%)") in said
    assert ("errors", "3 answers could not be used") in said
    assert (
        "cache",
        "answers: 1,204 entries · 12.3MB of 64.0MB · hit ratio 41% (820 hits, 1,180 misses) · 12 evicted · oldest 58s",
    ) in said
    assert any(name == "not scored" and address(99) in text for name, text in said)


def test_without_a_scan_the_metrics_say_how_to_start_one() -> None:
    assert scan_metrics_view(seen(scanned(NO_WALLETS)), 80, KEYS).empty == "No scan has been made yet. s starts one."
    assert scan_metrics_view(seen(snapshot()), 80, KEYS).empty == NO_SCANNER


def test_what_was_not_measured_is_never_zero() -> None:
    none = msgspec.structs.replace(METRICS, wallets_per_minute=None, memory_mb=None, target_share=None)
    said = dict(lines(scan_metrics_view(seen(scanned(wallets(metrics=none))), 120, KEYS)))
    assert (said["wallets/min"], said["memory"]) == ("not measured", "not measured")
    assert said["TARGET share"].startswith("–")


def test_a_scan_that_runs_has_not_taken_its_time_yet() -> None:
    texts = [dict(lines(scan_metrics_view(seen(scanned(wallets(scan=scan))), 120, KEYS)))["scan"]
             for scan in (RUNNING_SCAN, DONE_SCAN)]  # fmt: skip
    assert [" UTC, for " in text for text in texts] == [True, False]
    assert " UTC, took " in texts[1]
