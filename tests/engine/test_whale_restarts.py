"""A run that goes on where another ended: each real move is told once, whatever is cut and when."""

import asyncio
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from whale_driver import WhaleDriver, address, fill
from whale_driver import settings as whale_settings

from app.config.settings import Settings, StoreSettings
from app.config.whale_settings import AlertsSettings
from app.core.clock import ManualClock
from app.core.whale_events import TraderMoved, WhaleAlert
from app.engine.followed_view import followed_view
from app.engine.protocol_whales import NoteTrader, SilenceAlerts, TrackTrader
from app.engine.saved_before import saved_before
from app.engine.whale_detail import trader_detail
from app.engine.whale_names import MOST_NOTES
from app.engine.whale_shelf import saved_whales
from app.engine.whales_view import WhalesOutside, WhalesViews
from app.store.store import Store
from app.store.whale_rows import StoredAlert, StoredFill, StoredPosition, WhaleNotes
from app.store.whale_tables import ROWS
from app.whales.alert_words import short_address
from app.whales.memory import WhaleMemory, decode_memory

WHALE = address(0)
NOW_MS = 1_790_000_000_000
SIZES = st.sampled_from([0.0, 50_000.0, 100_000.0, 150_000.0, -50_000.0])


def again(driver: WhaleDriver, saved: bytes, pause_ms: int = 5_000) -> WhaleDriver:
    """A second run, some time later; what traders hold goes on."""
    later = WhaleDriver(driver.settings, saved, driver.now_ms + pause_ms)
    later.held, later.equity_usd, later._tid = driver.held, driver.equity_usd, driver._tid
    return later


def through_database(
    rows: list[object], path: Path, now_ms: int, alerts: AlertsSettings | None = None
) -> tuple[bytes, str]:
    async def there_and_back() -> tuple[bytes, str]:
        store = Store(path, StoreSettings(), ManualClock())
        await store.open()
        for row in rows:
            if isinstance(row, ROWS):
                store.put(row)
        await store.flush()
        saved = await saved_before(store, lambda reader: saved_whales(reader, alerts or AlertsSettings(), now_ms))
        await store.close()
        return saved

    return asyncio.run(there_and_back())


def begun(**alerts: Any) -> WhaleDriver:
    driver = WhaleDriver(whale_settings(**alerts))
    driver.held[WHALE] = {"BTC": 50_000.0}
    driver.follow()
    return driver


def test_what_was_saved_is_what_was_known(tmp_path: Path) -> None:
    driver = begun()
    driver.trades(WHALE, "BTC", 100_000.0)
    driver.run(70)
    driver.core.finish()
    saved, trouble = through_database(driver.rows, tmp_path / "live.sqlite", driver.now_ms)
    assert trouble == ""
    told, known = decode_memory(saved), decode_memory(driver.whales.saving.memory())
    sizes = {one.state.trader: {p.coin: p.size for p in one.state.positions} for one in told.known}
    assert sizes == {one.state.trader: {p.coin: p.size for p in one.state.positions} for one in known.known}
    assert {one.state.trader: (one.state.at_ms, one.changed_ms) for one in told.known if sizes[one.state.trader]} == {
        one.state.trader: (one.state.at_ms, one.changed_ms) for one in known.known if sizes[one.state.trader]
    }
    for field in ("notes", "members", "moves", "alerts"):
        assert getattr(told, field) == getattr(known, field)
    assert dict(told.records) == dict(known.records)


def test_a_move_that_was_told_is_not_told_again_and_one_of_the_meantime_is(tmp_path: Path) -> None:
    driver = begun()
    driver.trades(WHALE, "BTC", 100_000.0)
    driver.run(1)
    saved, _ = through_database(driver.rows, tmp_path / "live.sqlite", driver.now_ms)
    driver.held[WHALE] = {"BTC": -50_000.0}
    later = again(driver, saved)
    later.follow()
    assert [(move.size_before, move.size_after) for move in later.moves] == [(100_000.0, -50_000.0)]
    assert later.view().tracker.tracked == 8
    # Folded into the alert that stands, which speaks of both directions by now.
    assert [(alert.times, alert.direction) for alert in later.alerts] == [(2, 0)]
    assert later.alerts[0].alert_id == driver.alerts[0].alert_id


def test_a_move_too_small_for_its_position_to_be_saved_is_known_by_itself(tmp_path: Path) -> None:
    driver = begun()
    driver.trades(WHALE, "BTC", 50_100.0)
    driver.run(1)
    rows = [row for row in driver.rows if isinstance(row, StoredPosition)]
    assert [row.size for row in rows if row.trader == WHALE and row.coin] == [50_000.0]
    saved, _ = through_database(driver.rows, tmp_path / "live.sqlite", driver.now_ms)
    later = again(driver, saved)
    later.follow()
    assert later.moves == []


