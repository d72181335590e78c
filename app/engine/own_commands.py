"""Inputs of the engine's own that have the form of commands; no client may send them."""

from app.engine.protocol import RestorePaper
from app.engine.protocol_wallets import RestoreWallets, TidyWallets, UseThresholds
from app.engine.token_state import RestoreTokens
from app.engine.whale_state import RestoreWhales, UseLocalTime

OwnCommand = RestorePaper | RestoreWallets | UseThresholds | TidyWallets | RestoreWhales | UseLocalTime | RestoreTokens
