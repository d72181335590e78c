"""What the Wallet targets say of themselves without a screen: title, note on a scan, sentences of an empty panel."""

import msgspec
import pytest
from deck_fakes import DEMO, SOURCE, TAPE, snapshot
from wallet_fakes import (
    DONE_SCAN,
    FAILED_SCAN,
    NO_WALLETS,
    RUNNING_SCAN,
    address,
    scanned,
    seen,
    wallet_detail,
    wallets,
)

from app.engine.protocol import Snapshot
from app.engine.protocol_wallets import WalletsView
from app.ui.panels.scan_metrics import scan_metrics_view
from app.ui.panels.wallet_detail import verdict_view
from app.ui.panels.wallets import NO_SCANNER, WalletKeys, wallets_note, wallets_view
from app.ui.state import DeckView

KEYS = WalletKeys()
FIRST = address(1)
DEMO_TAPE = msgspec.structs.replace(TAPE, of_demo=True)


def on_tape(told: WalletsView) -> Snapshot:
    return scanned(told, source=TAPE)


def test_the_title_counts_says_simulated_and_names_the_profile() -> None:
    assert wallets_view(seen(scanned()), KEYS).title == "Wallet targets 5 of 812 (simulated) · profile balanced"
    live = msgspec.structs.replace(scanned(), source=SOURCE)
    assert wallets_view(seen(live), KEYS).title == "Wallet targets 5 of 812 · profile balanced"
    running = scanned(wallets(scan=RUNNING_SCAN))
    assert "SCANNING 312 of 1,000" in wallets_view(seen(running), KEYS).title


def test_a_running_scan_tells_its_progress_and_what_each_stage_rejected() -> None:
    said, role = wallets_note(seen(scanned(wallets(scan=RUNNING_SCAN))), WalletKeys(scan="f5"))
    assert said == (
        "scanning 312 of 1,000, f5 cancels · rejected 201/312 at stage 1, 71/110 at 2, 27/38 at 3 · "
        "3 TARGET, 8 WATCHLIST · 2 not scored · limit positions 132/150 · 1,204 calls, 31 waiting"
    )
    assert role == "accent"


def test_a_scan_that_has_no_wallets_yet_counts_none() -> None:
    nothing = {"seen": 0, "total": 0, "targets": 0, "watchlist": 0, "not_scored": 0, "stages": (), "budget_used": None}
    began = msgspec.structs.replace(RUNNING_SCAN, **nothing, calls=1, waiting=1)
    view = seen(scanned(wallets(rows=(), known=0, scan=began)))
    assert wallets_note(view, KEYS)[0] == "looking for wallets to scan, s cancels · 1 call, 1 waiting"
    assert wallets_view(view, KEYS).title == "Wallet targets (simulated) · SCANNING · profile balanced"


def test_a_scan_that_is_over_says_how_it_ended() -> None:
    said, role = wallets_note(seen(scanned(wallets(scan=DONE_SCAN, scheduled_in_s=754))), KEYS)
    assert said.startswith("scan done: 1,000 wallets in 44 s: 3 TARGET, 8 WATCHLIST · rejected 201/312 at stage 1")
    assert said.endswith("D shows how it went · next scan by itself in 12:34")
    assert role == "muted"
    said, role = wallets_note(seen(scanned(wallets(scan=FAILED_SCAN))), KEYS)
    assert "scan failed: The venue cannot be reached; what was scored is kept" in said
    assert "trouble: leaderboard month did not answer within 10 s and 1 more" in said
    assert role == "warning"


NONE = {"rows": (), "known": 0, "scan": None, "metrics": None}
RUNS = {"rows": (), "known": 0, "scan": RUNNING_SCAN}


@pytest.mark.parametrize(
    ("shown", "sentence"),
    [
        (snapshot(), NO_SCANNER),
        (scanned(NO_WALLETS), "No wallet has been scanned yet. f5 starts a scan of the leaderboards."),
        (scanned(wallets(**NONE)), "No wallet has been looked at yet. f5 starts a scan of the leaderboards."),
        (scanned(wallets(**RUNS)), "The first wallets are being looked at."),
        (on_tape(wallets(**NONE, waiting_for="No wallets on the tape yet")), "No wallets on the tape yet."),
        (on_tape(wallets(**NONE)), "No wallet has been looked at yet."),
    ],
)
def test_an_empty_panel_says_what_it_waits_for_and_names_a_key_once_where_it_does_something(
    shown: Snapshot, sentence: str
) -> None:
    assert wallets_view(seen(shown), WalletKeys(scan="f5")).empty == sentence


def test_on_a_tape_no_key_begins_or_cancels_a_scan() -> None:
    running = seen(on_tape(wallets(scan=RUNNING_SCAN)))
    assert wallets_note(running, KEYS)[0].startswith("scanning 312 of 1,000 · rejected")
    assert scan_metrics_view(seen(on_tape(NO_WALLETS)), 80, KEYS).empty == "No scan has been made yet."


def test_wallets_of_a_demo_and_of_its_tape_are_called_simulated_and_no_others() -> None:
    detail = wallet_detail()
    for source, simulated in ((DEMO, True), (DEMO_TAPE, True), (TAPE, False), (SOURCE, False)):
        view = seen(scanned(source=source, wallet=detail))
        tables = (wallets_view(view, KEYS), verdict_view(view, FIRST, 80), scan_metrics_view(view, 80, KEYS))
        assert [" (simulated)" in table.title for table in tables] == [simulated] * 3


def test_before_the_first_snapshot_every_view_says_so() -> None:
    view = DeckView("connected", source=DEMO)
    said = "Connected; waiting for the engine's first snapshot…"
    assert wallets_view(view, KEYS).empty == said
    assert wallets_note(view, KEYS) == ("", "muted")
    assert verdict_view(view, FIRST, 80).empty == said
    assert scan_metrics_view(view, 80, KEYS).empty == said
