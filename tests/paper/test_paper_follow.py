from typing import Any

import pytest
from paper_samples import COIN, NOW_MS, a_view, ai_read, decided, look, rules_read

from app.config.settings import CostsSettings, PaperSettings
from app.paper.events import OrderPlaced
from app.paper.follow import entry_of, leaves
from app.paper.ledger import PaperLedger


def following(whom: Any) -> PaperLedger:
    settings = PaperSettings(follow=whom, take_profit_bps=0, stop_bps=0, time_stop_s=0)
    return PaperLedger(settings, CostsSettings(), NOW_MS)


def directions(decision: Any) -> list[tuple[int, str]]:
    return [(event.order.direction, event.order.by) for event in decision.events if isinstance(event, OrderPlaced)]


def test_nobody_is_followed_unless_it_is_asked_for() -> None:
    ledger = PaperLedger(PaperSettings(), CostsSettings(), NOW_MS)
    for read in (ai_read(), rules_read()):
        assert ledger.follow(a_view(NOW_MS), read) == ((), "")


@pytest.mark.parametrize(
    ("changes", "action"),
    [
        ({}, "LONG"),
        ({"action": "SHORT", "direction": -1}, "SHORT"),
        ({"confidence": 7}, "LONG"),
        ({"confidence": 6}, "NONE"),
        ({"freshness": "EXTENDED"}, "NONE"),
        ({"freshness": "EXHAUSTED"}, "NONE"),
        ({"action": "NONE"}, "NONE"),
        ({"action": "EXIT"}, "NONE"),
    ],
)
def test_which_ai_reads_open(changes: dict[str, Any], action: str) -> None:
    assert entry_of(ai_read(**changes), PaperSettings()) == action


@pytest.mark.parametrize(
    ("changes", "action"),
    [
        ({}, "LONG"),
        ({"direction": -1, "pressure": 40.0}, "SHORT"),
        ({"direction": -1}, "NONE"),
        ({"direction": 0, "freshness": None}, "NONE"),
        ({"momentum": None}, "NONE"),
        ({"momentum": 50.9}, "NONE"),
        ({"momentum": 70.1}, "NONE"),
        ({"pressure": 59.9}, "NONE"),
        ({"freshness": "DEVELOPING"}, "LONG"),
        ({"freshness": "EXTENDED"}, "NONE"),
    ],
)
def test_which_rules_reads_open(changes: dict[str, Any], action: str) -> None:
    assert entry_of(rules_read(**changes), PaperSettings()) == action


@pytest.mark.parametrize(
    ("read", "direction", "leave"),
    [
        (ai_read(action="EXIT", confidence=1), 1, True),
        (ai_read(action="NONE"), 1, False),
        (ai_read(action="LONG"), 1, False),
        (ai_read(action="SHORT"), 1, True),
        (ai_read(action="LONG"), -1, True),
        (rules_read(), 1, False),
        (rules_read(direction=-1), 1, True),
        (rules_read(pressure=45.0), 1, True),
        (rules_read(direction=0, pressure=45.1), 1, False),
        (rules_read(direction=0, pressure=55.0), -1, True),
    ],
)
def test_which_reads_leave_a_position(read: Any, direction: int, leave: bool) -> None:
    assert leaves(read, direction) is leave


@pytest.mark.parametrize(
    ("whom", "enter", "leave"),
    [("ai", ai_read(), ai_read(action="EXIT")), ("rules", rules_read(), rules_read(direction=-1))],
)
def test_a_read_opens_and_a_later_one_closes(whom: str, enter: Any, leave: Any) -> None:
    ledger = following(whom)
    assert directions(ledger.follow(a_view(NOW_MS), enter)) == [(1, whom)]
    assert ledger.follow(a_view(NOW_MS + 1), enter) == ((), "")
    look(ledger, a_view(NOW_MS + 300))
    assert ledger.follow(a_view(NOW_MS + 301), enter) == ((), "")
    (placed,) = decided(ledger.follow(a_view(NOW_MS + 302), leave))
    assert placed.order.reason == whom
    _, closed = look(ledger, a_view(NOW_MS + 602))
    assert (closed.by, closed.reason) == (whom, whom)


def test_what_a_hand_opened_is_left_to_the_hand() -> None:
    ledger = following("ai")
    ledger.open(a_view(NOW_MS), 1, "hand")
    look(ledger, a_view(NOW_MS + 300))
    assert ledger.follow(a_view(NOW_MS + 400), ai_read(action="EXIT")) == ((), "")


def test_only_the_one_who_is_followed_counts_and_only_for_its_coin() -> None:
    assert following("rules").follow(a_view(NOW_MS), ai_read()) == ((), "")
    assert following("ai").follow(a_view(NOW_MS), rules_read()) == ((), "")
    assert following("ai").follow(a_view(NOW_MS), ai_read(coin="ETH")) == ((), "")


def test_a_read_that_cannot_be_followed_says_why() -> None:
    decision = following("ai").follow(a_view(NOW_MS, trouble="cut off"), ai_read())
    assert decision.events == ()
    assert f"The data of {COIN}" in decision.refusal
