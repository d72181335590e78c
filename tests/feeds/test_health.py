"""A feed is judged by its data, not by its socket."""

from app.feeds.health import FeedHealth


def feed() -> FeedHealth:
    return FeedHealth("Hyperliquid", stale_after_ms=15_000)


def test_the_words_follow_the_data() -> None:
    health = feed()
    assert health.state(0) == "connecting"
    health.connected()
    assert health.state(0) == "waiting"
    health.data(1_000)
    assert health.state(16_000) == "ok"
    assert health.state(16_001) == "stale"
    health.dropped(20_000, "gone", 3.0)
    assert (health.state(20_000), health.retry_in_s(21_000)) == ("down", 2.0)


def test_only_a_connection_that_was_up_can_drop() -> None:
    health = feed()
    health.dropped(0, "unreachable", 1.0)
    health.dropped(0, "unreachable", 1.0)
    assert (health.drops, health.reconnects) == (0, 0)
    health.connected()
    health.dropped(0, "reset", 1.0)
    health.connected()
    assert (health.drops, health.reconnects, health.message) == (1, 1, "")


def test_an_open_but_silent_socket_is_stale() -> None:
    health = feed()
    health.connected()
    health.data(0)
    health.connected()
    assert health.state(60_000) == "stale"


def test_a_stream_of_events_is_open_while_it_stands_however_long_nothing_happens() -> None:
    health = FeedHealth("trader streams", None, is_stream=True)
    assert health.state(0) == "connecting"
    health.connected()
    assert health.state(3_600_000) == "open"
    health.data(3_600_000)
    assert health.state(9_000_000) == "open"
    health.dropped(9_000_000, "reset", 1.0)
    assert health.state(9_000_000) == "down"


def test_a_connection_that_rests_did_not_drop_whatever_is_known_of_its_use() -> None:
    for wanted in (None, True, False):
        health = feed()
        health.wanted = wanted
        health.connected()
        health.data(1_000)
        health.rests()
        assert (health.drops, health.message, health.age_ms(2_000)) == (0, "", None)
        assert health.state(2_000) == ("connecting" if wanted else "idle")
        health.connected()
        assert health.reconnects == 0
