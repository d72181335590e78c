"""The joins of calls and their outcomes."""

from app.store.schema import CALLS, OUTCOMES

CALL_WIDTH = len(CALLS.columns)
"""Where the outcome's columns begin in a row of `GRADED`."""

_AFTER = "(calls.made_at_ms, calls.call_id) > (?1, ?2) AND calls.made_at_ms < ?3 AND (?4 = '' OR calls.claimant = ?4)"
_ORDER = "ORDER BY calls.made_at_ms, calls.call_id LIMIT ?5"

DECIDED = (
    f"SELECT {CALLS.columns_sql()}, {OUTCOMES.columns_sql()} "  # noqa: S608 - fixed names
    f"FROM calls JOIN outcomes ON outcomes.call_id = calls.call_id WHERE {_AFTER} {_ORDER}"
)
"""Calls that have an outcome, graded or not. Parameters: time and id to begin after, end, claimant or '', limit."""

UNDECIDED = (
    f"SELECT {CALLS.columns_sql()} FROM calls "  # noqa: S608 - fixed names
    f"WHERE NOT EXISTS (SELECT 1 FROM outcomes WHERE outcomes.call_id = calls.call_id) AND {_AFTER} {_ORDER}"
)
"""Calls without one; the same parameters."""
