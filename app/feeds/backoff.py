"""How long to wait: before the next try, with full jitter under an exponential ceiling; before what is planned."""

import numpy as np


class Backoff:
    """Waits that grow with failures and start over after a success."""

    def __init__(self, generator: np.random.Generator, *, first_s: float = 1.0, longest_s: float = 30.0) -> None:
        self._generator = generator
        self._first_s = first_s
        self._longest_s = longest_s
        self.failures = 0

    def next_s(self) -> float:
        """Seconds to wait after one more failure: uniform in [0.5 s, ceiling], which doubles up to `longest_s`."""
        ceiling = min(self._longest_s, self._first_s * 2.0 ** min(self.failures, 16))
        self.failures += 1
        return float(self._generator.uniform(min(0.5, ceiling), ceiling))

    def reset(self) -> None:
        """The connection proved stable."""
        self.failures = 0


def spread_s(planned_s: float, generator: np.random.Generator) -> float:
    """Seconds to wait for what is planned: up to a twentieth less, so that what began together drifts apart."""
    return planned_s * float(generator.uniform(0.95, 1.0))
