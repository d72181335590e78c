"""The hidden truth about wallets, for tests in the same process. Nothing that answers a request may import this."""

import numpy as np

from app.demo.grid import Integers
from app.demo.prediction.kinds import Kind
from app.demo.prediction.world import World


class Truth:
    """Labels and true edges by address."""

    def __init__(self, world: World) -> None:
        self._people = world.people

    def kind(self, address: str) -> Kind:
        """What a wallet is. Raises KeyError for a stranger."""
        return Kind(int(self._people.kind[self._number(address)]))

    def edge(self, address: str) -> float:
        """The chance that the wallet is right at even odds: one half for whoever knows nothing. Raises KeyError."""
        return float(self._people.edge[self._number(address)])

    def wallets(self, *kinds: Kind) -> Integers:
        """Numbers of all wallets of some kinds."""
        return np.flatnonzero(np.isin(self._people.kind, kinds))

    def labels(self) -> dict[str, Kind]:
        """The kind of every wallet."""
        return {self._people.address(number): Kind(int(kind)) for number, kind in enumerate(self._people.kind)}

    def _number(self, address: str) -> int:
        number = self._people.number(address)
        if number is None:
            raise KeyError(address)
        return number
