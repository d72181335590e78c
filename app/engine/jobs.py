"""What users have asked for by hand: the newest run of each kind of job. Pure."""

from typing import Protocol

from app.engine.protocol import CancelJob, JobName, JobState, JobView, StartJob


class JobDesk(Protocol):
    """Whoever does a kind of job."""

    def apply(self, command: StartJob | CancelJob, now_ms: int) -> tuple[bool, str]:
        """Begin the job or give it up; whether that was done, and one sentence about it."""


class Jobs:
    """One run of each job at a time; what became of the newest one stays until the next begins."""

    def __init__(self) -> None:
        self._newest: dict[JobName, JobView] = {}

    @property
    def views(self) -> tuple[JobView, ...]:
        """The newest run of each job that was ever begun."""
        return tuple(self._newest.values())

    def runs(self, name: JobName) -> bool:
        """Whether such a job is being done."""
        newest = self._newest.get(name)
        return newest is not None and newest.state == "running"

    def begin(self, name: JobName, now_ms: int, message: str) -> None:
        """A job has begun; `message` says what is being done."""
        self._newest[name] = JobView(name, "running", now_ms, message)

    def end(self, name: JobName, state: JobState, message: str) -> None:
        """What became of the job that runs; nothing when none does."""
        newest = self._newest.get(name)
        if newest is not None and newest.state == "running":
            self._newest[name] = JobView(name, state, newest.since_ms, message)