def test_after_a_long_pause_positions_are_taken_over_untold() -> None:
    driver = begun()
    later = again(driver, driver.whales.saving.memory(), pause_ms=3_600_000)
    later.held[WHALE] = {"BTC": -50_000.0}
    later.follow()
    assert later.moves == []
    assert later.whales.positions.known.counts.changes_in_gaps == 1


def test_whales_who_turned_while_nobody_looked_turned_untold() -> None:
    driver = WhaleDriver(whale_settings())
    driver.held = {address(number): {"BTC": 50_000.0} for number in range(3)}
    driver.follow()
    later = again(driver, driver.whales.saving.memory(), pause_ms=8 * 3_600_000)
    later.held = {address(number): {"BTC": -50_000.0} for number in range(3)}
    later.follow()
    assert (later.moves, later.alerts) == ([], [])
    for number in range(3):
        later.trades(address(number), "BTC", 50_000.0)
        later.run(1)
    assert "whale_bias_flip" in {alert.kind for alert in later.alerts}


def test_fills_that_were_seen_outlive_a_kill_each_once(tmp_path: Path) -> None:
    driver = begun()
    driver.open_stream("userFills", WHALE, 2_000_002)
    since_ms = driver.now_ms - 1_000
    told = [fill(time=since_ms + number, tid=number) for number in range(1, 302)]
    frame = {"user": WHALE, "fills": told[:300], "isSnapshot": True}
    driver.frame("userFills", WHALE, frame)
    driver.frame("userFills", WHALE, frame | {"fills": told[299:], "isSnapshot": False})
    driver.run(1)
    rows = [row for row in driver.rows if isinstance(row, StoredFill)]
    assert [row.trade_id for row in rows] == list(range(101, 302))
    saved, trouble = through_database(driver.rows, tmp_path / "live.sqlite", driver.now_ms)
    assert trouble == ""
    later = again(driver, saved)
    later.restore()
    page = trader_detail(later.whales, WHALE, later.now_ms)
    assert page.fills == trader_detail(driver.whales, WHALE, driver.now_ms).fills
    assert [row.at_ms - since_ms for row in page.fills] == list(range(301, 251, -1))


def test_a_run_without_a_leaderboard_follows_the_set_that_was_saved() -> None:
    driver = begun()
    later = again(driver, driver.whales.saving.memory())
    later.refused.add("leaderboard")
    later.follow()
    assert later.view().tracker.fresh == 8
    assert all(request.channel != "leaderboard" for _, request in later.asked_at)
    again_later = again(driver, driver.whales.saving.memory(), pause_ms=13 * 3_600_000)
    again_later.refused.add("leaderboard")
    again_later.follow()
    assert again_later.view().tracker.fresh == 8
    assert "No leaderboard" in again_later.view().tracker.message


def test_what_cannot_be_read_is_said_and_not_written_over() -> None:
    driver = WhaleDriver()
    driver.restore(trouble="the file is damaged")
    driver.run(20)
    assert driver.view().unsaved == "the file is damaged"
    assert driver.view().tracker.tracked == 8
    assert [row for row in driver.rows if isinstance(row, ROWS)] == []
    broken = WhaleDriver(saved=b"\xc1")
    broken.restore()
    assert "cannot be read" in broken.view().unsaved


def test_silences_and_those_followed_by_hand_outlive_a_run() -> None:
    driver = begun()
    driver.command(SilenceAlerts("coin", "BTC", for_good=True))
    driver.command(TrackTrader(address(50), True))
    later = again(driver, driver.whales.saving.memory())
    later.follow()
    assert [row.name for row in later.view().silences] == ["BTC"]
    assert address(50) in later.whales.roster.members


