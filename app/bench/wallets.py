"""What measuring wallets costs: the fused kernel and numpy, against pandas and plain Python, on the same wallets.

All sides compute the same figures, which is checked before a time counts. Arms take turns on one piece of the wallets
after another, so that a busy minute of the machine meets all of them; plain Python, which takes longest, on every fifth
piece, against the kernel's time for the same pieces (`pure_python_wallets`). Times are of processor time on one core:
what else runs on the machine is not in them. Memory is of a process that takes all wallets.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, Protocol, Self, TypeVar

import numpy as np
import numpy.typing as npt

import app
from app.bench.report import Bench, Target
from app.bench.wallet_scans import scan_figures
from app.bench.wallets_data import NOW_S, Pages, made_pages, made_positions
from app.bench.wallets_deck import deck_figures
from app.bench.wallets_python import MarketFacts, Position, measure_page, measure_wallet
from app.core.clock import SystemClock
from app.core.compiling import Function
from app.core.errors import TapedeckError
from app.core.prediction_market import PredictionMarket
from app.feeds.polymarket.batches import compiled_scanner, trade_pages
from app.feeds.polymarket.categories import category
from app.wallets import kernel
from app.wallets.columns import Floats, PositionColumns
from app.wallets.measure import Measurer, compiled_measurer, measurer_for, measures_of
from app.wallets.pages import TokenTable, compiled_positions, positions_of, token_table
from app.wallets.thresholds import Thresholds
from app.wallets.vectorised import measure_in_numpy

WALLETS = 100_000
CHUNK = 2_000
"""Wallets at a time, of which the columns fit into a cache: so are they measured in a scan, and here by every arm."""
_PYTHON_EVERY = 5
_PAGES, _PAGE_ROUNDS = 400, 7
_TOLERANCE = 1e-9
Result = TypeVar("Result")
_SMALL, _RATIO = Thresholds().small_share, Thresholds().chase_ratio


class Measuring(Protocol):
    """Whoever measures columns and times itself."""

    def measure(self, columns: PositionColumns) -> tuple[Floats, int]:
        """The figures, and the nanoseconds they took."""


class Taken(NamedTuple):
    """Nanoseconds of each arm on the same wallets; of plain Python, and numba beside it, on `python_wallets`."""

    numba: int
    numpy: int
    pandas: int
    python: int
    numba_beside_python: int
    python_wallets: int


def measure() -> dict[str, float]:
    """The figures of 100,000 wallets with 100 trades each."""
    return measure_of(WALLETS)


def measure_of(wallets: int) -> dict[str, float]:
    """The figures of so many wallets. Raises `TapedeckError` when pandas or numba is missing or two sides disagree."""
    compiled = _compiled()
    _, compiling_ns = _timed(compiled, made_positions(2, 0), NOW_S, _SMALL, _RATIO)
    with Peer() as pandas:
        taken = take_turns(wallets, compiled, pandas)
    ours_ns, theirs_ns = page_times(compiled, made_pages(_PAGES, 1), _PAGE_ROUNDS)
    return {
        "us_per_wallet_numba": round(taken.numba / wallets / 1_000, 2),
        "us_per_wallet_numpy": round(taken.numpy / wallets / 1_000, 2),
        "us_per_wallet_pandas": round(taken.pandas / wallets / 1_000, 2),
        "us_per_wallet_pure_python": round(taken.python / taken.python_wallets / 1_000, 2),
        "pure_python_wallets": taken.python_wallets,
        "ratio_vs_pandas_groupby": round(taken.pandas / taken.numba, 1),
        "ratio_vs_pure_python": round(taken.python / taken.numba_beside_python, 1),
        "numpy_ratio_vs_pandas_groupby": round(taken.pandas / taken.numpy, 2),
        "end_to_end_us_per_wallet": round(ours_ns / 1_000, 1),
        "end_to_end_us_per_wallet_json_pure_python": round(theirs_ns / 1_000, 1),
        "end_to_end_ratio_vs_json_pure_python": round(theirs_ns / ours_ns, 2),
        "compile_s": round(compiling_ns / 1e9, 1),
        "rss_mb_100k": round(memory_mb("positions", WALLETS), 1),
        "rss_mb_100k_from_json": round(memory_mb("pages", WALLETS), 1),
        **scan_figures(),
        **deck_figures(SystemClock()),
    }


def _compiled() -> Measurer:
    try:
        return compiled_measurer()
    except ImportError as error:
        raise TapedeckError(
            "this benchmark compiles the kernel, and numba is missing: install tapedeck[fast]"
        ) from error


def take_turns(wallets: int, compiled: Measurer, pandas: Measuring) -> Taken:
    """What each arm takes for all pieces, plain Python for every fifth; their figures agree on each."""
    total = Taken(0, 0, 0, 0, 0, 0)
    for number, first in enumerate(range(0, wallets, CHUNK)):
        columns = made_positions(min(CHUNK, wallets - first), number)
        # Numpy comes first: like pandas, which has just read its columns, the kernel then finds them in the cache.
        by_numpy, numpy_ns = _timed(measure_in_numpy, columns, NOW_S, _SMALL, _RATIO)
        by_numba, numba_ns = _timed(compiled, columns, NOW_S, _SMALL, _RATIO)
        by_pandas, pandas_ns = pandas.measure(columns)
        for other in (by_numpy, by_pandas):
            check_equal(by_numba, other)
        taken = Taken(numba_ns, numpy_ns, pandas_ns, 0, 0, 0)
        if number % _PYTHON_EVERY == 0:
            by_python, python_ns = _timed(each_wallet, as_rows(columns))
            check_equal(by_numba, figures_of(by_python, columns.categories))
            taken = Taken(numba_ns, numpy_ns, pandas_ns, python_ns, numba_ns, len(by_python))
        total = Taken(*map(sum, zip(total, taken, strict=True)))
    return total


def each_wallet(wallets: Sequence[Sequence[Position]]) -> list[list[float | str]]:
    """The figures by plain Python, one wallet after another."""
    return [measure_wallet(rows, (), NOW_S, _SMALL, _RATIO) for rows in wallets]


def as_rows(columns: PositionColumns) -> list[list[Position]]:
    """The same positions as tuples, a list a wallet: what plain Python would have had from the start."""
    names = [columns.categories[place] for place in columns.category.tolist()]
    fields = (
        columns.size_usdc, columns.cost_usdc, columns.pnl_usdc, columns.hold_s, columns.entry_price, columns.weight,
        columns.hedged, columns.opened_s, columns.closed_s,
    )  # fmt: skip
    rows = list(map(Position, names, *(field.tolist() for field in fields)))
    ends = columns.offsets.tolist()
    return [rows[first:last] for first, last in pairwise(ends)]


def figures_of(figures: Sequence[Sequence[float | str]], categories: Sequence[str]) -> Floats:
    """What plain Python found as an array, with the top category by its place."""
    places: dict[str | float, float] = dict(zip((*categories, ""), (*range(len(categories)), -1), strict=True))
    return np.array(
        [[places[value] if place == kernel.TOP else float(value) for place, value in enumerate(row)] for row in figures]
    )


def check_equal(ours: Floats, theirs: Floats) -> None:
    """Raises `TapedeckError` naming the figure where two sides differ by more than 1e-9 of what is compared."""
    scale = np.maximum(1.0, np.nanmax(np.abs(ours), axis=0, initial=1.0))
    same = np.isclose(ours, theirs, rtol=_TOLERANCE, atol=0, equal_nan=True) | (np.abs(ours - theirs) <= 1e-9 * scale)
    if not same.all():
        wallet, figure = np.argwhere(~same)[0]
        raise TapedeckError(
            f"two ways to measure {kernel.FIGURES[figure]} differ: {ours[wallet, figure]!r} and "
            f"{theirs[wallet, figure]!r}; one of them is wrong, so no time counts"
        )


class Peer:
    """The Python of `make peers`, which measures with pandas what is put into a file for it."""

    def __init__(self, python: Path | None = None) -> None:
        self._python = python or Path(app.__file__).parents[1] / ".venv-peers" / "bin" / "python"
        self._folder = tempfile.TemporaryDirectory(prefix="tapedeck-bench-")
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        probe = [str(self._python), "-c", "import pandas"]
        if not self._python.exists() or subprocess.run(probe, check=False, capture_output=True).returncode:  # noqa: S603
            self._folder.cleanup()
            raise TapedeckError("this benchmark compares with pandas, which is missing; run: make peers")
        script = Path(app.__file__).parent / "bench" / "wallets_pandas.py"
        # -P: modules beside the script are no libraries, whatever their names.
        self._process = subprocess.Popen(  # noqa: S603 - our own script in our own environment
            [str(self._python), "-P", str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def measure(self, columns: PositionColumns) -> tuple[Floats, int]:
        """The figures pandas finds, and the nanoseconds it took for them, reading the columns not counted."""
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise TapedeckError("the peer is not running; use it within `with`")
        path = Path(self._folder.name) / "columns.npz"
        arrays = {name: value for name, value in columns._asdict().items() if isinstance(value, np.ndarray)}
        given: dict[str, Any] = {**arrays, "now_s": NOW_S, "small": _SMALL, "ratio": _RATIO}
        np.savez(path, **given)
        process.stdin.write(f"{path}\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        if not answer:
            raise TapedeckError("pandas failed on the columns; run: make peers, and the benchmark again")
        figures: Floats = np.load(path.with_suffix(".npy"), allow_pickle=False)
        return figures, int(answer)

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.wait(timeout=10)
            if self._process.stdout is not None:
                self._process.stdout.close()
        self._folder.cleanup()


def page_times(compiled: Measurer, pages: Pages, rounds: int) -> tuple[float, float]:
    """Nanoseconds a wallet from JSON to figures: ours, and `json.loads` with plain Python. Medians of rounds."""
    table, facts = token_table(pages.markets, category), market_facts(pages.markets)
    means = Means(compiled_scanner(), compiled_positions(), compiled)
    measure_pages(pages.bodies[:2], table, means)
    ours_ns, theirs_ns = [], []
    for _ in range(rounds):
        ours, our_ns = _timed(measure_pages, pages.bodies, table, means)
        theirs, their_ns = _timed(each_page, pages.bodies, facts)
        check_equal(ours, figures_of(theirs, table.categories))
        ours_ns.append(our_ns)
        theirs_ns.append(their_ns)
    return float(np.median(ours_ns)) / len(pages.bodies), float(np.median(theirs_ns)) / len(pages.bodies)


class Means(NamedTuple):
    """What takes pages to figures: scanner, positions, measures."""

    scan: Function
    positions: Function
    measurer: Measurer


def measure_pages(bodies: Sequence[bytes], table: TokenTable, means: Means) -> Floats:
    """The figures of wallets, each of one page of trades."""
    columns = positions_of(trade_pages(bodies, means.scan), table, NOW_S, means.positions).columns
    return means.measurer(columns, NOW_S, _SMALL, _RATIO)


def each_page(bodies: Sequence[bytes], facts: dict[str, MarketFacts]) -> list[list[float | str]]:
    """The figures by `json.loads` and plain Python, one page after another."""
    return [measure_page(body, facts, NOW_S, _SMALL, _RATIO) for body in bodies]


def market_facts(markets: Sequence[PredictionMarket]) -> dict[str, MarketFacts]:
    """What plain Python needs to know of each token."""
    return {
        token: MarketFacts(
            market.payouts[place] if market.payouts else None, market.closed_s or 0, category(market.tags),
            market.event_slug or market.condition_id, market.condition_id,
        )
        for market in markets
        for place, token in enumerate(market.token_ids)
    }  # fmt: skip


def memory_mb(begin: str, wallets: int) -> float:
    """The most memory, in 10⁶ bytes, that a process takes which measures so many wallets chunk by chunk.

    They begin as "positions" in columns, or as "pages" of JSON.
    """
    command = [sys.executable, "-m", "app.bench.wallets", begin, str(wallets)]
    ended = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own module
    return float(json.loads(ended.stdout))


def measure_in_chunks(wallets: int) -> npt.NDArray[np.float64]:
    """Measure so many wallets as a scan does: a chunk is made, measured to values, and let go; scores remain."""
    measurer = measurer_for(wallets * 100)
    kept = np.zeros(wallets)
    for number, first in enumerate(range(0, wallets, CHUNK)):
        columns = made_positions(min(CHUNK, wallets - first), number)
        measured = measures_of(columns, measurer(columns, NOW_S, _SMALL, _RATIO))
        kept[first : first + len(measured)] = [each.surplus for each in measured]
    return kept


def measure_pages_in_chunks(wallets: int) -> npt.NDArray[np.float64]:
    """The same from pages of JSON on, with the compiled passes. The pages are a few hundred over and over."""
    pages = made_pages(_PAGES, 1)
    table, means = token_table(pages.markets, category), Means(compiled_scanner(), compiled_positions(), _compiled())
    kept = np.zeros(wallets)
    for first in range(0, wallets, _PAGES):
        figures = measure_pages(pages.bodies[: wallets - first], table, means)
        kept[first : first + len(figures)] = figures[:, kernel.SURPLUS]
    return kept


_MEMORY_OF = {"positions": measure_in_chunks, "pages": measure_pages_in_chunks}


def _timed(work: Callable[..., Result], *given: object) -> tuple[Result, int]:
    """What `work` gives for what it is given, and the nanoseconds of processor time it takes."""
    started_ns = time.process_time_ns()
    result = work(*given)
    return result, time.process_time_ns() - started_ns


WALLETS_BENCH = Bench(
    "wallets",
    "measures of wallets: fused kernel and numpy against pandas and plain Python, end to end from JSON, memory",
    measure,
    {
        "ratio_vs_pandas_groupby": Target(">=", 40),
        "ratio_vs_pure_python": Target(">=", 65),
        "numpy_ratio_vs_pandas_groupby": Target(">=", 4),
        "end_to_end_ratio_vs_json_pure_python": Target(">=", 8),
        "rss_mb_100k": Target("<", 500),
        "rss_mb_100k_from_json": Target("<", 500),
        "avg_ms_per_wallet": Target("<", 25),
        "stage_1_ms": Target("<", 10),
        "stage_2_ms": Target("<", 50),
        "stage_3_ms": Target("<", 200),
        "key_to_paint_ms_p99_scanning": Target("<=", 25, times=1.5, of="key_to_paint_ms_p99"),
        "loop_lag_ms_p99_scanning": Target("<=", 25, times=1.5, of="loop_lag_ms_p99"),
    },
    measure_of,
)


if __name__ == "__main__":
    _MEMORY_OF[sys.argv[1]](int(sys.argv[2]))
    peak_kib = int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
    sys.stdout.write(json.dumps(peak_kib * 1024 / 1e6))
