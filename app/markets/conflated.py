"""The newest of a stream of whole pictures: kept as bytes, decoded when somebody looks."""

from collections.abc import Callable
from typing import Generic, TypeVar

from app.core.errors import FrameError

T = TypeVar("T")


class Conflated(Generic[T]):
    """Holds the newest frame and, once somebody asks, what it says.

    The value is a function of the newest frame and its time of arrival alone, whoever looks and when: a frame that does
    not decode means there is no value until the next one that does. `errors` counts the frames found bad, each once;
    a frame replaced before anybody looked is never found bad. `last_error` is the reason given for the last of them.
    """

    def __init__(self, decode: Callable[[bytes, int], T]) -> None:
        """`decode(frame, arrived_ms)` raises `FrameError` for a frame that cannot be used."""
        self.errors = 0
        self.last_error = ""
        self._decode = decode
        self._frame: bytes | None = None
        self._arrived_ms = 0
        self._value: T | None = None

    def put(self, frame: bytes, arrived_ms: int) -> None:
        """Replace the frame; `arrived_ms` is the engine's time."""
        self._frame = frame
        self._arrived_ms = arrived_ms

    def set(self, value: T) -> None:
        """Replace the frame by a value that is decoded already."""
        self._frame = None
        self._value = value

    def forget(self) -> None:
        """Have no value until the next frame."""
        self._frame = self._value = None

    def get(self) -> T | None:
        """What the newest frame says; None before the first one, or when it cannot be used."""
        if self._frame is not None:
            frame, self._frame = self._frame, None
            try:
                self._value = self._decode(frame, self._arrived_ms)
            except FrameError as error:
                self._value = None
                self.errors += 1
                self.last_error = str(error)
        return self._value
