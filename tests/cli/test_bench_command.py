"""Every benchmark named by the command is there."""

import pytest

from app.cli.bench import BENCHES, load_bench


@pytest.mark.parametrize("name", BENCHES)
def test_a_named_bench_is_that_bench(name: str) -> None:
    bench = load_bench(name)
    assert bench.name == name
    assert bench.about
