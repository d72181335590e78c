"""Desks and causes of alerts."""

from trader_samples import NOW_MS

from app.config.whale_settings import AlertsSettings
from app.core.whale_events import AlertKind, AlertRecord
from app.whales.alert_desk import AlertDesk
from app.whales.alert_values import AlertCause, RestoreAlerts
from app.whales.alert_words import short_address

MINUTE_MS = 60_000
SETTINGS = AlertsSettings()
RECORD = AlertRecord(n=50, hits=35, median_move_bps=4.2)


def records(kind: AlertKind) -> AlertRecord | None:
    return RECORD if kind == "whale_move" else None


def a_desk(
    settings: AlertsSettings = SETTINGS, kept: RestoreAlerts | None = None, followed: frozenset[str] = frozenset()
) -> AlertDesk:
    return AlertDesk(settings, followed, short_address, records, kept)


def a_cause(cause: str = "a", **fields: object) -> AlertCause:
    values: dict[str, object] = {
        "kind": "whale_move", "severity": "LOW", "coin": "BTC", "at_ms": NOW_MS, "direction": 1, "text": cause,
        "value_usd": 1e6, "percentile": None, "price": 60_000.0, "traders": ("t",), "moves": (cause,),
    }  # fmt: skip
    return AlertCause(cause=cause, **(values | fields))  # type: ignore[arg-type]
