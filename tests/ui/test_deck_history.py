"""A held display steps back through what was shown before."""

import msgspec
from deck_fakes import WALL_MS, snapshot

from app.core.clock import ManualClock
from app.ui.state import HISTORY_S, DeckState


def watched(seconds: int, speed: int = 1) -> DeckState:
    """A deck that took ten snapshots a second for so long, of an engine that runs at a multiple of real time."""
    clock = ManualClock()
    state = DeckState(clock)
    first = snapshot()
    for tenth in range(seconds * 10 + 1):
        state.accept(msgspec.structs.replace(first, sequence=tenth, wall_ms=WALL_MS + 100 * tenth * speed))
        clock.advance(0.1)
    return state


def shown_s(state: DeckState) -> float:
    view = state.view()
    assert view.shown is not None
    return (view.shown.wall_ms - WALL_MS) / 1_000


def test_only_a_held_display_steps() -> None:
    assert not watched(5).step(-1)


def test_it_steps_to_both_ends_a_second_at_a_time() -> None:
    state = watched(5)
    state.toggle_freeze()
    assert [state.step(-1) for _ in range(6)] == [True] * 5 + [False]
    assert shown_s(state) == 0.0
    assert state.step(1)
    assert 0.9 <= shown_s(state) <= 1.1
    assert [state.step(1) for _ in range(9)].count(True) == 4
    assert shown_s(state) == 5.0


def test_on_a_tape_that_plays_fast_a_step_is_still_a_second_of_watching() -> None:
    state = watched(5, speed=16)
    state.toggle_freeze()
    assert state.step(-1)
    assert 62 <= shown_s(state) < 80


def test_stepping_back_ends_at_the_first_picture_with_a_market() -> None:
    clock = ManualClock()
    state = DeckState(clock)
    for second in range(5):
        markets = snapshot().markets if second >= 2 else ()
        state.accept(snapshot(1 + second, wall_ms=WALL_MS + 1_000 * second, markets=markets))
        clock.advance(1)
    state.toggle_freeze()
    assert [state.step(-1) for _ in range(3)] == [True, True, False]
    assert shown_s(state) == 2.0


def test_a_held_picture_is_as_old_as_its_rows_say() -> None:
    state = watched(5, speed=4)
    state.toggle_freeze()
    state.step(-1)
    view = state.view()
    assert view.newest is not None
    assert view.frozen_s == view.lag_ms / 1_000
    assert abs(view.frozen_s - (view.newest.wall_ms - WALL_MS) / 1_000 + shown_s(state)) < 1


def test_letting_go_returns_to_the_newest() -> None:
    state = watched(5)
    state.toggle_freeze()
    state.step(-1)
    state.toggle_freeze()
    assert shown_s(state) == 5.0


def test_what_is_kept_is_bounded() -> None:
    assert len(watched(HISTORY_S + 60)._history) == HISTORY_S


def test_after_a_tape_is_wound_back_nothing_later_is_shown() -> None:
    clock = ManualClock()
    state = DeckState(clock)
    for second in (*range(61), *range(30, 41)):
        state.accept(snapshot(1 + second, wall_ms=WALL_MS + 1_000 * second))
        clock.advance(1)
    state.toggle_freeze()
    assert not state.step(1)
    assert shown_s(state) == 40.0
    steps = []
    while state.step(-1):
        steps.append(shown_s(state))
    assert steps == [float(second) for second in range(39, -1, -1)]
    assert state.view().frozen_s == 40.0
