"""A core that copies followed wallets on paper, with wallets that do what a test says."""

from typing import Any

import msgspec
from polymarket_samples import activity_row, market_row, page, trade_row
from scan_samples import address, condition
from wallet_driver import WalletDriver

from app.config.settings import PaperSettings, Settings
from app.core.record import Kind
from app.engine.freeze import Outside, freeze
from app.engine.own_commands import RestorePaper
from app.engine.protocol import SourceView
from app.engine.protocol_paper import PaperView
from app.engine.protocol_wallets import NoteWallet
from app.feeds.polymarket.questions import Question

ANN, BEN = address(1), address(2)
RACE, CUP = condition(1), condition(2)
YES, NO = "11", "12"
ON = PaperSettings(copy_wallets=True, copy_usd=50, copy_slippage=0.01, copy_every_s=30, copy_oldest_s=120)


class CopyDriver(WalletDriver):
    """A core with a paper ledger and wallets that do what a test says; answers come at once."""

    def __init__(self, paper: PaperSettings = ON, saved: bytes = b"") -> None:
        super().__init__(msgspec.structs.replace(Settings(), paper=paper))
        self.done: dict[str, list[dict[str, Any]]] = {ANN: [], BEN: []}
        self.prints: list[dict[str, Any]] = []
        self.payouts: dict[str, str] = {}
        self.venue.scripts = {"activity": self._activity, "market_trades": self._prints, "markets": self._markets}
        self.kept: list[object] = []
        self.core.journal.keep = self.kept.append
        self.put(Kind.COMMAND, RestorePaper(saved))
        self.restore()

    def follow(self, wallet: str, alias: str = "") -> None:
        assert self.command(NoteWallet(wallet, followed=True, alias=alias))[0]

    def does(self, wallet: str, side: str = "BUY", price: float = 0.50, **changes: Any) -> None:
        """A wallet trades now; the print is on the tape as well."""
        fields = {
            "proxy_wallet": wallet, "condition_id": RACE, "token_id": YES, "size": 100.0, "price": price, "side": side,
            "timestamp": self.now_ms // 1_000, **changes,
        }  # fmt: skip
        self.done[wallet].append({**activity_row(), **fields})
        self.prints.append({**trade_row(), **fields})

    def printed(self, price: float, token_id: str = YES, condition_id: str = RACE) -> None:
        """Somebody else trades."""
        self.prints.append(
            trade_row(proxy_wallet=address(9), price=price, token_id=token_id, condition_id=condition_id,
                      timestamp=self.now_ms // 1_000)
        )  # fmt: skip

    def wait(self, seconds: int) -> None:
        for _ in range(seconds):
            self.tick(1.0)
            self.carry()
            self.tell_all()

    @property
    def paper(self) -> PaperView:
        view = freeze(self.core, SourceView("live", "LIVE", "venue"), Outside()).paper
        assert view is not None
        return view

    @property
    def said(self) -> list[str]:
        return [line.text for line in self.core.journal.log_tail if line.topic == "paper"]

    def asked_of(self, name: str) -> list[Question]:
        return [question for question in self.venue.asked if question.name == name]

    def _activity(self, question: Question) -> bytes:
        since_s = int(dict(question.query)["start"])
        rows = [row for row in self.done[question.subject] if row["timestamp"] >= since_s]
        return page(rows[::-1])

    def _prints(self, question: Question) -> bytes:
        wanted = dict(question.query)["condition"].split(",")
        return page([row for row in self.prints if row["condition_id"] in wanted][::-1])

    def _markets(self, question: Question) -> bytes:
        ids = [value for key, value in question.query if key == "condition_ids" and value in self.payouts]
        rows = [
            market_row(conditionId=each, clobTokenIds=f'["{YES}", "{NO}"]', outcomePrices=self.payouts[each])
            for each in ids
        ]
        return msgspec.json.encode({"markets": rows})


def copying() -> CopyDriver:
    """Ann is followed, and was read up to now."""
    driver = CopyDriver()
    driver.does(ANN, timestamp=driver.now_ms // 1_000 - 100)
    driver.follow(ANN, "the professor")
    driver.wait(31)
    assert driver.paper.copies == ()
    return driver
