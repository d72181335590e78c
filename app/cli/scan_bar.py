"""The progress of a scan on stderr: a bar with what was found so far, only on a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from app.cli.output import Console

if TYPE_CHECKING:
    from app.wallets.scan_values import ScanProgress

Show = Callable[["ScanProgress"], None]


@contextmanager
def progress_bar(*, quiet: bool) -> Iterator[Show]:
    """A bar while the block runs; call what it gives with the progress."""
    console = Console(stderr=True, highlight=False)
    if quiet or not console.is_terminal or console.is_dumb_terminal:
        yield lambda _progress: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    text = TextColumn("{task.description}", markup=False)
    with Progress(
        text, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console, transient=True
    ) as bar:
        task = bar.add_task("wallets", total=None)

        def show(progress: "ScanProgress") -> None:
            total = min(progress.wanted, progress.found) if progress.is_over else progress.wanted
            bar.update(task, completed=progress.finished, total=total, description=described(progress))

        yield show


def described(progress: "ScanProgress") -> str:
    """Where the wallets are, in a few words."""
    first, second, third = (stage.rejected for stage in progress.stages)
    found = f"{progress.targets} targets, {progress.watchlist} on the watchlist"
    return f"rejected {first}/{second}/{third} by stage · {found}"
