"""What a scan of wallets derives."""

import msgspec

from app.wallets.values import WalletVerdict


class WalletJudged(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict on a wallet, and where it was found. `is_old`: an earlier verdict, for nothing has happened since."""

    verdict: WalletVerdict
    origin: str
    is_old: bool = False
