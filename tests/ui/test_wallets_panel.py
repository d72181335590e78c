"""Wallet targets without a screen: rows, the note on a scan, sentences of an empty panel, one wallet, scan metrics."""

import math
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from deck_fakes import DEMO, SOURCE, snapshot
from hostile_corpus import HOSTILE
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len
from test_deck_hostile import forbidden, most_marks
from wallet_fakes import (
    DONE_SCAN,
    FAILED_SCAN,
    METRICS,
    NO_WALLETS,
    RUNNING_SCAN,
    address,
    scanned,
    wallet_detail,
    wallet_row,
    wallets,
)

from app.engine.protocol import Snapshot
from app.engine.protocol_wallets import UnscoredWallet
from app.ui.copying import copyables
from app.ui.panels.scan_metrics import scan_metrics_view
from app.ui.panels.wallet_detail import (
    chases_view,
    positions_view,
    verdict_view,
    wallet_equity,
    wallet_equity_table,
)
from app.ui.panels.wallets import NO_SCANNER, WalletKeys, bar_cell, roi_cell, wallets_note, wallets_view, win_cell
from app.ui.state import DeckView
from app.ui.widgets.columns import Row, TableView, place_columns
from app.ui.widgets.filtering import parse_filter
from app.ui.widgets.ordering import Ordering, ordered
from app.wallets.values import Doubt

KEYS = WalletKeys()
FIRST = address(1)


def seen(shown: Snapshot, **changes: object) -> DeckView:
    view: dict[str, object] = {"source": shown.source, "newest": shown, "shown": shown, **changes}
    return DeckView("connected", **view)  # type: ignore[arg-type]


def ended(shown: Snapshot) -> DeckView:
    return DeckView("ended", source=SOURCE, newest=shown, shown=shown)


def later(shown: Snapshot, seconds: int) -> DeckView:
    """The same picture, held for some seconds."""
    return seen(shown, newest=msgspec.structs.replace(shown, wall_ms=shown.wall_ms + seconds * 1_000), frozen_s=seconds)


def opened(**changes: Any) -> Snapshot:
    return scanned(wallet=wallet_detail(**changes))


def texts(table: TableView, row: Row) -> Mapping[str, str]:
    names = (column.name for column in table.columns)
    return dict(zip(names, (cell.text for cell in row.cells), strict=True))


def lines(table: TableView) -> list[tuple[str, str]]:
    """A table of lines: names with whole texts, each line once."""
    return list(dict.fromkeys((row.cells[0].value, row.cells[1].value) for row in table.rows))


# Rows


def test_a_target_says_all_it_holds() -> None:
    table = wallets_view(seen(scanned()), KEYS)
    assert texts(table, table.rows[0]) == {
        "wallet": "★polls professor",
        "class": "TARGET",
        "score": "0.83",
        "score change": "▲+0.04",
        "class before": "WATCHLIST",
        "specialisation": "0.75",
        "specialisation bar": "████░░",
        "behaviour": "0.94",
        "behaviour bar": "█████░",
        "structure": "1.00",
        "structure bar": "██████",
        "ROI 30d %": "▲+12.34%",
        "win rate %": "57% n190",
        "flags or reason": "short track",
        "age of verdict": "3m",
        "my review": "accepted",
        "followed": "followed",
        "found at": "leaderboard month",
        "address": FIRST,
    }


def test_every_row_has_a_cell_and_a_value_for_each_column() -> None:
    table = wallets_view(seen(scanned()), KEYS)
    for row in table.rows:
        assert len(row.cells) == len(row.values) == len(table.columns)
    assert len({row.key for row in table.rows}) == len(table.rows)


def test_a_wallet_without_an_alias_is_called_by_the_ends_of_its_address() -> None:
    table = wallets_view(seen(scanned()), KEYS)
    assert texts(table, table.rows[1])["wallet"].strip() == f"{address(2)[:6]}…{address(2)[-4:]}"


def test_the_first_verdict_has_no_change_and_a_rejected_wallet_says_why() -> None:
    table = wallets_view(seen(scanned()), KEYS)
    assert texts(table, table.rows[1])["score change"] == "first"
    rejected = texts(table, table.rows[4])
    assert rejected["flags or reason"] == "top category politics holds 20% of the volume, less than 50%"
    assert (rejected["score"], rejected["behaviour"], rejected["ROI 30d %"], rejected["win rate %"]) == ("–",) * 4


