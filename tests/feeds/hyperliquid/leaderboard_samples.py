"""Rows of a leaderboard as the venue writes them."""

import json
from typing import Any


def address(number: int) -> str:
    return f"0x{number:040x}"


def window(pnl: str = "1000.0", roi: str = "0.1", vlm: str = "50000.0") -> dict[str, Any]:
    return {"pnl": pnl, "roi": roi, "vlm": vlm}


def row(number: int = 1, **changes: Any) -> dict[str, Any]:
    windows: dict[str, Any] = {"day": window(), "week": window(), "month": window(), "allTime": window()}
    windows |= changes.pop("windows", {})
    told = {
        "ethAddress": address(number), "accountValue": "250000.5", "prize": 0, "displayName": None,
        "windowPerformances": [[name, told] for name, told in windows.items() if told is not None],
    }  # fmt: skip
    return {**told, **changes}


def document(*rows: object) -> bytes:
    return json.dumps({"leaderboardRows": rows}).encode()
