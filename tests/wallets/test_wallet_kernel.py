"""The fused kernel, compiled or not, and numpy give the figures of the plain reference, whatever the wallets."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wallet_facts import NOW_S, START_S, WALLET
from wallet_reference import Figures, Row, measure_plainly, uncompiled_measurer

from app.wallets import kernel
from app.wallets.columns import PositionColumns, chunks, columns_of
from app.wallets.measure import Measurer, compiled_measurer, measurer_for, measures_of
from app.wallets.values import ClosedPosition, Ledger, OpenPosition
from app.wallets.vectorised import measure_in_numpy

SMALL, RATIO = 0.05, 1.5
amounts = st.one_of(st.sampled_from([0.0, 1.0, 100.0, 150.0]), st.floats(0.01, 1e6))
times = st.one_of(st.integers(START_S, START_S + 50), st.integers(START_S, NOW_S))


@st.composite
def closed_positions(draw: st.DrawFn) -> ClosedPosition:
    opened_s = draw(st.one_of(st.none(), times))
    closed_s = draw(st.one_of(st.just(0), times)) if opened_s is None else draw(st.integers(opened_s, NOW_S))
    cost = draw(amounts)
    return ClosedPosition(
        condition_id="c",
        token_id="t",
        event=draw(st.sampled_from("efgh")),
        category=draw(st.sampled_from(["", "politics", "sports", "crypto", "weather"])),
        opened_s=opened_s,
        closed_s=closed_s,
        size_usdc=cost * draw(st.floats(0.1, 1)),
        cost_usdc=cost,
        proceeds_usdc=cost * draw(st.one_of(st.sampled_from([0.0, 1.0, 1.005, 2.0]), st.floats(0, 20))),
        hold_s=draw(st.one_of(st.none(), st.floats(0, 1e7))),
        entry_price=draw(st.one_of(st.none(), st.floats(0.01, 0.99))),
        hedged=draw(st.booleans()),
    )


open_positions = st.builds(
    lambda category, opened_s, cost: OpenPosition(
        condition_id="c", token_id="t", event="e", category=category, opened_s=opened_s, size_usdc=cost, cost_usdc=cost,
        shares=1.0,
    ),
    st.sampled_from(["", "politics", "mentions"]), times, amounts,
)  # fmt: skip
ledgers = st.builds(
    lambda closed, opened: Ledger(
        wallet=WALLET,
        closed=tuple(sorted(closed, key=lambda each: each.closed_s)),
        opened=tuple(sorted(opened, key=lambda each: each.opened_s)),
    ),
    st.lists(closed_positions(), max_size=12),
    st.lists(open_positions, max_size=4),
)


def plainly(ledger: Ledger) -> Figures:
    counts: dict[str, int] = {}
    for each in ledger.closed:
        if each.entry_price is not None:
            counts[each.event] = counts.get(each.event, 0) + 1
    closed = [
        Row(
            each.category or None, each.size_usdc, each.cost_usdc, each.pnl_usdc, each.hold_s, each.entry_price,
            1 / counts[each.event] if each.entry_price is not None else 0.0, each.hedged, each.opened_s,
            each.closed_s or None,
        )
        for each in ledger.closed
    ]  # fmt: skip
    opened = [
        Row(each.category or None, each.size_usdc, each.cost_usdc, 0.0, None, None, 0.0, False, each.opened_s, None)
        for each in ledger.opened
    ]
    return measure_plainly(closed, opened, NOW_S, SMALL, RATIO)


def scale(ledger: Ledger) -> float:
    """The largest amount: differences of sums are judged by what was summed."""
    return max([1.0, *(max(each.cost_usdc, each.proceeds_usdc) for each in ledger.closed)])


def check(batch: list[Ledger], measurer: Measurer) -> None:
    columns = columns_of(batch)
    for ledger, row in zip(batch, measurer(columns, NOW_S, SMALL, RATIO), strict=True):
        expected = plainly(ledger)
        assert set(expected) == set(kernel.FIGURES)
        for name, value in zip(kernel.FIGURES, row.tolist(), strict=True):
            check_figure(name, value, expected[name], columns, scale(ledger))


def check_figure(name: str, value: float, expected: float | str | None, columns: PositionColumns, size: float) -> None:
    if name == "top_category":
        assert (columns.categories[int(value)] if value >= 0 else None) == expected
    elif expected is None:
        assert math.isnan(value), name
    elif name in ("pnl_usdc", "max_drawdown_usdc", "volume_usdc"):
        assert value == pytest.approx(expected, rel=1e-9, abs=1e-9 * size), name
    else:
        assert value == pytest.approx(expected, rel=1e-9, abs=1e-9), name


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ledgers, max_size=6))
def test_numpy_is_the_reference(batch: list[Ledger]) -> None:
    check(batch, measure_in_numpy)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ledgers, max_size=6))
def test_the_kernel_is_the_reference(batch: list[Ledger]) -> None:
    check(batch, uncompiled_measurer())


@pytest.fixture(scope="module")
def compiled() -> Measurer:
    return compiled_measurer()


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(batch=st.lists(ledgers, max_size=6))
def test_the_compiled_kernel_is_the_reference(compiled: Measurer, batch: list[Ledger]) -> None:
    check(batch, compiled)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ledgers, min_size=1, max_size=6), st.integers(1, 4))
def test_chunks_give_what_the_whole_gives(batch: list[Ledger], wallets: int) -> None:
    columns = columns_of(batch)
    whole = measure_in_numpy(columns, NOW_S, SMALL, RATIO)
    parts = [measure_in_numpy(piece, NOW_S, SMALL, RATIO) for piece in chunks(columns, wallets)]
    np.testing.assert_allclose(np.vstack(parts), whole, rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize("measurer", [measure_in_numpy, uncompiled_measurer()], ids=["numpy", "kernel"])
@pytest.mark.parametrize("count", [1, 2, 3, 50, 1_001])
def test_the_median_hold(measurer: Measurer, count: int) -> None:
    generator = np.random.default_rng(count)
    holds = np.round(generator.lognormal(8, 2, count), 1)
    holds[generator.random(count) < 0.2] = holds[0]
    rows = tuple(position(hold_s=float(hold)) for hold in holds)
    columns = columns_of([Ledger(wallet=WALLET, closed=rows)])
    (measures,) = measures_of(columns, measurer(columns, NOW_S, SMALL, RATIO))
    assert measures.median_hold_s == pytest.approx(np.median(holds))


def position(**changes: object) -> ClosedPosition:
    values = {
        "condition_id": "c", "token_id": "t", "event": "e", "category": "politics", "opened_s": START_S,
        "closed_s": START_S + 100, "size_usdc": 100.0, "cost_usdc": 100.0, "proceeds_usdc": 120.0, "hold_s": 100.0,
        "entry_price": 0.5, "hedged": False,
    }  # fmt: skip
    return ClosedPosition(**{**values, **changes})  # type: ignore[arg-type]


def test_small_jobs_do_not_wait_for_a_compiler() -> None:
    chosen: Callable[..., object] = measurer_for(1_000 * 100)
    assert chosen is measure_in_numpy


@pytest.mark.parametrize("hold_s", [0.0, 5.0])
def test_very_many_holds_that_are_alike_take_no_longer(hold_s: float, compiled: Measurer) -> None:
    """A selection that is quadratic in equal values would need hours for a wallet of 300,000 positions."""
    rows = tuple(position(hold_s=hold_s) for _ in range(300_000))
    columns = columns_of([Ledger(wallet=WALLET, closed=rows)])
    assert compiled(columns, NOW_S, SMALL, RATIO)[0, kernel.MEDIAN_HOLD] == hold_s
