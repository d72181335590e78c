"""When positions of followed traders are written down: when one changed by enough, or small changes have waited long.

Values at the mark change with every price and are no reason to write: what is compared is the size.
"""

from collections.abc import Collection, Iterable

import msgspec

from app.config.whale_settings import WhalesSettings
from app.core.traders import TraderPosition, TraderState
from app.whales.moves import KnownTrader


class PositionsToSave(msgspec.Struct, frozen=True, kw_only=True):
    """Rows to write of one account as of the venue's `at_ms`: positions that changed, and coins it left.

    `changed_ms` is that of `KnownTrader`: with it a move that is learned again after a restart has its old id.
    `is_first` tells that nothing was known of the account before.
    """

    trader: str
    at_ms: int
    changed_ms: int
    changed: tuple[TraderPosition, ...]
    closed: tuple[str, ...]
    is_first: bool = False

    @property
    def rows(self) -> int:
        """How many rows that is."""
        return len(self.changed) + len(self.closed)


class SavedCounts(msgspec.Struct, frozen=True):
    """Rows of positions: as many as there would be if each update were saved, and as many as were."""

    seen: int = 0
    saved: int = 0


class _Saved(msgspec.Struct, gc=False):
    size: float
    at_ms: int


class Saving:
    """What was last written of each account, by coin."""

    def __init__(self, settings: WhalesSettings) -> None:
        self._settings = settings
        self._saved: dict[str, dict[str, _Saved]] = {}
        self.counts = SavedCounts()

    def restore(self, known: Iterable[KnownTrader]) -> None:
        """These states stand in the database."""
        for state in (one.state for one in known):
            self._saved[state.trader] = {
                position.coin: _Saved(position.size, state.at_ms) for position in state.positions
            }

    def forget(self, trader: str) -> None:
        """The account is not followed any more."""
        self._saved.pop(trader, None)

    def clock_set_back(self, now_ms: int) -> None:
        """The engine's time went back to `now_ms`."""
        for saved in (one for held in self._saved.values() for one in held.values()):
            saved.at_ms = min(saved.at_ms, now_ms)

    def to_save(self, known: KnownTrader, now_ms: int, told: Collection[str] = ()) -> PositionsToSave | None:
        """The rows this state makes necessary; None for none. `told` are coins whose change was told: always saved.

        The caller writes them together with what it told, or later: never earlier, or a crash would lose an alert.
        """
        state = known.state
        first = state.trader not in self._saved
        saved = self._saved.setdefault(state.trader, {})
        changed = tuple(one for one in state.positions if first or self._is_due(saved, one, state, now_ms, told))
        held = {position.coin for position in state.positions}
        closed = tuple(sorted(coin for coin in saved if coin not in held))
        rows = PositionsToSave(
            trader=state.trader, at_ms=state.at_ms, changed_ms=known.changed_ms, changed=changed, closed=closed,
            is_first=first,
        )  # fmt: skip
        self._note(state, saved, rows, now_ms)
        return rows if rows.rows or first else None

    def _is_due(
        self, saved: dict[str, _Saved], position: TraderPosition, state: TraderState, now_ms: int, told: Collection[str]
    ) -> bool:
        last = saved.get(position.coin)
        if last is None or position.coin in told:
            return True
        if position.size == last.size:
            return False
        if now_ms - last.at_ms >= self._settings.saved_every_s * 1_000:
            return True
        return self._is_significant(last.size, position, state.equity_usd)

    def _is_significant(self, size: float, position: TraderPosition, equity_usd: float) -> bool:
        change = abs(position.size - size)
        worth_usd = change * position.value_usd / abs(position.size)
        is_large = change > self._settings.saved_change_share * max(abs(size), abs(position.size))
        return is_large and worth_usd >= self._settings.saved_change_equity * max(0.0, equity_usd)

    def _note(self, state: TraderState, saved: dict[str, _Saved], rows: PositionsToSave, now_ms: int) -> None:
        seen = len(state.positions) + len(rows.closed)
        self.counts = SavedCounts(self.counts.seen + seen, self.counts.saved + rows.rows)
        for position in rows.changed:
            saved[position.coin] = _Saved(position.size, now_ms)
        for coin in rows.closed:
            del saved[coin]
