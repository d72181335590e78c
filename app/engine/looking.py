"""What one client looks at: a coin, a wallet, a trader, an alert, a token, the screener, the list of the followed."""

from app.engine.protocol import Command, LookAt
from app.engine.protocol_screen import LookAtScreener
from app.engine.protocol_token_detail import LookAtToken
from app.engine.protocol_wallets import LookAtWallet
from app.engine.protocol_whales import LookAtAlert, LookAtFollowed, LookAtTrader

OPENED = LookAt | LookAtWallet | LookAtTrader | LookAtAlert | LookAtToken | LookAtScreener
"""What a screen of a deck may have open."""
LOOKS = OPENED | LookAtFollowed


class Looking:
    """The newest look of each kind."""

    def __init__(self) -> None:
        self.market = LookAt("")
        self.wallet = LookAtWallet("")
        self.trader = LookAtTrader("")
        self.alert = LookAtAlert("")
        self.token = LookAtToken("")
        self.followed = LookAtFollowed(listed=False)
        self.screener = LookAtScreener()

    def note(self, command: Command) -> None:
        """A command was carried out; those that are no looks change nothing."""
        match command:
            case LookAt():
                self.market = command
            case LookAtWallet():
                self.wallet = command
            case LookAtTrader():
                self.trader = command
            case LookAtAlert():
                self.alert = command
            case LookAtToken():
                self.token = command
            case LookAtFollowed():
                self.followed = command
            case LookAtScreener():
                self.screener = command
            case _:
                pass

    def ends(self) -> list[Command]:
        """What has the engine know that this client looks at nothing any more."""
        ends: list[Command] = [LookAt("")] if self.market.coin else []
        ends += [LookAtWallet("")] if self.wallet.address else []
        ends += [LookAtTrader("")] if self.trader.address else []
        ends += [LookAtToken("")] if self.token.mint else []
        return ends
