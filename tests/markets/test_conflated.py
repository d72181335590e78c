from app.core.errors import FrameError
from app.markets.conflated import Conflated


def decode_number(frame: bytes, arrived_ms: int) -> int:
    if not frame.isdigit():
        raise FrameError(f"not a number: {frame.decode()}")
    return int(frame) + arrived_ms


def test_only_the_newest_frame_is_decoded_and_only_once() -> None:
    decoded: list[bytes] = []
    newest = Conflated(lambda frame, _arrived_ms: decoded.append(frame))
    newest.put(b"1", 0)
    newest.put(b"2", 0)
    newest.get()
    newest.get()
    assert decoded == [b"2"]


def test_before_the_first_frame_there_is_nothing() -> None:
    assert Conflated(decode_number).get() is None


def test_a_bad_frame_means_no_value_until_the_next_good_one() -> None:
    newest = Conflated(decode_number)
    newest.put(b"1", 10)
    assert newest.get() == 11
    newest.put(b"x", 20)
    assert (newest.get(), newest.get(), newest.errors, newest.last_error) == (None, None, 1, "not a number: x")
    newest.put(b"2", 30)
    assert (newest.get(), newest.errors) == (32, 1)


def test_the_value_does_not_depend_on_earlier_looks() -> None:
    looked, unlooked = Conflated(decode_number), Conflated(decode_number)
    for frame in (b"1", b"x", b"3", b"y"):
        looked.put(frame, 0)
        looked.get()
        unlooked.put(frame, 0)
    assert looked.get() is unlooked.get() is None


def test_a_value_that_is_set_replaces_the_frame() -> None:
    newest = Conflated(decode_number)
    newest.put(b"x", 0)
    newest.set(5)
    assert (newest.get(), newest.errors) == (5, 0)
