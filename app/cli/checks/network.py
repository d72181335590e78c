"""Checks that need the network: whether the venue answers, and whether this machine's clock agrees with the venue's."""

import http.client
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from app.cli.checks.check import Check
from app.core.clock import Clock

_TIMEOUT_S = 5.0
_LARGEST_DRIFT_S = 2.0


def venue(rest_url: str, clock: Clock) -> Iterator[Check]:
    """Ask for the head of `rest_url`: any HTTP answer will do. Follows no redirect, uses no proxy, verifies TLS."""
    host = urlsplit(rest_url).netloc
    started = clock.monotonic_ns()
    try:
        date = _date_header(rest_url)
    except (OSError, http.client.HTTPException) as error:
        fact = f"{host} does not answer ({type(error).__name__}: {error})"
        yield Check("venue", "warn", fact, "check the network; `tapedeck demo` works without")
        return
    took_ms = (clock.monotonic_ns() - started) / 1e6
    yield Check("venue", "ok", f"{host} answers in {took_ms:.0f} ms")
    yield clock_drift(date, clock.wall_ns())


def _date_header(rest_url: str) -> str:
    parts = urlsplit(rest_url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=_TIMEOUT_S)
    try:
        connection.request("HEAD", parts.path or "/")
        return connection.getresponse().getheader("Date", "")
    finally:
        connection.close()


def clock_drift(date: str, wall_ns: int) -> Check:
    """This machine's clock against an HTTP Date header, which counts whole seconds."""
    try:
        venue_s = parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, OverflowError):
        return Check("clock", "warn", "the venue's answer has no date to compare with", "compare it with a time server")
    drift_s = wall_ns / 1e9 - (venue_s + 0.5)
    fact = f"{abs(drift_s):.1f} s {'ahead of' if drift_s > 0 else 'behind'} the venue's"
    if abs(drift_s) > _LARGEST_DRIFT_S:
        return Check("clock", "warn", fact, "set the clock (turn on network time): ages and lags are wrong")
    return Check("clock", "ok", f"within {_LARGEST_DRIFT_S:g} s of the venue's")
