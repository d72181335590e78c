"""docs/reliability.md names tests that exist, and leaves out no test that is named after a hazard."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "reliability.md"
_NAME = re.compile(r"def (test_[a-z0-9_]+)")


def rows() -> dict[int, str]:
    """The table of hazards: number and tests."""
    found = re.findall(r"^\| (\d+) \|[^|]*\|(.*)\|$", PAGE.read_text(), re.MULTILINE)
    return {int(number): tests for number, tests in found}


def existing() -> set[str]:
    """Names of all tests."""
    return {name for path in TESTS.rglob("test_*.py") for name in _NAME.findall(path.read_text())}


def test_every_hazard_has_its_row_and_every_row_says_something() -> None:
    assert list(rows()) == list(range(1, 30))
    assert all("`" in tests or "waits for" in tests for tests in rows().values())


def test_every_test_that_is_named_exists() -> None:
    named = set(re.findall(r"`(test_[a-z0-9_]+)`", PAGE.read_text()))
    assert named - existing() == set()


def test_a_test_named_after_a_hazard_stands_in_its_package_for_a_row() -> None:
    numbers = {int(name.split("_")[2]) for name in existing() if name.startswith("test_hazard_")}
    assert numbers <= {number for number, tests in rows().items() if "`test_hazard_" in tests}
