"""What the event log hears of the database. Pure."""

from app.engine.protocol import StoreView


class StoreNews:
    """Each reason why rows are not saved is told once, and so is the first loss: the header counts on."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def of(self, store: StoreView) -> list[str]:
        """What is new, in sentences."""
        fresh = [text for key, text in _troubles(store) if key not in self._told]
        self._told.update(key for key, _ in _troubles(store))
        return fresh


def _troubles(store: StoreView) -> list[tuple[str, str]]:
    """What is wrong now, each with the key it is told once by."""
    troubles: list[tuple[str, str]] = []
    if store.moved_aside:
        text = f"the database was damaged: it is kept as {store.moved_aside}, and a new one is begun"
        troubles.append((text, text))
    if store.state == "not saved":
        text = f"NOT SAVED: {store.reason}"
        troubles.append((text, text))
    if store.lost:
        troubles.append(("lost", f"ROWS LOST: {store.loss}"))
    return troubles
