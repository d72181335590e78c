"""As many of the most important accounts are streamed as the venue takes, and it is hardly ever asked in vain."""

from hypothesis import given
from hypothesis import strategies as st

from app.feeds.hyperliquid.admission import Admission, Step

SECOND = 1_000_000_000
NAMES = tuple("abcdefghijklmnopqrst")


class Venue:
    """Takes `cap` accounts; what is asked is answered at once, or left without an answer."""

    def __init__(self, admission: Admission, cap: int) -> None:
        self.admission = admission
        self.cap = cap
        self.taken: list[str] = []
        self.refusals = 0
        self.now_ns = 0

    def pass_time(self, seconds: float) -> None:
        """Do whatever is to be done until then, whenever the admission says that there may be something."""
        until_ns = self.now_ns + round(seconds * SECOND)
        while True:
            self._work()
            wait_s = self.admission.wait_s(self.now_ns)
            if wait_s is None or self.now_ns + wait_s * SECOND > until_ns:
                break
            self.now_ns += round(wait_s * SECOND) + 1
        self.now_ns = until_ns

    def _work(self) -> None:
        while (step := self.admission.step(self.now_ns)) is not None:
            if step.action == "release":
                self.taken.remove(step.trader)
            elif len(self.taken) < self.cap:
                self.taken.append(step.trader)
                self.admission.accepted(step.trader)
            else:
                self.refusals += 1
                self.admission.refused(self.now_ns)


@given(st.integers(0, 20), st.lists(st.sampled_from(NAMES), max_size=20))
def test_the_most_important_are_streamed_up_to_the_cap(cap: int, wanted: list[str]) -> None:
    admission = Admission()
    venue = Venue(admission, cap)
    admission.want(wanted)
    venue.pass_time(1)
    fitting = tuple(dict.fromkeys(wanted))[:cap]
    assert tuple(admission.streamed) == tuple(venue.taken) == fitting
    assert admission.most == (cap if len(set(wanted)) > cap else None)
    assert venue.refusals == (len(set(wanted)) > cap)


@given(st.lists(st.tuples(st.lists(st.sampled_from(NAMES), max_size=20), st.integers(0, 20)), min_size=1, max_size=8))
def test_it_follows_every_change_of_mind_and_of_the_cap(changes: list[tuple[list[str], int]]) -> None:
    admission = Admission()
    venue = Venue(admission, 10)
    for wanted, cap in changes:
        admission.want(wanted)
        venue.cap = max(cap, len(venue.taken))
        venue.pass_time(4_000)
        venue.pass_time(4_000)
        assert set(admission.streamed) == set(venue.taken)
        assert set(venue.taken) == set(list(dict.fromkeys(wanted))[: venue.cap])


def test_a_venue_that_refuses_is_asked_ever_more_rarely() -> None:
    admission = Admission()
    venue = Venue(admission, 15)
    admission.want(NAMES)
    venue.pass_time(60)
    assert venue.refusals == 4
    venue.pass_time(24 * 3_600)
    assert venue.refusals < 4 + 8 + 24
    assert admission.streamed.keys() == set(NAMES[:15])


def test_a_place_that_is_given_up_is_used_again_at_once() -> None:
    admission = Admission()
    venue = Venue(admission, 15)
    admission.want(NAMES)
    venue.pass_time(1)
    admission.want([name for name in NAMES if name != "c"])
    venue.pass_time(0)
    assert venue.taken == [name for name in NAMES[:16] if name != "c"]
    assert venue.refusals == 1


def test_one_more_important_takes_the_place_of_the_least_important() -> None:
    admission = Admission()
    venue = Venue(admission, 3)
    admission.want("abcd")
    venue.pass_time(1)
    admission.want("dabc")
    venue.pass_time(0)
    assert venue.taken == ["a", "b", "d"]
    assert venue.refusals == 1


def test_nobody_is_asked_for_while_the_venue_has_not_answered() -> None:
    admission = Admission()
    admission.want("ab")
    assert admission.step(0) == Step("ask", "a")
    assert admission.step(1) is None
    assert admission.wait_s(SECOND) == 14
    admission.accepted("b")
    assert admission.step(2) is None
    admission.accepted("a")
    assert admission.step(3) == Step("ask", "b")


def test_an_account_that_is_never_answered_for_counts_as_refused() -> None:
    admission = Admission()
    admission.want("a")
    assert admission.step(0) == Step("ask", "a")
    assert admission.step(15 * SECOND) == Step("release", "a")
    assert admission.most == 0
    assert admission.step(15 * SECOND) is None
    assert admission.step(20 * SECOND) == Step("ask", "a")


def test_one_that_is_no_longer_wanted_is_let_go_before_it_is_answered_for() -> None:
    admission = Admission()
    admission.want("ab")
    assert admission.step(0) == Step("ask", "a")
    admission.want("b")
    assert [admission.step(1), admission.step(1)] == [Step("release", "a"), Step("ask", "b")]


def test_errors_after_the_first_change_nothing() -> None:
    admission = Admission()
    venue = Venue(admission, 2)
    admission.want("abc")
    venue.pass_time(0)
    for _ in range(1_000):
        assert admission.refused(venue.now_ns) == ""
    assert admission.most == 2
    assert admission.wait_s(venue.now_ns) == 5


def test_on_a_new_connection_all_are_asked_for_again_up_to_the_remembered_cap() -> None:
    admission = Admission()
    venue = Venue(admission, 2)
    admission.want("abcd")
    venue.pass_time(3_600)
    before = venue.refusals
    admission.begin()
    venue.taken.clear()
    assert admission.streamed == {}
    venue.pass_time(0)
    assert venue.taken == ["a", "b"]
    assert venue.refusals == before


def test_a_connection_whose_places_are_not_free_yet_is_asked_again_soon() -> None:
    admission = Admission()
    venue = Venue(admission, 2)
    admission.want("abcd")
    venue.pass_time(24 * 3_600)
    admission.begin()
    venue.taken.clear()
    venue.cap = 0
    venue.pass_time(2)
    venue.cap = 2
    venue.pass_time(4)
    assert venue.taken == ["a", "b"]