def test_an_old_verdict_says_so_and_is_dimmed_and_ages_while_the_display_is_held() -> None:
    shown = scanned()
    table = wallets_view(seen(shown), KEYS)
    assert [row.dimmed for row in table.rows] == [False, False, False, True, False]
    assert texts(table, table.rows[3])["age of verdict"] == "old 3d"
    held = wallets_view(later(shown, 86_400), KEYS)
    assert all(row.dimmed for row in held.rows)
    assert texts(held, held.rows[1])["age of verdict"] == "old 1d"


def test_an_engine_that_is_gone_dims_all() -> None:
    assert all(row.dimmed for row in wallets_view(ended(scanned()), KEYS).rows)


def test_followed_wallets_come_first_in_every_order() -> None:
    table = wallets_view(seen(scanned()), KEYS)
    for column in table.columns:
        assert ordered(table.rows, table.columns, Ordering(column.title))[0].key == FIRST


def test_followed_wallets_come_first_in_the_order_given_too() -> None:
    table = wallets_view(seen(scanned(wallets(rows=(wallet_row(1), wallet_row(2, followed=True))))), KEYS)
    assert [row.key for row in table.rows] == [address(2), address(1)]


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ("who-wins-district-5", "who wins district 5"),
        (f"0x{'ab' * 32}", "0xabab…abab"),
        ("Who wins?", "Who wins?"),
        ("", "–"),
    ],
)
def test_an_event_is_shown_in_words(event: str, words: str) -> None:
    position = msgspec.structs.replace(wallet_detail().positions[0], event=event)
    table = positions_view(seen(opened(positions=(position,))), FIRST)
    assert texts(table, table.rows[0])["event"] == words


def test_sorting_is_by_what_the_cells_stand_for() -> None:
    rows = (wallet_row(1, score=0.1), wallet_row(2, score=None), wallet_row(3, score=0.9, wallet_class="REJECTED"))
    table = wallets_view(seen(scanned(wallets(rows=rows))), KEYS)
    assert [row.key for row in ordered(table.rows, table.columns, Ordering("score"))] == [
        address(3), address(1), address(2),
    ]  # fmt: skip
    by_class = ordered(table.rows, table.columns, Ordering("class", descending=False))
    assert by_class[0].key == address(3)


@pytest.mark.parametrize(
    ("question", "passing"),
    [
        ("score > 0.7 and class = TARGET", [1, 2]),
        ("roi_30d > 10", [1, 2, 4]),
        ("win_rate < 50", [3]),
        ("my_review = accepted", [1]),
        ("hedged", [3]),
        (address(5), [5]),
        ("professor", [1]),
    ],
)
def test_wallets_are_asked_for(question: str, passing: list[int]) -> None:
    table = wallets_view(seen(scanned()), KEYS)
    asked = parse_filter(question, table.columns)
    assert asked is not None
    assert [row.key for row in filter(asked.passes, table.rows)] == [address(n) for n in passing]


def test_a_copy_has_the_whole_address_and_the_number_beside_the_rate() -> None:
    view = seen(scanned())
    table = wallets_view(view, KEYS)
    copied = dict(copyables(view, "wallets", table.columns, table.rows[1], table.rows))
    assert f"address={address(2)}" in copied["row"]
    assert 'win_rate_%="57.1% of 1190"' in copied["row"]
    assert "DEMO" in copied["row"]
    assert "bar" not in copied["row"]


@pytest.mark.parametrize(("score", "bar"), [(0.0, "░" * 6), (0.99, "█████░"), (1.0, "█" * 6), (7.0, "█" * 6)])
def test_a_bar_is_full_only_when_nothing_was_taken(score: float, bar: str) -> None:
    assert bar_cell(score).text == bar


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, 1e300, -1e300, 0.0])
def test_any_number_can_be_shown(number: float) -> None:
    row = wallet_row(
        1, score=number, specialisation=number, behaviour=number, structure=number, roi_7d=number, roi_30d=number,
        win_rate=number, score_change=number,
    )  # fmt: skip
    table = wallets_view(seen(scanned(wallets(rows=(row,)))), KEYS)
    assert "nan" not in str(table.rows[0].cells) + str(table.rows[0].name)
    assert ordered(table.rows, table.columns, Ordering("score")) == table.rows


@example(roi=None, rate=1.0, n=100_000)
@given(roi=st.floats(-1, 10_000) | st.none(), rate=st.floats(0, 1) | st.none(), n=st.integers(0, 10_000_000))
def test_figures_fit_their_columns(roi: float | None, rate: float | None, n: int) -> None:
    assert cell_len(roi_cell(roi).text) <= 8
    assert cell_len(win_cell(rate, n).text) <= 9


