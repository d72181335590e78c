"""What a recording that is begun midway has to know first: commands by which its replay knows what the engine does."""

from collections.abc import Iterator

from app.engine.core import Core
from app.engine.own_commands import OwnCommand, RestorePaper
from app.engine.protocol_screen import LookAtScreener
from app.engine.protocol_wallets import RestoreWallets, UseThresholds
from app.engine.whale_state import RestoreWhales
from app.paper.state import encode_state


def restoring(core: Core) -> Iterator[OwnCommand | LookAtScreener]:
    """Commands after which another core knows of paper, wallets, traders and tokens what this one knows now."""
    if core.paper.ledger is not None:
        yield RestorePaper(encode_state(core.paper.ledger.state()))
    wallets, whales = core.wallets, core.whales
    yield UseThresholds(wallets.thresholds)
    if wallets.rules is not None:
        yield wallets.rules
    if wallets.is_restored:
        yield RestoreWallets(wallets.book.saved(), wallets.notes_unsaved, wallets.next_scan_ms)
    if whales.is_restored:
        yield RestoreWhales(whales.saving.memory(), "", whales.alerting.desk.book.ahead_minutes, whales.regime.model)
    if (tokens := core.tokens.as_begun()) is not None:
        yield tokens
    if core.screening.begun:
        yield LookAtScreener(listed=True)
