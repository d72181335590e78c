import pytest

from app.cli.figures import counted, lasting, named, sized


@pytest.mark.parametrize(
    ("number", "expected"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (1_234_567, "1,234,567 rows")]
)
def test_counts(number: int, expected: str) -> None:
    assert counted(number, "row") == expected


def test_a_plural_of_its_own() -> None:
    assert counted(2, "stream opened", "streams opened") == "2 streams opened"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0.000 s"),
        (59.9, "59.900 s"),
        (60, "1 min 00 s"),
        (3_599.6, "1 h 00 min 00 s"),
        (3_723, "1 h 02 min 03 s"),
        (36_000_000, "10,000 h 00 min 00 s"),
    ],
)
def test_spans(seconds: float, expected: str) -> None:
    assert lasting(seconds) == expected


@pytest.mark.parametrize(
    ("size", "expected"),
    [(1, "1 byte"), (999, "999 bytes"), (404_567, "404.6 kB"), (2_000_000, "2.0 MB"), (10**12, "1,000.0 GB")],
)
def test_sizes(size: int, expected: str) -> None:
    assert sized(size) == expected


def test_names() -> None:
    assert named([]) == ""
    assert named(["BTC", "ETH"]) == "2: BTC, ETH"
    assert named([f"C{number}" for number in range(30)]).endswith("C10, C11 and 18 more")
