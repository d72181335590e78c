"""Who is followed: places that are kept within a margin, hands that add and remove, leaderboards that come in half."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from score_samples import address, ranked, ranking, window

from app.config.whale_settings import WhalesSettings
from app.core.text import clean
from app.core.traders import RankedTrader
from app.whales.leaderboard import TraderScore, scored
from app.whales.tracked_set import TrackedSet, choose_tracked

SETTINGS = WhalesSettings()


def table(numbers: Sequence[int], barred: Sequence[int] = ()) -> list[TraderScore]:
    """Accounts in the given order of rank."""
    names = {number: clean("a vault" if number in barred else "") for number in numbers}
    return [scored(ranked(number, name=names[number]), SETTINGS) for number in numbers]


def numbers(chosen: TrackedSet) -> list[int]:
    return [int(each.trader, 16) for each in chosen.traders]


def members(*of: int) -> frozenset[str]:
    return frozenset(map(address, of))


def test_a_first_set_is_the_best() -> None:
    chosen = choose_tracked(table(range(1, 21)), (), 10)
    assert numbers(chosen) == list(range(1, 11))
    assert [each.standing for each in chosen.traders] == ["ranked"] * 8 + ["filled"] * 2
    assert (len(chosen.joined), chosen.left) == (10, ())


def test_a_member_just_behind_the_last_place_stays_and_one_beyond_the_margin_leaves() -> None:
    """Ten places: rank 12 is within 1.25 · 10, rank 13 is not."""
    chosen = choose_tracked(table(range(1, 21)), members(1, 2, 3, 4, 5, 6, 7, 8, 12, 13), 10)
    assert numbers(chosen) == [1, 2, 3, 4, 5, 6, 7, 8, 9, 12]
    assert (chosen.joined, chosen.left) == ((address(9),), (address(13),))
    assert [each.standing for each in chosen.traders][-2:] == ["filled", "kept"]


def test_a_newcomer_within_the_first_ranks_pushes_the_last_member_out() -> None:
    before = members(*range(1, 11))
    chosen = choose_tracked(table([99, *range(1, 11)]), before, 10)
    assert (chosen.joined, chosen.left) == ((address(99),), (address(10),))
    assert choose_tracked(table([*range(1, 9), 99, 9, 10]), before, 10).joined == ()


def test_hands_have_the_last_word() -> None:
    chosen = choose_tracked(
        table(range(1, 21)), members(1, 2), 5, added=[address(18), address(777)], removed=[address(1)]
    )
    assert numbers(chosen) == [18, 777, 2, 3, 4]
    assert [(each.rank, each.standing) for each in chosen.traders][:2] == [
        (17, "added by hand"),
        (None, "added by hand"),
    ]
    assert address(1) in chosen.left
    many = choose_tracked(table(range(1, 21)), (), 2, added=[address(number) for number in (5, 6, 7)])
    assert numbers(many) == [5, 6, 7]


def test_what_is_added_and_removed_is_not_followed() -> None:
    assert choose_tracked([], (), 5, added=[address(1)], removed=[address(1)]).traders == ()


def test_barred_accounts_are_followed_by_hand_only() -> None:
    ranks = table([1, 2, 3], barred=[1])
    assert numbers(choose_tracked(ranks, members(1), 3)) == [2, 3]
    assert numbers(choose_tracked(ranks, members(1), 3, added=[address(1)])) == [1, 2, 3]


def test_an_empty_leaderboard_does_not_empty_the_set() -> None:
    before = members(4, 5, 6)
    chosen = choose_tracked([], before, 10)
    assert (numbers(chosen), chosen.joined, chosen.left) == ([4, 5, 6], (), ())
    assert {each.standing for each in chosen.traders} == {"no longer ranked"}
    half = choose_tracked(table([1, 2]), before, 4)
    assert numbers(half) == [1, 2, 4, 5]


lists = st.lists(st.integers(1, 40), unique=True, max_size=40)
groups = st.frozensets(st.integers(1, 60), max_size=15)


@given(lists, groups, groups, groups, st.integers(1, 20))
def test_a_choice_that_is_made_again_is_the_same(
    order: list[int], before: frozenset[int], added: frozenset[int], removed: frozenset[int], count: int
) -> None:
    hands = {"added": members(*added), "removed": members(*removed)}
    first = choose_tracked(table(order), members(*before), count, **hands)
    again = choose_tracked(table(order), [each.trader for each in first.traders], count, **hands)
    followed = set(numbers(first))
    assert (set(numbers(again)), again.joined, again.left) == (followed, (), ())
    assert len(followed) == len(first.traders) <= max(count, len(added - removed))
    assert not followed & removed
    assert added - removed <= followed
    assert set(first.joined) == members(*followed) - members(*before)
    assert set(first.left) == members(*before) - members(*followed)


@pytest.mark.parametrize("seed", range(3))
def test_noise_around_the_last_place_does_not_churn_the_set(seed: int) -> None:
    """A thousand accounts whose month wanders: with the margin few come and go, without it more than twice as many."""
    generator = np.random.default_rng(seed)
    skill = generator.normal(0, 0.1, 1_000)
    followed: list[str] = []
    churn = bare = 0
    plain: set[str] = set()
    for _ in range(10):
        month = skill + generator.normal(0, 0.01, 1_000)
        ranks = ranking([wandering(number, float(roi)) for number, roi in enumerate(month, start=1)], SETTINGS)
        chosen = choose_tracked(ranks, followed, 100)
        churn += len(chosen.joined) if followed else 0
        best = {each.trader for each in ranks if each.followable}.intersection(each.trader for each in ranks[:100])
        bare += len(best - plain) if plain else 0
        followed, plain = [each.trader for each in chosen.traders], best
    assert churn < bare / 2


def wandering(number: int, roi: float) -> RankedTrader:
    return ranked(number, month=window(roi, pnl=0.0, volume=30e6))
