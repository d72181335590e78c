import msgspec
import pytest
from alert_samples import MINUTE_MS, SETTINGS, a_cause, records
from hypothesis import given
from hypothesis import strategies as st
from trader_samples import HOUR_MS, NOW_MS

from app.config.whale_settings import AlertsSettings
from app.whales.alert_book import CAUSES_KEPT, SILENCES_KEPT, AlertBook
from app.whales.alert_calls import alert_claim
from app.whales.alert_values import BookState, Silence
from app.whales.quiet_hours import is_quiet

COOL_MS = 300_000


def a_book(settings: AlertsSettings = SETTINGS, kept: BookState | None = None, ahead_minutes: int = 0) -> AlertBook:
    return AlertBook(settings, records, kept, ahead_minutes)


def test_repeats_are_folded_until_the_coin_has_cooled_down() -> None:
    book = a_book()
    fates = [
        book.take(a_cause(str(at_ms), value_usd=1e6 + at_ms), NOW_MS + at_ms).fate
        for at_ms in (0, 1, COOL_MS - 1, COOL_MS)
    ]
    assert fates == ["told", "folded", "folded", "told"]
    newest, first = book.standing()
    assert (first.times, newest.times) == (3, 1)
    assert first.text == str(COOL_MS - 1)
    assert first.moves == ("0", "1", str(COOL_MS - 1))


def test_only_what_is_alike_is_folded_and_the_worse_is_never_hidden() -> None:
    book = a_book()
    assert book.take(a_cause("a"), NOW_MS).fate == "told"
    assert book.take(a_cause("b", coin="ETH"), NOW_MS).fate == "told"
    assert book.take(a_cause("c", kind="large_trade"), NOW_MS).fate == "told"
    assert book.take(a_cause("d", severity="CRITICAL"), NOW_MS).fate == "told"
    folded = book.take(a_cause("e", severity="LOW", direction=-1, value_usd=5.0), NOW_MS + 1)
    assert folded.fate == "folded"
    assert folded.alert is not None
    assert (folded.alert.severity, folded.alert.text, folded.alert.direction) == ("CRITICAL", "d", 0)


def test_the_same_cause_is_taken_once_even_by_the_book_of_another_run() -> None:
    book = a_book()
    first = book.take(a_cause("a"), NOW_MS)
    kept = msgspec.json.decode(msgspec.json.encode(book.state()), type=BookState)
    again = a_book(kept=kept)
    assert again.take(a_cause("a"), NOW_MS + 1).fate == "known"
    assert again.standing() == (first.alert,)
    assert again.take(a_cause("b"), NOW_MS + 2).fate == "folded"


def test_alerts_run_out_and_the_oldest_make_room() -> None:
    book = a_book(AlertsSettings(kept=10, cool_down_s=0))
    for number in range(12):
        book.take(a_cause(str(number)), NOW_MS + number)
    assert [alert.text for alert in book.standing()] == [str(number) for number in range(11, 1, -1)]
    book.tick(NOW_MS + HOUR_MS + 5)
    assert [alert.text for alert in book.standing()] == [str(number) for number in range(11, 5, -1)]
    assert (book.counts.told, book.counts.crowded_out, book.counts.expired) == (12, 2, 4)


def test_an_alert_that_ran_out_takes_no_repeats() -> None:
    book = a_book(AlertsSettings(expires_s=60, cool_down_s=3_600))
    book.take(a_cause("a"), NOW_MS)
    assert book.take(a_cause("b"), NOW_MS + MINUTE_MS).fate == "told"


@pytest.mark.parametrize(("of", "name"), [("coin", "BTC"), ("kind", "whale_move"), ("trader", "t")])
def test_what_is_snoozed_is_silent_for_a_while_and_counted(of: str, name: str) -> None:
    book = a_book()
    book.snooze(of, name, NOW_MS)  # type: ignore[arg-type]
    assert book.take(a_cause("a", severity="CRITICAL"), NOW_MS).fate == "snoozed"
    assert book.silences() == (Silence(of, name, NOW_MS + HOUR_MS, 1),)  # type: ignore[arg-type]
    assert book.take(a_cause("b", coin="ETH", kind="large_trade", traders=("u",)), NOW_MS).fate == "told"
    assert book.take(a_cause("a"), NOW_MS + HOUR_MS).fate == "known"
    assert book.take(a_cause("c"), NOW_MS + HOUR_MS).fate == "told"
    assert book.silences() == ()
    assert (book.counts.snoozed, book.counts.told) == (1, 2)


def test_what_is_muted_stays_so_until_it_is_taken_back_also_over_a_restart() -> None:
    book = a_book()
    book.snooze("coin", "BTC", NOW_MS)
    book.mute("coin", "BTC")
    assert book.take(a_cause("a"), NOW_MS).fate == "muted"
    book = a_book(kept=book.state())
    assert book.take(a_cause("b"), NOW_MS + 100 * HOUR_MS).fate == "muted"
    assert book.unsilence("coin", "BTC") == Silence("coin", "BTC", None, 2)
    assert book.unsilence("coin", "BTC") is None
    assert book.take(a_cause("c"), NOW_MS + 100 * HOUR_MS).fate == "told"


def test_one_silent_trader_of_two_does_not_silence_both() -> None:
    book = a_book()
    book.mute("trader", "t")
    assert book.take(a_cause("a", traders=("t", "u")), NOW_MS).fate == "told"
    book.mute("trader", "u")
    assert book.take(a_cause("b", traders=("t", "u"), coin="ETH"), NOW_MS).fate == "muted"
    assert book.take(a_cause("c", traders=(), coin="SOL"), NOW_MS).fate == "told"


