import msgspec
import pytest
from alert_samples import MINUTE_MS, RECORD, SETTINGS, a_desk
from hypothesis import given
from hypothesis import strategies as st
from trader_samples import HOUR_MS, NOW_MS, a_move, address

from app.config.whale_settings import AlertsSettings
from app.core.whale_events import TraderMoved
from app.whales.alert_desk import AlertDesk


def told(desk: AlertDesk, *moves: TraderMoved) -> list[tuple[str, str, str]]:
    return [
        (taken.alert.kind, taken.alert.severity, taken.fate)
        for move in moves
        for taken in desk.moved(move, move.at_ms)
        if taken.alert is not None
    ]


@pytest.mark.parametrize(
    ("before", "after", "equity_usd", "expected"),
    [
        (0, 10, 25e6, [("whale_move", "CRITICAL", "told")]),
        (0, 10, 20e6, [("whale_move", "CRITICAL", "told")]),
        (0, 10, 12e6, [("whale_move", "LOW", "told")]),
        (0, -10, 10e6, [("whale_move", "LOW", "told")]),
        (0, 10, 9e6, [("trader_move", "LOW", "told")]),
        (0, 1.6, 9e6, []),  # 96 k USD: less than 100 k
        (0, 3, 25e6, []),  # 180 k USD: less than 1 % of the account
        (100, 109, 25e6, []),  # 540 k USD, but 8 % of the position
        (100, 112, 25e6, [("whale_move", "CRITICAL", "told")]),
        (5, 0, 25e6, [("whale_move", "CRITICAL", "told")]),
        (3, -3, 25e6, [("whale_move", "CRITICAL", "told")]),
        (0, 10, -5.0, [("trader_move", "LOW", "told")]),
    ],
)
def test_a_move_is_told_by_what_it_is_worth_and_whose_it_is(
    before: float, after: float, equity_usd: float, expected: list[tuple[str, str, str]]
) -> None:
    assert told(a_desk(), a_move(before, after, equity_usd=equity_usd)) == expected


def test_an_alert_says_what_happened_to_whom() -> None:
    move = a_move(0, -10, equity_usd=12e6)
    (taken,) = a_desk().moved(move, NOW_MS)
    alert = taken.alert
    assert alert is not None
    assert alert.text == "0x0000…0001 opened short BTC: 0 → -10, $600 k at 60,000"
    assert (alert.direction, alert.value_usd, alert.price, alert.record) == (-1, 600_000, 60_000, RECORD)
    assert (alert.traders, alert.moves) == ((address(0),), (move.move_id,))
    assert alert.expires_ms == NOW_MS + HOUR_MS


def test_two_whales_within_five_minutes_are_told_together_and_the_second_not_twice() -> None:
    desk = a_desk()
    first = a_move(0, 10, trader=1)
    second = a_move(0, 20, trader=2, at_ms=NOW_MS + 5 * MINUTE_MS)
    assert told(desk, first, second) == [("whale_move", "LOW", "told"), ("whales_together", "HIGH", "told")]
    alert = desk.book.standing()[0]
    assert alert.text == "2 whales bought $1.8 M of BTC within 5 min: 0x0000…0002, 0x0000…0003"
    assert (alert.traders, alert.direction) == ((address(2), address(1)), 1)
    assert alert.moves == (first.move_id, second.move_id)


def test_two_ways_are_no_direction_and_the_largest_accounts_are_told_by_themselves_too() -> None:
    desk = a_desk()
    moves = [a_move(0, 10, trader=1, equity_usd=30e6), a_move(0, -10, trader=2, equity_usd=30e6)]
    assert told(desk, *moves) == [
        ("whale_move", "CRITICAL", "told"),
        ("whale_move", "CRITICAL", "folded"),
        ("whales_together", "HIGH", "told"),
    ]
    together = next(alert for alert in desk.book.standing() if alert.kind == "whales_together")
    assert together.direction == 0
    assert "bought $600 k and sold $600 k" in together.text


@pytest.mark.parametrize(
    "second",
    [
        a_move(10, 20, trader=1, at_ms=NOW_MS + MINUTE_MS),  # the same whale
        a_move(0, 10, trader=2, at_ms=NOW_MS + 5 * MINUTE_MS + 1),  # later
        a_move(0, 300, trader=2, coin="ETH", at_ms=NOW_MS + 1),  # another coin
        a_move(0, 10, trader=2, equity_usd=9e6, at_ms=NOW_MS + 1),  # no whale
    ],
)
def test_what_is_not_two_whales_in_one_coin_within_five_minutes_is_not_together(second: TraderMoved) -> None:
    assert "whales_together" not in {kind for kind, _, _ in told(a_desk(), a_move(0, 10, trader=1), second)}


