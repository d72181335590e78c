"""The measures with pandas, grouped by wallet without a loop. Runs in the Python of `make peers`, as a child:

it reads a line with the name of a file of columns, measures them, writes the figures to the file `NAME.npy` beside it
and prints the nanoseconds of processor time that took. Nothing is open and every category is known in these columns.
"""

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

_SCRATCH, _DAY_S = 0.01, 86_400


def measure_grouped(columns: dict[str, Any], now_s: int, small: float, ratio: float) -> np.ndarray[Any, Any]:
    """The figures, one row a wallet, in the kernel's order."""
    counts = np.diff(columns["offsets"])
    frame = pd.DataFrame({name: columns[name] for name in _COLUMNS})
    frame["wallet"] = np.repeat(np.arange(len(counts)), counts)
    frame["gain"] = frame.pnl_usdc / frame.cost_usdc
    groups = frame.groupby("wallet", sort=False)
    paid, profit = groups.cost_usdc.sum(), groups.pnl_usdc.sum()
    by_category = frame.groupby(["wallet", "category"]).cost_usdc.sum().unstack(fill_value=0.0)
    shares = by_category.div(paid, axis=0)
    total = groups.pnl_usdc.cumsum()
    peak = total.groupby(frame.wallet).cummax().clip(lower=0.0)
    fall = peak - total
    equity = peak + frame.wallet.map(50 * groups.size_usdc.mean())
    won = frame.pnl_usdc.clip(lower=0.0).groupby(frame.wallet).sum()
    lost = won - profit
    wins = (frame.pnl_usdc > _SCRATCH).groupby(frame.wallet).sum()
    losses = (frame.pnl_usdc < -_SCRATCH).groupby(frame.wallet).sum()
    spread = groups.gain.std()
    per_share = frame.gain * frame.entry_price
    decided = frame.weight * per_share * (per_share + 2 * frame.entry_price - 1)
    nothing = frame.cost_usdc.where((frame.hold_s < 3600) & (frame.gain.abs() < 0.01), 0.0)
    best = groups.pnl_usdc.max().clip(lower=0.0)
    figures = [
        paid, by_category.to_numpy().argmax(axis=1), shares.max(axis=1), (shares > small).sum(axis=1),
        *_followed(frame, ratio), fall.groupby(frame.wallet).max(),
        (fall / equity).clip(upper=1.0).groupby(frame.wallet).max(), wins, losses, wins / (wins + losses),
        groups.hold_s.median(), profit, profit / paid, (won / lost).where(lost > 0), spread,
        (groups.gain.mean() / spread).where(spread > 1e-12), _roi(frame, now_s - 7 * _DAY_S, len(counts)),
        _roi(frame, now_s - 30 * _DAY_S, len(counts)), groups.weight.sum(),
        (frame.weight * per_share).groupby(frame.wallet).sum(), decided.groupby(frame.wallet).sum(),
        (best / profit).where(profit > _SCRATCH), nothing.groupby(frame.wallet).sum() / paid,
        frame.cost_usdc.where(frame.hedged, 0.0).groupby(frame.wallet).sum() / paid,
    ]  # fmt: skip
    return np.column_stack([np.asarray(figure, dtype=np.float64) for figure in figures])


_COLUMNS = (
    "category", "size_usdc", "cost_usdc", "pnl_usdc", "hold_s", "entry_price", "weight", "hedged",
    "opened_s", "closed_s",
)  # fmt: skip


def _followed(frame: pd.DataFrame, ratio: float) -> list[pd.Series]:
    """Losses and others that were followed by another position, and those by a much larger one."""
    following = frame[["wallet", "opened_s", "size_usdc"]].sort_values("opened_s", kind="stable")
    left = frame[["wallet", "closed_s", "size_usdc", "pnl_usdc"]].sort_values("closed_s", kind="stable")
    both = pd.merge_asof(
        left, following, left_on="closed_s", right_on="opened_s", by="wallet", direction="forward",
        allow_exact_matches=False, suffixes=("", "_next"),
    )  # fmt: skip
    followed, lost = both.size_usdc_next.notna(), both.pnl_usdc < -_SCRATCH
    larger = both.size_usdc_next > ratio * both.size_usdc
    flags = (followed & lost, larger & lost, followed & ~lost, larger & ~lost)
    return [flag.groupby(both.wallet).sum() for flag in flags]


def _roi(frame: pd.DataFrame, since_s: int, wallets: int) -> pd.Series:
    late = frame[frame.closed_s > since_s].groupby("wallet")[["pnl_usdc", "cost_usdc"]].sum()
    return (late.pnl_usdc / late.cost_usdc).reindex(range(wallets))


def main() -> None:
    """Measure one file of columns after another until the input ends."""
    for line in sys.stdin:
        path = Path(line.strip())
        with np.load(path, allow_pickle=False) as stored:
            columns = {name: stored[name] for name in stored.files}
        now_s, small, ratio = int(columns["now_s"]), float(columns["small"]), float(columns["ratio"])
        started_ns = time.process_time_ns()
        figures = measure_grouped(columns, now_s, small, ratio)
        taken_ns = time.process_time_ns() - started_ns
        np.save(path.with_suffix(".npy"), figures, allow_pickle=False)
        sys.stdout.write(f"{taken_ns}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
