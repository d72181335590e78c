import pytest

from app.cli.moments import parse_moment
from app.core.errors import UsageError

# 2026-01-01 23:30:00.25 UTC
START_S = 1_767_310_200
START_NS = START_S * 10**9 + 250_000_000


@pytest.mark.parametrize(
    ("text", "expected_ns"),
    [
        ("+0", START_NS),
        ("+90", START_NS + 90 * 10**9),
        ("+90s", START_NS + 90 * 10**9),
        ("+0.5", START_NS + 500_000_000),
        ("23:30:00", START_S * 10**9),
        ("23:31", (START_S + 60) * 10**9),
        ("00:30:00.5", (START_S + 3_600) * 10**9 + 500_000_000),
        ("0:30", (START_S + 3_600) * 10**9),
        ("2026-01-01T23:30:00", START_S * 10**9),
        ("2026-01-01T23:30:00Z", START_S * 10**9),
        ("2026-01-02T00:30:00+01:00", START_S * 10**9),
        ("2026-01-01 23:30:00.000001", START_S * 10**9 + 1_000),
    ],
)
def test_moments(text: str, expected_ns: int) -> None:
    assert parse_moment(text, START_NS) == expected_ns


@pytest.mark.parametrize("text", ["", "now", "+", "+-1", "-5", "+1e3", "25:00", "12:60:00", "2026-13-01", "+٣", "\x1b"])
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(UsageError, match="is not a moment"):
        parse_moment(text, START_NS)