def test_quiet_hours_hold_back_what_is_not_critical_and_end_in_one_digest() -> None:
    settings = AlertsSettings(quiet_from="22:00", quiet_to="07:00")
    evening_ms = 20_000 * 24 * HOUR_MS + 23 * HOUR_MS
    book = a_book(settings)
    assert book.take(a_cause("a"), evening_ms).fate == "held"
    assert book.take(a_cause("b"), evening_ms + 1).fate == "held"
    assert book.take(a_cause("c", kind="liquidation", severity="MEDIUM"), evening_ms + 2).fate == "held"
    assert book.take(a_cause("d", severity="CRITICAL"), evening_ms + 3).fate == "told"
    assert [alert.text for alert in book.standing()] == ["d"]
    book = a_book(settings, book.state())
    assert book.tick(evening_ms + 7 * HOUR_MS + 59 * MINUTE_MS) is None
    digest = book.tick(evening_ms + 8 * HOUR_MS)
    assert digest is not None
    assert (digest.from_ms, digest.to_ms, digest.held) == (evening_ms, evening_ms + 8 * HOUR_MS, 3)
    assert digest.kinds == {"whale_move": 2, "liquidation": 1}
    assert [(alert.kind, alert.times) for alert in digest.alerts] == [("whale_move", 2), ("liquidation", 1)]
    assert book.tick(evening_ms + 8 * HOUR_MS) is None


def test_a_digest_keeps_the_worst_and_largest_and_counts_all() -> None:
    settings = AlertsSettings(quiet_from="00:00", quiet_to="23:59", cool_down_s=0)
    book, day_ms = a_book(settings), 20_000 * 24 * HOUR_MS
    for number in range(200):
        severity = "HIGH" if number == 0 else "LOW"
        book.take(a_cause(str(number), value_usd=float(number + 1), severity=severity), day_ms + number)
    digest = book.tick(day_ms + 24 * HOUR_MS - MINUTE_MS)
    assert digest is not None
    assert digest.held == 200
    assert [alert.text for alert in digest.alerts] == ["0", *(str(number) for number in range(151, 200))]


@pytest.mark.parametrize(
    ("begins", "ends", "minute", "ahead", "expected"),
    [("22:00", "07:00", 1_320, 0, True), ("22:00", "07:00", 1_319, 0, False), ("22:00", "07:00", 419, 0, True),
     ("22:00", "07:00", 420, 0, False), ("13:00", "14:30", 869, 0, True), ("13:00", "14:30", 870, 0, False),
     ("22:00", "07:00", 1_200, 120, True), ("22:00", "07:00", 30, -60, True), ("", "07:00", 30, 0, False),
     ("05:00", "05:00", 300, 0, False)],
)  # fmt: skip
def test_quiet_hours_are_of_local_time(begins: str, ends: str, minute: int, ahead: int, expected: bool) -> None:
    assert is_quiet(begins, ends, 20_000 * 24 * HOUR_MS + minute * MINUTE_MS, ahead) is expected


def test_no_silence_makes_room_for_another_until_it_ends() -> None:
    book = a_book()
    book.snooze("coin", "BTC", NOW_MS)
    for number in range(SILENCES_KEPT - 1):
        book.mute("trader", str(number))
    assert book.mute("coin", "ETH") is None
    assert book.snooze("coin", "ETH", NOW_MS) is None
    assert book.mute("coin", "BTC") == Silence("coin", "BTC", None)
    assert book.snooze("coin", "BTC", NOW_MS) == Silence("coin", "BTC", NOW_MS + HOUR_MS)
    assert len(book.silences()) == SILENCES_KEPT
    book.tick(NOW_MS + HOUR_MS)
    assert book.mute("coin", "ETH") == Silence("coin", "ETH", None)


def test_memory_is_bounded() -> None:
    book = a_book(AlertsSettings(cool_down_s=0, kept=10))
    for number in range(CAUSES_KEPT + 100):
        book.take(a_cause(str(number)), NOW_MS + number)
    for number in range(300):
        book.mute("trader", str(number))
    state = book.state()
    assert (len(state.causes), len(state.alerts), len(state.silences)) == (CAUSES_KEPT, 10, 200)
    assert len(book._newest) == 1


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from(["LOW", "CRITICAL"]), st.integers(0, 400_000))))
def test_whatever_comes_is_counted_and_folding_adds_up(steps: list[tuple[str, str, int]]) -> None:
    book, now_ms, alerts = a_book(), NOW_MS, dict[str, int]()
    for name, severity, passed_ms in steps:
        now_ms += passed_ms
        alert = book.take(a_cause(name, severity=severity), now_ms).alert
        if alert is not None:
            alerts[alert.alert_id] = alert.times
    counts = book.counts
    assert sum(alerts.values()) == counts.told + counts.folded == len({name for name, _, _ in steps})
    assert counts.told + counts.folded + counts.known == len(steps)


def test_an_alert_is_a_claim_that_its_record_makes_more_or_less_likely() -> None:
    alert = a_book().take(a_cause("a"), NOW_MS).alert
    assert alert is not None
    claim = alert_claim(alert, NOW_MS)
    assert claim is not None
    assert (claim.kind, claim.direction, claim.horizon_s, claim.probability) == ("whale_move", 1, 3_600, 0.6)
    unknown = alert_claim(msgspec.structs.replace(alert, record=None), NOW_MS)
    assert unknown is not None
    assert unknown.probability == 0.5
    assert alert_claim(msgspec.structs.replace(alert, direction=0), NOW_MS) is None
