"""A scripted venue that answers on the wire, a plain judge, and the loop that brings a scan and answers together."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from polymarket_samples import market_row, page, position_row, trade_row

from app.core.errors import FrameError
from app.core.text import clean
from app.feeds.polymarket.questions import Question
from app.wallets.answers import Answer, NoAnswer, read_answer
from app.wallets.funnel import Evidence, KnownWallet
from app.wallets.scan import Scan
from app.wallets.scan_values import Finished
from app.wallets.values import Stage, VerdictClass, WalletVerdict

NOW_S = 1_790_000_000
Script = Callable[[Question], bytes | NoAnswer]


def address(number: int) -> str:
    return f"0x{number:040x}"


def condition(number: int) -> str:
    return f"0x{number:064x}"


def stats_body(wallet: str, **changes: Any) -> bytes:
    totals = {"timestamp": NOW_S, "realized_pnl": 900.0, "volume_usdc": 9_000.0, "trade_count": 300, **changes}
    return page({"proxy_wallet": wallet, "trades": 80, "join_date": NOW_S - 9_000_000, "all_time_pnl": totals})


def trades_of(wallet: str, count: int = 5, last_s: int = NOW_S - 1_000, markets: int = 3) -> list[dict[str, Any]]:
    """Rows newest first, a minute apart, in conditions 1 to `markets`."""
    return [
        trade_row(
            proxy_wallet=wallet,
            condition_id=condition(1 + place % markets),
            timestamp=last_s - 60 * place,
            transaction_hash=f"0x{last_s - 60 * place:064x}",
        )
        for place in range(count)
    ]


def leaders(numbers: range, cursor: str = "", pnl: float = 100.0, volume: float = 1_000.0) -> bytes:
    rows = [{"rank": 1 + each, "user_id": address(each), "pnl": pnl, "volume_usdc": volume} for each in numbers]
    return page(rows, cursor)


class Venue(Protocol):
    """Whoever answers questions."""

    def answer(self, question: Question) -> Answer:
        """The answer, as a scan is given it."""


class ScriptedVenue:
    """Every wallet is a plain one: five trades in three markets, one position; `scripts` answer in its place.

    A script's key is a question's name, or its name and subject.
    """

    def __init__(self, scripts: Mapping[str | tuple[str, str], Script] | None = None) -> None:
        self.scripts = dict(scripts or {})
        self.asked: list[Question] = []

    @property
    def counts(self) -> Counter[str]:
        return Counter(question.name for question in self.asked)

    def answer(self, question: Question) -> Answer:
        body = self.body(question)
        if isinstance(body, NoAnswer):
            return body
        try:
            return read_answer(question, body)
        except FrameError as error:
            return NoAnswer(clean(str(error)))

    def body(self, question: Question) -> bytes | NoAnswer:
        self.asked.append(question)
        script = self.scripts.get((question.name, question.subject)) or self.scripts.get(question.name)
        return script(question) if script else self._plain(question)

    def _plain(self, question: Question) -> bytes:
        wallet = question.subject
        match question.name:
            case "stats":
                return stats_body(wallet)
            case "trades":
                start_s = int(dict(question.query).get("start", 0))
                return page([row for row in trades_of(wallet) if row["timestamp"] >= start_s])
            case "pnl":
                return page({"points": [{"timestamp": NOW_S - 86_400, "realized_pnl": 900.0}]})
            case "positions":
                token_id = str(len(question.variant))
                row = position_row(proxy_wallet=wallet, status=question.variant, token_id=token_id)
                return page([{**row, "condition_id": condition(1)}])
            case "markets":
                return resolved(question)
            case _:
                return page([])


def resolved(question: Question) -> bytes:
    """All markets that were asked for as resolved ones; none as open."""
    query = question.query
    if ("closed", "true") not in query:
        return b'{"markets": []}'
    ids = [value for key, value in query if key == "condition_ids"]
    return json.dumps([market_row(conditionId=each) for each in ids]).encode()


class PlainJudge:
    """Rejects by trade count at stage 1, where no market is known at stage 2, by a negative result at stage 3."""

    profile = "plain"

    def stats(self, evidence: Evidence, now_s: int) -> WalletVerdict | None:
        assert evidence.stats is not None
        few = (evidence.stats.trade_count or 0) < 20
        return verdict(evidence, "REJECTED", 1, now_s, "few trades") if few else None

    def trades(self, evidence: Evidence, now_s: int) -> WalletVerdict | None:
        assert evidence.trades
        return None if evidence.markets else verdict(evidence, "REJECTED", 2, now_s, "no market is known")

    def record(self, evidence: Evidence, now_s: int) -> WalletVerdict:
        assert evidence.positions is not None
        assert evidence.pnl is not None
        if any((point.realized_pnl_usdc or 0) < 0 for point in evidence.pnl):
            return verdict(evidence, "REJECTED", 3, now_s, "lost money")
        return verdict(evidence, "TARGET", 3, now_s, f"{len(evidence.positions)} positions")


def verdict(evidence: Evidence, of: VerdictClass, stage: Stage, now_s: int, reason: str) -> WalletVerdict:
    return WalletVerdict(
        wallet=evidence.wallet,
        verdict=of,
        stage=stage,
        judged_s=now_s,
        profile="plain",
        reason=clean(reason),
        score=0.8 if of == "TARGET" else None,
        unknown=evidence.unknown,
    )


def drive(
    scan: Scan,
    venue: Venue,
    known: Mapping[str, KnownWallet] | None = None,
    *,
    choose: Callable[[int], int] = lambda _: 0,
    now_s: int = NOW_S,
    stop_after: int | None = None,
) -> list[Finished]:
    """Bring a scan to its end, or stop after so many answers; `choose` picks which question is answered next."""
    scan.begin(now_s)
    waiting = []
    finished: list[Finished] = []
    answered = 0
    while True:
        while lookups := scan.lookups():
            scan.know({each: (known or {})[each] for each in lookups if each in (known or {})}, now_s)
        waiting += scan.asks()
        finished += scan.finished()
        if scan.is_over or not waiting or answered == stop_after:
            return finished
        ask = waiting.pop(choose(len(waiting)))
        scan.take(ask.number, venue.answer(ask.question), now_s)
        answered += 1