def test_every_class_review_and_flag_fits_its_column() -> None:
    view = wallets_view(seen(scanned()), KEYS)
    widths = {column.name: column.width for column in view.columns}
    assert widths["class"] >= len("NOT SCORED")
    assert widths["class before"] >= len("NOT SCORED")
    assert widths["my review"] >= len("rejected")
    assert widths["flags or reason"] >= len("short track")


@pytest.mark.parametrize(
    ("width", "titles"),
    [
        (60, ["wallet", "class", "score", "spec", "behav", "struct", "flags"]),
        (78, ["wallet", "class", "score", "spec", "behav", "struct", "ROI 30d", "win (n)", "flags"]),
    ],
)
def test_narrow_screens_keep_what_matters_most(width: int, titles: list[str]) -> None:
    columns = wallets_view(seen(scanned()), KEYS).columns
    assert [columns[placed.column].title for placed in place_columns(columns, width)] == titles


def test_bars_review_and_changes_come_with_width() -> None:
    columns = wallets_view(seen(scanned()), KEYS).columns
    names = [columns[placed.column].name for placed in place_columns(columns, 118)]
    assert {"specialisation bar", "behaviour bar", "structure bar", "score change", "age of verdict"} <= set(names)
    assert len(place_columns(columns, 260)) == len(columns)


# Title, note, empty sentences


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


def test_a_scan_that_is_over_says_how_it_ended() -> None:
    said, role = wallets_note(seen(scanned(wallets(scan=DONE_SCAN, scheduled_in_s=754))), KEYS)
    assert said.startswith("scan done: 1,000 wallets in 44 s: 3 TARGET, 8 WATCHLIST · rejected 201/312 at stage 1")
    assert said.endswith("D shows how it went · next scan by itself in 12:34")
    assert role == "muted"
    said, role = wallets_note(seen(scanned(wallets(scan=FAILED_SCAN))), KEYS)
    assert "scan failed: The venue cannot be reached; what was scored is kept" in said
    assert "trouble: leaderboard month did not answer within 10 s and 1 more" in said
    assert role == "warning"


@pytest.mark.parametrize(
    ("shown", "sentence"),
    [
        (snapshot(), NO_SCANNER),
        (scanned(NO_WALLETS), "No wallet has been scanned yet. f5 starts a scan of the leaderboards."),
        (
            scanned(wallets(rows=(), known=0, scan=RUNNING_SCAN)),
            "Scanning; the first verdicts come in a moment. f5 cancels.",
        ),
        (
            scanned(wallets(rows=(), known=0, scan=None, waiting_for="No scan on this tape.")),
            "No scan on this tape. f5 starts a scan of the leaderboards.",
        ),
    ],
)
def test_an_empty_panel_says_what_it_waits_for(shown: Snapshot, sentence: str) -> None:
    assert wallets_view(seen(shown), WalletKeys(scan="f5")).empty == sentence


def test_before_the_first_snapshot_every_view_says_so() -> None:
    view = DeckView("connected", source=DEMO)
    said = "Connected; waiting for the engine's first snapshot…"
    assert wallets_view(view, KEYS).empty == said
    assert wallets_note(view, KEYS) == ("", "muted")
    assert verdict_view(view, FIRST, 80).empty == said
    assert scan_metrics_view(view, 80, KEYS).empty == said


# One wallet


def test_the_verdict_opens_up_into_pillars_parts_doubts_and_history() -> None:
    said = lines(verdict_view(seen(opened()), FIRST, 100))
    assert ("verdict", "TARGET · score 0.83 (0.88 before shrinking) · looked at up to stage 3 · 3m ago") in said
    assert ("since before", "score ▲+0.04 · was WATCHLIST") in said
    assert ("specialisation", "████░░ 0.75 · weight 35%") in said
    assert ("", "share of politics: 75.0% (n 190), takes 0.25") in said
    assert ("", "drawdown: not known (n 190), takes 0.00") in said
    assert ("doubt", "dormant: last trade 31 days ago · keeps it from being a TARGET") in said
    assert ("category", "politics 75% · 150 positions · cost 15.0K · result +1,234.50 USDC") in said
    assert ("2 s late", "+903.20 USDC on 40 of 52 positions; the wallet itself +1,001.00") in said
    assert ("60 s late", "no price to copy any of 52 positions at") in said
    assert ("before", "2023-11-14 21:13 WATCHLIST 0.79 · stage 3") in said
    assert ("not known", "what 3 markets are about") in said
    assert ("mine", "review accepted · followed · alias polls professor · tag politics") in said
    assert ("address", FIRST) in said


