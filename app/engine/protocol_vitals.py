"""What an engine tells of its own health. Part of `protocol.py`."""

import msgspec


class VitalsView(msgspec.Struct, frozen=True):
    """The engine's own health over the last minute. `cpu_pct` is of one core; lags are how late the loop was."""

    uptime_s: float
    memory_mb: float
    cpu_pct: float
    loop_lag_ms_p99: float
    loop_lag_ms_max: float
    waiting_inputs: int
    open_files: int | None