@settings(max_examples=15, deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["trade", "quiet", "cut", "restart"]), st.integers(0, 3), SIZES), max_size=14
    )
)
def test_hazard_8_each_move_is_told_once_through_cuts_and_restarts(steps: list[tuple[str, int, float]]) -> None:
    driver = begun(cool_down_s=0, expires_s=86_400)
    told: list[WhaleAlert] = []
    moves: list[TraderMoved] = []
    for what, number, size in steps:
        trader = address(number)
        if what == "restart":
            told, moves = told + driver.alerts, moves + driver.moves
            saved = driver.whales.saving.memory()
            driver = again(driver, saved)
            driver.follow(4)
        elif what == "cut":
            driver.refused.add("clearinghouseState")
            driver.held.setdefault(trader, {})["BTC"] = size
            driver.run(3)
            driver.refused.clear()
        elif what == "trade" and driver.held.get(trader, {}).get("BTC", 0.0) != size:
            driver.trades(trader, "BTC", size)
            driver.run(1)
        else:
            driver.run(2)
    driver.run(150)
    told, moves = told + driver.alerts, moves + driver.moves
    assert max(Counter(move.move_id for move in moves).values(), default=1) == 1
    for number in range(4):
        sizes = [(move.size_before, move.size_after) for move in moves if move.trader == address(number)]
        held = driver.held.get(address(number), {}).get("BTC", 0.0)
        first = 50_000.0 if number == 0 else 0.0
        assert [first, *(after for _, after in sizes)][-1] == held
        assert all(after == before for (_, after), (before, _) in pairwise(sizes))
    # A move that is part of a group of whales is told with it.
    covered = {move_id for alert in told for move_id in alert.moves}
    assert {move.move_id for move in moves if abs(move.change_usd) >= 1e6} <= covered


def test_a_memory_is_empty_where_nothing_is_saved() -> None:
    assert decode_memory(b"") == WhaleMemory()
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(WhaleMemory()), type=WhaleMemory) == WhaleMemory()
    assert Settings().whales.enabled


def killed(driver: WhaleDriver, path: Path, pause_ms: int = 5_000) -> WhaleDriver:
    """A second run after one that was killed: it finds what was written, and no farewell."""
    saved, trouble = through_database(driver.rows, path, driver.now_ms)
    assert trouble == ""
    return again(driver, saved, pause_ms)


def test_pieces_that_were_seen_before_a_kill_are_part_of_the_whole(tmp_path: Path) -> None:
    driver = begun()
    driver.run(61)
    driver.trades(WHALE, "BTC", 54_000.0)
    driver.run(1)
    assert (len(driver.moves), driver.alerts) == (1, [])
    later = killed(driver, tmp_path / "live.sqlite")
    later.follow(5)
    later.trades(WHALE, "BTC", 58_000.0)
    later.run(1)
    assert [alert.moves for alert in later.alerts] == [(driver.moves[0].move_id, later.moves[0].move_id)]


def test_what_quiet_hours_held_back_outlives_a_kill(tmp_path: Path) -> None:
    driver = begun(quiet_from="00:00", quiet_to="23:59")
    driver.run(61)
    driver.trades(WHALE, "BTC", 100_000.0)
    driver.run(1)
    assert driver.alerts == []
    later = killed(driver, tmp_path / "live.sqlite")
    later.follow(2)
    quiet = later.whales.alerting.desk.book.state().quiet
    assert quiet is not None
    assert quiet.held == 1


def test_a_digest_is_given_once_though_the_engine_is_killed_right_after_it(tmp_path: Path) -> None:
    driver = begun(quiet_from="14:00", quiet_to="14:15")
    driver.trades(WHALE, "BTC", 100_000.0)
    driver.run(14 * 3_600 + 15 * 60 + 1 - driver.now_ms / 1000 % 86_400)
    given = driver.whales.alerting.digest
    assert given is not None
    assert given.held == 1
    later = killed(driver, tmp_path / "live.sqlite")
    later.follow(2)
    assert later.whales.alerting.digest == given
    assert [line.text for line in later.core.journal.log_tail if "quiet hours" in line.text] == []


def test_what_is_told_between_two_ticks_is_saved_at_once_with_one_row_of_notes() -> None:
    driver = WhaleDriver(whale_settings(cool_down_s=0))
    driver.equity_usd = {address(number): 5e6 for number in range(8)}
    driver.follow(21)
    before = len(driver.rows)
    for number in range(3):
        driver.trades(address(number), "BTC", 100_000.0)
    driver.now_ms += 200
    driver.quote("ETH", 9.99, 10.01)
    driver.carry()
    assert (len(driver.alerts), [row for row in driver.rows[before:] if isinstance(row, ROWS)]) == (3, [])
    driver.tick()
    saved = [type(row).__name__ for row in driver.rows[before:] if isinstance(row, ROWS)]
    assert sorted(saved) == ["StoredAlert"] * 3 + ["StoredPosition"] * 3 + ["TraderMoved"] * 3 + ["WhaleNotes"]


def test_who_held_nothing_before_a_kill_has_opened_what_it_holds_afterwards(tmp_path: Path) -> None:
    driver = begun()
    held_nothing = address(3)
    assert driver.whales.positions.known.get(held_nothing) is not None
    driver.rows = [row for row in driver.rows if not isinstance(row, WhaleNotes)]
    later = killed(driver, tmp_path / "live.sqlite")
    later.held[held_nothing] = {"BTC": 100_000.0}
    later.follow(10)
    assert [(move.trader, move.kind) for move in later.moves] == [(held_nothing, "OPEN")]


