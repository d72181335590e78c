"""A paper position in a token: bought in parts, valued at what selling all of it would bring. Pure."""

import msgspec

from app.paper.events import TokenBought, TokenEnd, TokenSold
from app.paper.token_fills import Pool, buy, sell
from app.paper.token_state import TokenOrder, TokenPart, TokenPosition, TokenRules


def opened(
    order: TokenOrder, usd: float, parts: tuple[TokenPart, ...], pool: Pool, rules: TokenRules, now_ms: int
) -> tuple[TokenPosition, TokenBought]:
    """The position that an order becomes, bought for `usd` now; `parts` are to follow."""
    got = buy(usd, pool, rules.fee)
    position = TokenPosition(
        number=order.number, mint=order.mint, pool=order.pool, name=order.name, by=order.by, tokens=got.tokens,
        cost_usd=usd, fees_usd=got.fee_usd, price=pool.price, liquidity_usd=pool.liquidity_usd,
        most_liquidity_usd=pool.liquidity_usd, close_usd=sell(got.tokens, pool, rules.fee).usd, opened_ms=now_ms,
        priced_ms=now_ms, parts=parts,
    )  # fmt: skip
    return position, _bought(position, usd, got.tokens, got.fee_usd, pool, now_ms)


def averaged(
    position: TokenPosition, pool: Pool, rules: TokenRules, now_ms: int
) -> tuple[TokenPosition, TokenBought | None]:
    """The position after its next part, where the price is low enough for it and the pool can bear it still."""
    if position.closing or not position.parts or pool.price > position.parts[0].price:
        return position, None
    part, *later = position.parts
    if part.usd > rules.sizing.maximum_liquidity_share * pool.liquidity_usd:
        return position, None
    got = buy(part.usd, pool, rules.fee)
    tokens = position.tokens + got.tokens
    after = msgspec.structs.replace(
        position, tokens=tokens, cost_usd=position.cost_usd + part.usd, fees_usd=position.fees_usd + got.fee_usd,
        close_usd=sell(tokens, pool, rules.fee).usd, parts=tuple(later),
    )  # fmt: skip
    return after, _bought(after, part.usd, got.tokens, got.fee_usd, pool, now_ms)


def seen(position: TokenPosition, pool: Pool, rules: TokenRules, now_ms: int) -> TokenPosition:
    """The position at the pool as it is now."""
    return msgspec.structs.replace(
        position,
        price=pool.price,
        liquidity_usd=pool.liquidity_usd,
        most_liquidity_usd=max(position.most_liquidity_usd, pool.liquidity_usd),
        close_usd=sell(position.tokens, pool, rules.fee).usd,
        priced_ms=max(position.priced_ms, now_ms),
        unseen_ms=max(position.unseen_ms, now_ms - position.priced_ms),
        missing_ms=0,
    )


def exit_of(position: TokenPosition, rules: TokenRules) -> TokenEnd | None:
    """Why a position is left at the prices it was seen at last; None where it stays. Its time is another's business."""
    paper, result_pct = rules.paper, 100 * position.result_usd / position.cost_usd
    if position.liquidity_usd <= position.most_liquidity_usd * (1 - paper.drain_pct / 100):
        return "drain"
    if paper.stop_pct and result_pct <= -paper.stop_pct:
        return "stop"
    return "target" if paper.target_pct and result_pct >= paper.target_pct else None


def closing(position: TokenPosition, reason: TokenEnd, now_ms: int) -> TokenPosition:
    """The position once its end is decided: no further part is bought."""
    return msgspec.structs.replace(position, closing=reason, decided_ms=now_ms, parts=())


def sold(position: TokenPosition, rules: TokenRules, now_ms: int) -> TokenSold:
    """What a position came to, sold through the pool as it was seen last."""
    got = sell(position.tokens, Pool(position.price, position.liquidity_usd), rules.fee)
    return _ended(position, got.usd, got.fee_usd, position.closing or "hand", now_ms)


def lost(position: TokenPosition, now_ms: int) -> TokenSold:
    """What a position came to whose pool is gone: nothing."""
    return _ended(position, 0.0, 0.0, "gone", now_ms)


def until(position: TokenPosition, now_ms: int) -> TokenPosition:
    """The position with no time later than `now_ms`."""
    names = ("opened_ms", "priced_ms", "missing_ms", "decided_ms")
    return msgspec.structs.replace(position, **{name: min(getattr(position, name), now_ms) for name in names})


def _bought(position: TokenPosition, usd: float, tokens: float, fee_usd: float, pool: Pool, now_ms: int) -> TokenBought:
    return TokenBought(
        number=position.number, mint=position.mint, name=position.name, by=position.by, usd=usd, tokens=tokens,
        fee_usd=fee_usd, pool_price=pool.price, paid_price=usd / tokens, liquidity_usd=pool.liquidity_usd,
        left=len(position.parts), at_ms=now_ms,
    )  # fmt: skip


def _ended(position: TokenPosition, usd: float, fee_usd: float, reason: TokenEnd, now_ms: int) -> TokenSold:
    return TokenSold(
        number=position.number, mint=position.mint, name=position.name, by=position.by, reason=reason,
        tokens=position.tokens, cost_usd=position.cost_usd, got_usd=usd, fees_usd=position.fees_usd + fee_usd,
        pool_price=position.price, liquidity_usd=position.liquidity_usd, opened_ms=position.opened_ms,
        closed_ms=now_ms, unseen_ms=max(position.unseen_ms, now_ms - position.priced_ms),
    )  # fmt: skip
