"""Short ways to say what a wallet did and which markets there are."""

from collections.abc import Iterable, Sequence

from app.core.prediction_market import ActivityKind, PredictionMarket, WalletActivity, WalletStats
from app.core.text import clean
from app.wallets.positions import KnownMarkets, ledger_of
from app.wallets.values import Ledger

WALLET = "0x" + "ab" * 20
START_S = 1_700_000_000
DAY_S = 86_400
NOW_S = START_S + 400 * DAY_S


def first_tag(tags: Iterable[str]) -> str:
    """The category of these tests: the first tag."""
    return next(iter(tags), "other")


def act(
    kind: ActivityKind, market: str, size: float = 0.0, usdc: float = 0.0, at_s: int = START_S, *, yes: bool = True,
    token: str | None = None,
) -> WalletActivity:  # fmt: skip
    """One thing the wallet did in `market`, whose tokens are its name with + and −."""
    named = kind in ("BUY", "SELL")
    return WalletActivity(
        wallet=WALLET,
        kind=kind,
        condition_id=market,
        token_id=(market + ("+" if yes else "-") if named else "") if token is None else token,
        size=size,
        price=min(1.0, usdc / size) if named and size else 0.0,
        usdc=usdc,
        at_s=at_s,
        event_slug=clean(""),
        outcome_index=(0 if yes else 1) if named else None,
    )


def market(
    name: str, *, yes_pays: float | None = None, closed_s: int | None = None, tag: str = "politics", event: str = ""
) -> PredictionMarket:
    """A market of two outcomes; resolved when it says what yes pays."""
    return PredictionMarket(
        condition_id=name,
        event_slug=clean(event),
        title=clean(name),
        tags=(clean(tag),),
        token_ids=(name + "+", name + "-"),
        payouts=None if yes_pays is None else (yes_pays, 1.0 - yes_pays),
        closed_s=closed_s,
    )


def known(*markets: PredictionMarket) -> KnownMarkets:
    """These markets, with `first_tag` for a category."""
    return KnownMarkets({each.condition_id: each for each in markets}, first_tag)


def ledger(activity: Sequence[WalletActivity], *markets: PredictionMarket, now_s: int = NOW_S) -> Ledger:
    """The wallet's ledger."""
    return ledger_of(WALLET, activity, known(*markets), now_s)


def stats(**changes: object) -> WalletStats:
    """Totals of a wallet that nothing speaks against, with some changed."""
    values = {
        "wallet": WALLET,
        "name": clean("somebody"),
        "markets_traded": 200,
        "trade_count": 400,
        "joined_s": START_S,
        "biggest_win_usdc": 100.0,
        "realized_pnl_usdc": 5_000.0,
        "unrealized_pnl_usdc": 0.0,
        "volume_usdc": 50_000.0,
        "maker_rebate_usdc": 0.0,
    }
    return WalletStats(**{**values, **changes})  # type: ignore[arg-type]
