"""The Python of `make peers`, running a script that works on arrays in files."""

import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

import app
from app.core.errors import TapedeckError

Arrays = Mapping[str, NDArray[Any]]
_KEEPING = {"MALLOC_TRIM_THRESHOLD_": str(1 << 30), "MALLOC_MMAP_THRESHOLD_": str(1 << 30)}


class PeerProcess:
    """A script of `app/bench` in the peers' environment, for as long as the block runs.

    With `keeps_memory`, glibc gives nothing back to the system between two runs of an arm, so that arrays do not have
    to be mapped anew: the best a peer can have, and not what it has by itself.
    """

    def __init__(
        self, script: str, needs: tuple[str, ...], python: Path | None = None, *, keeps_memory: bool = False
    ) -> None:
        self._python = python or Path(app.__file__).parents[1] / ".venv-peers" / "bin" / "python"
        self._script, self._needs = Path(app.__file__).parent / "bench" / script, needs
        self._folder = tempfile.TemporaryDirectory(prefix="tapedeck-bench-")
        self._environment = {**os.environ, "TQDM_DISABLE": "1", **(_KEEPING if keeps_memory else {})}
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        probe = [str(self._python), "-c", f"import {', '.join(self._needs)}"]
        if not self._python.exists() or subprocess.run(probe, check=False, capture_output=True).returncode:  # noqa: S603
            self._folder.cleanup()
            raise TapedeckError(
                f"this benchmark compares with {', '.join(self._needs)}, of which some is missing; run: make peers"
            )
        # -P: modules beside the script are no libraries, whatever their names.
        self._process = subprocess.Popen(  # noqa: S603 - our own script in our own environment
            [str(self._python), "-P", str(self._script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, env=self._environment,
        )  # fmt: skip
        return self

    def put(self, name: str, arrays: Arrays) -> Path:
        """Write arrays where an arm finds them."""
        path = Path(self._folder.name) / f"{name}.npz"
        given: dict[str, Any] = dict(arrays)
        np.savez(path, **given)
        return path

    def run(self, arm: str, path: Path) -> tuple[dict[str, NDArray[Any]], int]:
        """What an arm finds in a file, and the nanoseconds of processor time it took for it."""
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise TapedeckError("the peer is not running; use it within `with`")
        process.stdin.write(f"{arm} {path}\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        if not answer:
            raise TapedeckError(f"{arm} failed on the arrays; run: make peers, and the benchmark again")
        with np.load(path.with_suffix(".found.npz"), allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}, int(answer)

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.wait(timeout=10)
            if self._process.stdout is not None:
                self._process.stdout.close()
        self._folder.cleanup()
