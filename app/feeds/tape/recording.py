"""What a recording is to those who play, cut or describe it, whatever file it comes from."""

from collections.abc import Iterator
from typing import Protocol

from app.core.record import Record
from app.feeds.tape.format import Session


class Recording(Protocol):
    """A list of records with a beginning and an end, read as a stream."""

    @property
    def session(self) -> Session:
        """Where the recording comes from."""

    @property
    def form(self) -> str:
        """What kind of file it is, in a word or two."""

    @property
    def start_ns(self) -> int:
        """Wall time at which playing begins; records before it are context."""

    @property
    def end_ns(self) -> int:
        """Wall time of the latest record."""

    @property
    def damage(self) -> str:
        """What could not be read, in a sentence; empty when nothing is known to be missing."""

    def records(self) -> Iterator[Record]:
        """The records in order."""
