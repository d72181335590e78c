"""Workers of both runtimes: their programs are there, and they say the same."""

import asyncio
from importlib.util import find_spec
from typing import Literal

import numpy as np
import pytest

from app.bench.infer import rows_at_random
from app.config.locations import shipped
from app.config.token_settings import TokenModelSettings
from app.core.clock import SystemClock
from app.engine.inference_pool import InferencePool
from app.engine.inference_process import MODULES

_ROWS = rows_at_random(5, 40)


@pytest.mark.parametrize("module", MODULES.values())
def test_the_program_of_each_runtime_is_there(module: str) -> None:
    assert find_spec(module) is not None


async def _answers(runtime: Literal["onnx", "torch"]) -> list[list[float]]:
    settings = TokenModelSettings(workers=1, runtime=runtime, timeout_ms=60_000)
    pool = InferencePool(settings, [shipped("data") / "token_bundles"], SystemClock(), lambda _: None)
    running = asyncio.create_task(pool.run())
    answers = await asyncio.gather(*map(pool.predict, _ROWS))
    running.cancel()
    await asyncio.wait([running])
    return [[each.p_rise, each.gain_pct, each.p_rug] for each in answers]


@pytest.mark.nightly
def test_torch_says_what_onnx_says() -> None:
    onnx, torch = np.array(asyncio.run(_answers("onnx"))), np.array(asyncio.run(_answers("torch")))
    assert onnx.std(axis=0).min() > 0
    np.testing.assert_allclose(torch, onnx, rtol=1e-5, atol=1e-5)
