"""Inputs of the engine's own that have the form of commands; no client may send them."""

import msgspec

from app.engine.protocol_wallets import RestoreWallets, TidyWallets, UseThresholds, UseWalletRules
from app.engine.token_state import RestoreTokens
from app.engine.whale_state import RestoreWhales, UseLocalTime


class RestorePaper(msgspec.Struct, frozen=True, tag="restore_paper"):
    """The paper ledger as it was saved, empty when nothing was."""

    state: bytes


OwnCommand = (
    RestorePaper
    | RestoreWallets
    | UseThresholds
    | UseWalletRules
    | TidyWallets
    | RestoreWhales
    | UseLocalTime
    | RestoreTokens
)
