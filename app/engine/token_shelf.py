"""What the database holds of predictions whose horizons have not ended, put together for the start of a run."""

from app.core.errors import DataError
from app.store.reader import Reader
from app.store.store import Store
from app.store.table import Condition
from app.store.token_tables import OUTCOMES_TOLD, PREDICTIONS_MADE, PredictionMade
from app.tokens.labels import RISE_HORIZON_S, RUG_HORIZON_S, Entry
from app.tokens.open_predictions import MOST_RESTORED, OLDEST_MS, encode_open
from app.tokens.outcomes import Predicted

_STEP_MS = 3_600_000
"""An hour at a time: what is read at once is checked at once, and the loop has other work."""
_MOST_AN_HOUR = 2_000
_HORIZONS = (RISE_HORIZON_S, RUG_HORIZON_S)


async def saved_tokens(store: Store, now_ms: int) -> tuple[bytes, str]:
    """The open predictions of earlier runs, empty for none; and why they cannot be read, empty when they can."""
    try:
        return encode_open(await _waiting(store.reader(), now_ms)), ""
    except DataError as error:
        return b"", f"{error}; move the database aside to begin anew"


async def _waiting(reader: Reader, now_ms: int) -> dict[Predicted, frozenset[int]]:
    """The newest predictions, each with its horizons that have no outcome."""
    waiting: dict[Predicted, frozenset[int]] = {}
    for until_ms in range(now_ms + 1, now_ms - OLDEST_MS, -_STEP_MS):
        hour = (Condition("at_ms", ">=", until_ms - _STEP_MS), Condition("at_ms", "<", until_ms))
        made = await reader.select(PREDICTIONS_MADE, hour, limit=_MOST_AN_HOUR)
        told = await reader.select(OUTCOMES_TOLD, hour, limit=2 * _MOST_AN_HOUR) if made else []
        known = {(row.mint, row.at_ms, row.horizon_s) for row in told}
        for row in made:
            missing = frozenset(each for each in _HORIZONS if (row.mint, row.at_ms, each) not in known)
            if missing and len(waiting) < MOST_RESTORED:
                waiting[_predicted(row)] = missing
    return waiting


def _predicted(row: PredictionMade) -> Predicted:
    return Predicted(row.mint, row.pool, row.at_ms, Entry(row.seen_s, row.price or 0.0, row.liquidity_usd))
