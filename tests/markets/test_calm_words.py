"""The words of the rules change when they last, and not with every tick."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from app.core.events import Freshness, RulesRead
from app.markets.calm_words import NO_FRESHNESS, CalmFreshness, calmed

START_MS = 1_790_000_000_000
WORDS: tuple[Freshness | None, ...] = ("FRESH", "DEVELOPING", "EXTENDED", "EXHAUSTED", None)
Said = tuple[Freshness | None, int]


def read(second: int, word: Freshness | None, direction: int = 1) -> RulesRead:
    return RulesRead(
        coin="BTC", at_ms=START_MS + 1_000 * second, momentum=50, direction=direction if word else 0, pressure=50,
        continuation=None, freshness=word,
    )  # fmt: skip


def shown(said: Sequence[Said], before: CalmFreshness = NO_FRESHNESS) -> list[Freshness | None]:
    words = []
    for second, (word, direction) in enumerate(said):
        before = calmed(before, read(second, word, direction))
        words.append(before.word)
    return words


def test_a_word_that_flickers_is_not_shown() -> None:
    extended, fresh = ("EXTENDED", 1), ("FRESH", 1)
    settled = calmed(CalmFreshness(1, "EXTENDED"), read(0, "EXTENDED"))
    said: list[Said] = [fresh, extended, fresh, fresh, extended, fresh, extended]  # type: ignore[list-item]
    assert shown(said, settled) == ["EXTENDED"] * 7


def test_a_word_that_lasts_is_shown_after_three_seconds() -> None:
    settled = CalmFreshness(1, "DEVELOPING")
    assert shown([("EXTENDED", 1)] * 5, settled) == ["DEVELOPING"] * 3 + ["EXTENDED"] * 2
    assert shown([(None, 0)] * 5, settled) == ["DEVELOPING"] * 3 + [None] * 2


def test_a_move_that_turns_round_is_told_at_once() -> None:
    assert shown([("FRESH", -1)], CalmFreshness(1, "EXTENDED")) == ["FRESH"]


def test_a_hole_between_two_reads_counts_as_time() -> None:
    first = calmed(CalmFreshness(1, "FRESH"), read(0, "DEVELOPING"))
    assert calmed(first, read(30, "DEVELOPING")).word == "DEVELOPING"


@given(st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from((-1, 1))), max_size=40))
def test_what_is_shown_was_read_lately_and_never_of_the_other_direction(said: list[Said]) -> None:
    before = NO_FRESHNESS
    for second, (word, direction) in enumerate(said):
        now = calmed(before, read(second, word, direction))
        if now.word != before.word:
            assert now.word == word
        assert now.word is None or word is None or now.direction == direction
        before = now


@given(st.sampled_from(WORDS), st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from((-1, 1))), max_size=12))
def test_what_is_read_for_long_is_shown(word: Freshness | None, said: list[Said]) -> None:
    assert shown([*said, *[(word, 1)] * 4])[-1] == word