@pytest.mark.parametrize("width", [40, 58, 78, 98, 198])
def test_nothing_of_the_verdict_is_cut(width: int) -> None:
    long = " ".join(f"word{n}" for n in range(60))
    detail = {"note": long, "doubts": (Doubt(name="rule", text=long),), "unknown": (long,)}  # type: ignore[arg-type]
    table = verdict_view(seen(opened(**detail)), FIRST, width)
    assert max(cell_len(row.cells[1].text) for row in table.rows) <= width - 15
    whole = " ".join(row.cells[1].text for row in table.rows)
    assert whole.count(long) == 3


def test_before_the_engine_sends_it_a_listed_wallet_shows_its_row_and_what_it_waits_for() -> None:
    said = lines(verdict_view(seen(scanned()), FIRST, 100))
    assert said[0] == ("waiting", "Waiting for what the engine knows of it.")
    assert ("behaviour", "█████░ 0.94") in said
    assert positions_view(seen(scanned()), FIRST).empty == "Waiting for what the engine knows of it."
    unlisted = verdict_view(seen(scanned(wallet=wallet_detail(2))), address(77), 100)
    assert unlisted.rows == ()
    assert "Waiting for what the engine knows of 0x004d…" in unlisted.empty


def test_a_wallet_that_was_not_open_in_a_held_display_says_so() -> None:
    said = lines(verdict_view(seen(scanned(), frozen_s=3.0), FIRST, 100))
    assert said[0][1] == "It was not open then: step forward, or let the display go on."


def test_a_wallet_without_a_verdict_is_no_target() -> None:
    said = lines(verdict_view(seen(scanned(wallets(rows=()), wallet=wallet_detail(1, row=None))), FIRST, 100))
    assert ("verdict", "none yet") in said


def test_positions_and_losses_stand_behind_the_pillars() -> None:
    table = positions_view(seen(opened()), FIRST)
    assert table.title == "Closed positions 14 · 7 above zero · UTC"
    assert texts(table, table.rows[5]) == {
        "closed at": "2023-11-09 22:13", "event": "Who wins the election in district 5?", "category": "politics",
        "size in USDC": "150", "result in USDC": "-25.00", "entry price": "0.43", "hold": "6h", "hedged": "hedged",
    }  # fmt: skip
    assert texts(table, table.rows[4])["hold"] == "–"
    losses = chases_view(seen(opened()), FIRST)
    assert losses.title == "Losses and what followed · 1 of 2 chased · UTC"
    assert [texts(losses, row)["chased"] for row in losses.rows] == ["no", "chased"]
    assert [texts(losses, row)["times as large"] for row in losses.rows] == ["1.20x", "2.00x"]
    for view in (table, losses):
        assert all(len(row.cells) == len(row.values) == len(view.columns) for row in view.rows)
        assert len({row.key for row in view.rows}) == len(view.rows)


def test_equity_is_drawn_and_copied() -> None:
    curve = wallet_equity(seen(opened()), FIRST)
    assert curve.title == "Sum of results +1,070.00 USDC"
    assert len(curve.points) == 40
    assert "2023-10-05 to 2023-11-13" in curve.words
    assert len(wallet_equity_table(seen(opened()), FIRST).rows) == 40
    short = wallet_equity(seen(opened(equity=((1, 2.0),))), FIRST)
    assert (short.points, short.empty) == ((), "No curve: it needs two results.")
    odd = wallet_equity(seen(opened(equity=((1, math.nan), (2, 1.0), (3, math.inf), (4, 2.0)))), FIRST)
    assert odd.points == ((2_000, 1.0), (4_000, 2.0))


# Scan metrics


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


# Hostile names


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_harmless_in_every_view(text: str) -> None:
    row = wallet_row(1, address=text, alias=text, tag=text, origin=text, reason=text, profile=text)
    scan = msgspec.structs.replace(
        RUNNING_SCAN, message=text, budget_name=text, troubles=(text,), unscored=(UnscoredWallet(text, 1, text),)
    )
    told = wallets(rows=(row,), scan=scan, profile=text, waiting_for=text)
    detail = wallet_detail(1, address=text, row=row, note=text, waiting_for=text, unknown=(text,), copies_missing=text)
    shown = scanned(told, wallet=detail)
    for view in (seen(shown), ended(shown)):
        tables = (
            wallets_view(view, KEYS), verdict_view(view, text, 58), positions_view(view, text), chases_view(view, text),
            scan_metrics_view(view, 58, KEYS),
        )  # fmt: skip
        cells = (text for table in tables for row in table.rows for cell in row.cells for text in cell if text)
        heads = (text for table in tables for text in (table.title, table.empty))
        curve = wallet_equity(view, text)
        whole = "|".join((*heads, *cells, wallets_note(view, KEYS)[0], curve.title, curve.words, curve.empty))
        assert forbidden(whole) == []
        assert most_marks(whole) <= 2
