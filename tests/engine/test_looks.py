"""Who looks at what: against a model that keeps every look there ever was."""

from hypothesis import given
from hypothesis import strategies as st

from app.engine.looks import MOST_LOOKS, Looks

THINGS = st.sampled_from(["", "BTC", "ETH", "SOL"])


@given(st.lists(st.tuples(st.integers(0, MOST_LOOKS + 4), THINGS), max_size=80))
def test_the_newest_look_of_each_of_the_clients_that_looked_last_counts(made: list[tuple[int, str]]) -> None:
    looks: Looks[str] = Looks()
    standing: list[tuple[int, str]] = []
    for client, thing in made:
        looks.look(client, thing or None)
        standing = [each for each in standing if each[0] != client] + ([(client, thing)] if thing else [])
        standing = standing[-MOST_LOOKS:]
        assert list(looks) == list(dict.fromkeys(thing for _, thing in standing))
        assert {number: looks.of(number) for number, _ in made} == {
            number: dict(standing).get(number) for number, _ in made
        }


def test_of_too_many_clients_who_looked_longest_ago_is_left_out() -> None:
    looks: Looks[int] = Looks()
    for client in range(MOST_LOOKS):
        looks.look(client, client)
    looks.look(0, 0)
    looks.look(MOST_LOOKS, MOST_LOOKS)
    assert looks.of(1) is None
    assert list(looks) == [*range(2, MOST_LOOKS), 0, MOST_LOOKS]
