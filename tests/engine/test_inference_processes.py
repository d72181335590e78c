"""The pool's workers as real processes: killed, stopped, out of memory, and left without a parent."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from inference_soak import Soak
from processes import all_gone, children, wait_until
from tiny_bundle import rows_of, tiny_bundle

from app.config.token_settings import TokenModelSettings
from app.core.clock import SystemClock
from app.engine.inference_pool import InferencePool
from app.engine.inference_requests import PredictionError
from app.tokens.worker_protocol import Messages, Ready, read_from_worker


def _soaked(bundles: Path, kills: int) -> None:
    soak = Soak(bundles)
    health = asyncio.run(soak.run(kills))
    assert health.restarts >= kills
    assert set(soak.endings) == {"answered"}
    assert soak.endings["answered"] > kills
    assert soak.worst_s < soak.allowed_s
    assert (soak.wrong, soak.orphans) == (0, [])
    assert health.uptime_pct is not None
    assert health.uptime_pct > 99.0
    assert len(soak.pids) >= kills + 2


def test_nothing_is_lost_while_workers_are_killed_and_stopped(tmp_path: Path) -> None:
    _soaked(tmp_path, 10)


@pytest.mark.nightly
def test_nothing_is_lost_in_two_hundred_kills(tmp_path: Path) -> None:
    _soaked(tmp_path, 200)


def test_a_bundle_that_needs_more_memory_than_a_worker_may_have_is_refused(tmp_path: Path) -> None:
    tiny_bundle(tmp_path)

    async def play() -> tuple[str, str]:
        settings = TokenModelSettings(workers=1, memory_mb=60)
        pool = InferencePool(settings, [tmp_path], SystemClock(), lambda _: None)
        running = asyncio.create_task(pool.run())
        with pytest.raises(PredictionError) as caught:
            await pool.predict(rows_of()[0])
        reason = pool.health().mode_reason
        running.cancel()
        await asyncio.wait([running])
        return caught.value.kind, reason

    kind, reason = asyncio.run(play())
    assert kind == "strategy-only"
    assert reason == "bundle tiny-1: out of memory"


_PARENT = """
import asyncio, sys
from pathlib import Path
from app.config.token_settings import TokenModelSettings
from app.core.clock import SystemClock
from app.engine.inference_pool import InferencePool

async def main():
    pool = InferencePool(TokenModelSettings(workers=2), [Path(sys.argv[1])], SystemClock(), print, cores=2)
    pool.crew.call(2)
    running = asyncio.create_task(pool.run())
    while pool.health().workers < 2:
        await asyncio.sleep(0.01)
    print("ready", flush=True)
    await running

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends the child of a dead parent while it is stopped")
def test_hazard_25_workers_end_with_their_parent_even_one_that_hangs(tmp_path: Path) -> None:
    tiny_bundle(tmp_path)
    parent = subprocess.Popen([sys.executable, "-c", _PARENT, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    while "ready" not in parent.stdout.readline():
        assert parent.poll() is None
    workers = children(parent.pid)
    assert len(workers) == 2
    workers[0].send_signal(signal.SIGSTOP)
    wait_until(lambda: workers[0].status() == psutil.STATUS_STOPPED, "a worker is stopped")
    parent.kill()
    parent.communicate()
    all_gone(workers)


def test_what_a_worker_prints_is_no_message_and_it_loads_little(tmp_path: Path) -> None:
    folder = tiny_bundle(tmp_path)
    code = (
        "import sys\nfrom app.tokens import worker\n"
        "def noisy(folder):\n    print('a warning of a library', flush=True)\n    return worker._with_onnx(folder)\n"
        "code = worker.main(sys.argv[1:], noisy)\nprint('loaded:', *sys.modules)\nraise SystemExit(code)"
    )
    ran = subprocess.run([sys.executable, "-c", code, str(folder), "1500"], input=b"", capture_output=True, check=True)
    [(header, payload)] = Messages().cut(ran.stdout)
    assert read_from_worker(header, payload)[0] == Ready("tiny-1", "SIMULATED", 1_790_000_000)
    assert b"a warning of a library" in ran.stderr
    loaded = set(ran.stderr.decode().partition("loaded:")[2].split())
    assert "app.tokens.predictor" in loaded
    assert not loaded & {"torch", "asyncio", "textual", "aiohttp", "aiosqlite"}  # a start is short
