"""One virtual day for each of some seeds, held against the truth."""

from collections.abc import Iterable

from day import live_through
from fault_plan import DAY_S, plan_of


def complaint(seed: int) -> str:
    """What is wrong with the day of a seed, with everything needed to repeat it; empty when nothing is."""
    plan = plan_of(seed)
    outcome = live_through(plan, DAY_S)
    if not outcome.violations:
        return ""
    shown = outcome._replace(violations=(), drops=())
    return "\n".join(
        (f"seed {seed}: {len(outcome.violations)} violations", *outcome.violations[:20], str(plan), str(shown))
    )


def check_seeds(seeds: Iterable[int]) -> None:
    """Every day must be without complaint."""
    complaints = [text for text in map(complaint, seeds) if text]
    assert not complaints, "\n\n".join(complaints)