def test_what_somebody_held_before_a_time_nobody_looked_is_no_part_of_a_move(tmp_path: Path) -> None:
    driver = begun()
    driver.held[WHALE] = {"BTC": 50_000.0, "ETH": 500_000.0}
    driver.run(130)
    moved = len(driver.moves)
    driver.command(TrackTrader(WHALE, tracked=False))
    driver.held[WHALE] = {"BTC": 50_000.0}
    driver.run(700)
    driver.command(TrackTrader(WHALE, tracked=True))
    driver.run(10)
    later = killed(driver, tmp_path / "live.sqlite")
    later.follow(10)
    assert (len(driver.moves), later.moves) == (moved, [])


@pytest.mark.parametrize(("kept", "standing"), [(10_000, 600), (100, 100)])
def test_alerts_that_still_stand_are_known_after_days_and_as_many_as_are_kept(
    tmp_path: Path, kept: int, standing: int
) -> None:
    alerts = AlertsSettings(expires_s=604_800, kept=kept)
    rows: list[object] = [stored_alert(number, at_ms=NOW_MS + number) for number in range(600)]
    saved, trouble = through_database(rows, tmp_path / "live.sqlite", NOW_MS + 6 * 86_400_000, alerts)
    assert trouble == ""
    assert [alert.text for alert in decode_memory(saved).alerts] == [str(n) for n in range(600 - standing, 600)]


def stored_alert(number: int, at_ms: int) -> StoredAlert:
    alert = WhaleAlert(
        alert_id=f"{number:016x}", kind="whale_move", severity="LOW", coin="BTC", at_ms=at_ms,
        expires_ms=at_ms + 604_800_000, direction=1, text=str(number), value_usd=1e6, percentile=None, price=1.0,
        traders=(), moves=(),
    )  # fmt: skip
    return StoredAlert(
        alert_id=alert.alert_id, at_ms=at_ms, kind="whale_move", severity="LOW", coin="BTC",
        alert=msgspec.msgpack.encode(alert),
    )  # fmt: skip


def test_what_the_user_calls_a_trader_stands_in_alerts_and_outlives_a_kill(tmp_path: Path) -> None:
    driver = begun()
    assert driver.command(NoteTrader(WHALE.upper().replace("X", "x"), alias=" the \x1b[31mfox "))[0]
    assert driver.command(NoteTrader(WHALE, note="sells into weekends"))[0]
    driver.trades(WHALE, "BTC", 100_000.0)
    driver.run(1)
    (row,) = driver.view().alerts
    assert (row.who, row.aliases) == ("the [31mfox", ("the [31mfox",))
    assert "the [31mfox" in row.text
    later = killed(driver, tmp_path / "live.sqlite")
    later.follow()
    detail = trader_detail(later.whales, WHALE, later.now_ms)
    assert (detail.name, detail.alias, detail.note) == ("the [31mfox", "the [31mfox", "sells into weekends")
    followed = followed_view(later.whales, "BTC", later.now_ms)
    assert [one.alias for one in followed.traders if one.trader == WHALE] == ["the [31mfox"]
    assert followed.long[0].name == "the [31mfox"


def test_an_alias_that_is_taken_away_gives_the_alert_its_old_name() -> None:
    driver = begun()
    driver.trades(WHALE, "BTC", 100_000.0)
    driver.run(1)
    views = WhalesViews()
    names = []
    for alias in ("fox", ""):
        driver.command(NoteTrader(WHALE, alias=alias))
        names.append(views.of(driver.whales, WhalesOutside(), driver.now_ms).alerts[0].who)
    assert names == ["fox", short_address(WHALE)]
    assert driver.whales.names.kept() == ()


def test_there_is_room_for_so_many_notes_and_no_more() -> None:
    driver = begun()
    for number in range(MOST_NOTES):
        assert driver.command(NoteTrader(address(1_000 + number), alias="x"))[0]
    assert "delete some" in driver.command(NoteTrader(WHALE, alias="x"))[1]
    assert driver.command(NoteTrader(address(1_000), alias=""))[0]
    assert driver.command(NoteTrader(WHALE, alias="x"))[0]
    assert not driver.command(NoteTrader("0x12", alias="x"))[0]


def test_a_note_that_is_not_saved_says_so() -> None:
    driver = WhaleDriver()
    assert not driver.command(NoteTrader(WHALE, alias="fox"))[0]
    driver.restore(trouble="the file is damaged")
    ok, said = driver.command(NoteTrader(WHALE, alias="fox"))
    assert (ok, "NOT SAVED: the file is damaged" in said) == (True, True)