def test_learning_a_move_again_changes_nothing() -> None:
    desk = a_desk()
    first, second = a_move(0, 10, trader=1), a_move(0, 20, trader=2, at_ms=NOW_MS + MINUTE_MS)
    told(desk, first, second)
    before = desk.book.standing()
    assert [taken.fate for move in (first, second, first) for taken in desk.moved(move, NOW_MS + MINUTE_MS)] == [
        "known"
    ] * 3
    assert desk.book.standing() == before


def test_a_position_built_in_pieces_is_one_move() -> None:
    desk, pieces = a_desk(), [a_move(100 + n, 101 + n, at_ms=NOW_MS + n * MINUTE_MS) for n in range(12)]
    fates = [told(desk, piece) for piece in pieces]
    assert [bool(fate) for fate in fates] == [False] * 11 + [True]
    (alert,) = desk.book.standing()
    assert alert.text.endswith("added to long BTC: 100 → 112, $720 k at 60,000")
    assert alert.moves == tuple(piece.move_id for piece in pieces)
    assert desk.counts.small == 11
    assert [taken.fate for taken in desk.moved(pieces[3], NOW_MS)] == ["known"]


@pytest.mark.parametrize(
    "last",
    [
        a_move(104, 108, at_ms=NOW_MS + 2 * HOUR_MS),  # too late
        a_move(104, 100, at_ms=NOW_MS + 2),  # back again
        a_move(105, 112, at_ms=NOW_MS + 2),  # from somewhere else
    ],
)
def test_pieces_that_do_not_belong_together_are_not_joined(last: TraderMoved) -> None:
    assert told(a_desk(), a_move(100, 104, at_ms=NOW_MS + 1), last) == []


def test_a_piece_that_is_learned_again_undoes_nothing() -> None:
    piece = a_move(100, 107)
    assert told(a_desk(), piece, piece, a_move(107, 112, at_ms=NOW_MS + 1_000)) == [("whale_move", "LOW", "told")]


def test_whales_move_together_over_a_restart() -> None:
    desk = a_desk()
    told(desk, a_move(0, 10, trader=1))
    again = a_desk(kept=desk.state())
    assert told(again, a_move(0, 10, trader=2, at_ms=NOW_MS + 1)) == [("whales_together", "HIGH", "told")]


def test_pieces_survive_a_restart() -> None:
    desk = a_desk()
    assert told(desk, a_move(100, 107)) == []
    desk = a_desk(kept=msgspec.json.decode(msgspec.json.encode(desk.state()), type=type(desk.state())))
    assert told(desk, a_move(107, 112, at_ms=NOW_MS + 1_000)) == [("whale_move", "LOW", "told")]


def test_what_is_common_in_its_market_is_not_told_if_that_is_asked_for() -> None:
    settings = msgspec.structs.replace(SETTINGS, minimum_percentile=90.0)
    desk = a_desk(settings)
    desk.learn_past((a_move(0, 20, at_ms=NOW_MS + n) for n in range(50)), None)
    assert told(desk, a_move(0, 10)) == []
    assert desk.counts.common == 1
    assert told(desk, a_move(0, 40)) == [("whale_move", "LOW", "told")]
    assert desk.book.standing()[0].percentile == pytest.approx(100 * 51 / 51)
    assert told(desk, a_move(0, 300, coin="ETH")) == [("whale_move", "LOW", "told")]
    assert desk.book.standing()[0].percentile is None


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from([-30.0, 0.0, 9.0, 10.0, 10.5, 20.0])), max_size=30))
def test_every_move_is_told_or_counted_and_each_telling_one_is_in_an_alert(steps: list[tuple[int, float]]) -> None:
    settings = AlertsSettings(cool_down_s=0)
    desk, held, telling, alerts = a_desk(settings), dict.fromkeys(range(4), 0.0), set[str](), set[str]()
    made = 0
    for number, (trader, size) in enumerate(steps):
        if held[trader] != size:
            move = a_move(
                held[trader], size, trader=trader, equity_usd=4e6 * (trader + 2), at_ms=NOW_MS + number * 70_000
            )
            held[trader], made = size, made + 1
            for taken in desk.moved(move, move.at_ms):
                assert taken.alert is not None
                alerts |= set(taken.alert.moves)
            telling |= {move.move_id} if desk._moves.is_large(move) else set()
    assert desk.counts.small + desk.counts.telling == made
    assert telling <= alerts
