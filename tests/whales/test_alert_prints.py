from alert_samples import a_desk
from trader_samples import NOBODY, NOW_MS, a_trade, address

from app.core.events import Side
from app.whales.alert_desk import AlertDesk
from app.whales.alert_values import Liquidation

TAKER, MAKER = address(7), NOBODY


def seen(desk: AlertDesk, count: int = 1_000) -> AlertDesk:
    """The desk after so many small trades of the market, one by one."""
    for number in range(count):
        desk.traded(a_trade(TAKER, MAKER, size=0.1, time_ms=NOW_MS - 2_000 + number), NOW_MS)
    desk.tick(NOW_MS + 100)
    return desk


def test_what_one_taker_takes_at_once_is_one_trade_however_many_made_it() -> None:
    desk = seen(a_desk())
    for number in range(10):
        assert (
            desk.traded(a_trade(TAKER, address(number), trade_id=number, size=1.0, time_ms=NOW_MS + 1), NOW_MS + 200)
            == ()
        )
    (taken,) = desk.traded(a_trade(MAKER, TAKER, side=Side.SELL, time_ms=NOW_MS + 1), NOW_MS + 201)
    alert = taken.alert
    assert alert is not None
    assert alert.text == "0x0000…0008 bought 10 BTC at once: $600 k at 60,000"
    assert (alert.kind, alert.severity, alert.direction, alert.traders) == ("large_trade", "LOW", 1, (TAKER,))
    assert alert.percentile == 100


def test_a_trade_is_whole_after_a_moment_without_another() -> None:
    desk = seen(a_desk())
    desk.traded(a_trade(MAKER, TAKER, side=Side.SELL, size=10.0, time_ms=NOW_MS + 1), NOW_MS + 200)
    assert desk.tick(NOW_MS + 299)[0] == ()
    ((taken,), _) = desk.tick(NOW_MS + 300)
    assert taken.alert is not None
    assert taken.alert.direction == -1
    assert "sold 10 BTC" in taken.alert.text


def test_the_same_trade_after_a_reconnect_is_known() -> None:
    desk = seen(a_desk())
    for _ in range(2):
        desk.traded(a_trade(TAKER, size=10.0, time_ms=NOW_MS + 1), NOW_MS + 200)
        last = desk.tick(NOW_MS + 300)[0]
    assert [taken.fate for taken in last] == ["known"]
    again = seen(a_desk(kept=desk.state()))
    again.traded(a_trade(TAKER, size=10.0, time_ms=NOW_MS + 1), NOW_MS + 200)
    assert [taken.fate for taken in again.tick(NOW_MS + 300)[0]] == ["known"]


def test_what_is_followed_small_or_cannot_be_ranked_is_not_told() -> None:
    followed = seen(a_desk(followed=frozenset({TAKER})))
    followed.traded(a_trade(TAKER.upper().replace("X", "x"), size=10.0, time_ms=NOW_MS + 1), NOW_MS + 200)
    assert followed.tick(NOW_MS + 300)[0] == ()
    small = seen(a_desk())
    small.traded(a_trade(TAKER, size=8.0, time_ms=NOW_MS + 1), NOW_MS + 200)
    assert small.tick(NOW_MS + 300)[0] == ()
    new = seen(a_desk(), 999)
    new.traded(a_trade(TAKER, size=10.0, time_ms=NOW_MS + 1), NOW_MS + 200)
    assert new.tick(NOW_MS + 300)[0] == ()
    assert new.counts.unranked == 1


def test_what_is_usual_in_a_large_market_is_not_told() -> None:
    desk = seen(a_desk())
    for number in range(5):
        desk.traded(a_trade(TAKER, size=20.0, time_ms=NOW_MS + number), NOW_MS + 150)
    desk.tick(NOW_MS + 300)
    desk.traded(a_trade(TAKER, size=10.0, time_ms=NOW_MS + 50), NOW_MS + 400)
    assert desk.tick(NOW_MS + 600)[0] == ()


def test_a_taker_without_a_usable_address_is_somebody() -> None:
    desk = seen(a_desk())
    desk.traded(a_trade("\x1b[31m", size=10.0, time_ms=NOW_MS + 1), NOW_MS + 200)
    ((taken,), _) = desk.tick(NOW_MS + 300)
    assert taken.alert is not None
    assert taken.alert.text.startswith("somebody bought")
    assert taken.alert.traders == ()


def test_a_liquidation_of_somebody_nobody_follows_is_told_once() -> None:
    loss = Liquidation(trader=TAKER, coin="ETH", direction=-1, size=100.0, price=3_000.0, at_ms=NOW_MS, trade_id=5)
    desk = a_desk()
    (taken,) = desk.liquidated(loss, NOW_MS + 10)
    assert taken.alert is not None
    assert taken.alert.text == "0x0000…0008 was liquidated: long 100 ETH, $300 k at 3,000"
    assert (taken.alert.kind, taken.alert.severity, taken.alert.direction) == ("liquidation", "MEDIUM", -1)
    assert [one.fate for one in desk.liquidated(loss, NOW_MS + 20)] == ["known"]
    small = Liquidation(trader=TAKER, coin="ETH", direction=1, size=80.0, price=3_000.0, at_ms=NOW_MS, trade_id=6)
    assert desk.liquidated(small, NOW_MS) == ()
    assert a_desk(followed=frozenset({TAKER})).liquidated(loss, NOW_MS) == ()
