"""What the key for work by hand means on each panel, and what is said of the work. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.core.text import clean
from app.engine.protocol import JobName, JobView, Snapshot
from app.ui.widgets.flash import Level


@dataclass(frozen=True)
class JobWords:
    """A job as the footer names it, and as a sentence of help."""

    label: str
    description: str


JOBS: Mapping[JobName, JobWords] = {
    "markets": JobWords("refresh", "Ask for the markets again"),
    "read": JobWords("read", "Have the model read the coin"),
    "wallets": JobWords("scan", "Scan wallets"),
    "whales": JobWords("refresh", "Fetch the leaderboard and the stalest traders"),
    "tokens": JobWords("score", "Score tokens"),
}
"""Every job that a panel can name as its own."""


def running(jobs: Sequence[JobView], name: JobName) -> bool:
    """Whether a job is being done."""
    return any((job.name, job.state) == (name, "running") for job in jobs)


def paper_news(before: Snapshot, after: Snapshot) -> str:
    """What the paper ledger has done since an earlier snapshot, the newest of it, always with the word paper.

    Empty without, and on a tape.
    """
    if after.playback is not None:
        return ""
    told = set(before.log)
    new = [line.text for line in after.log if line.topic == "paper" and line not in told]
    said = str(clean(new[-1], 300)) if new else ""
    return said if "paper" in said or not said else f"Paper: {said}"


def job_news(before: Sequence[JobView], after: Sequence[JobView]) -> list[tuple[str, Level]]:
    """What there is to say when jobs have ended since an earlier snapshot, in their order."""
    told = set(before)
    ended = (job for job in after if job.state in ("done", "failed") and job not in told)
    return [(str(clean(job.message, 200)), "info" if job.state == "done" else "warning") for job in ended]
