"""A judgement of a token as the event that is told and as the row that a deck shows. Pure."""

from app.config.token_settings import TokenDecisionSettings
from app.core.text import clean
from app.engine.protocol_tokens import TokenRow
from app.engine.token_looks import Judgement
from app.engine.token_state import TokenJudged
from app.tokens.decision import arithmetic


def judged_of(judgement: Judgement, asked_ms: int) -> TokenJudged:
    """The event; the token was ready to be judged at `asked_ms`."""
    seen, said = judgement.seen, judgement.said
    return TokenJudged(
        mint=seen.listed.mint,
        at_ms=judgement.at_ms,
        candles=seen.window.candles,
        price=seen.price,
        gain_pct=None if said is None else said.gain_pct,
        version="" if said is None else said.version,
        verdict=judgement.verdict,
        asked_ms=asked_ms,
    )


def row_of(judgement: Judgement, judged: TokenJudged, rules: TokenDecisionSettings) -> TokenRow:
    """The row, with texts of venues cleaned; a gain is shown only where the model counted."""
    seen, verdict = judgement.seen, judgement.verdict
    listed = seen.listed
    return TokenRow(
        mint=listed.mint,
        name=clean(listed.name, 40),
        exchange=clean(listed.exchange, 40),
        at_ms=judged.at_ms,
        age_s=max(0, seen.at_s - listed.created_s),
        candles=judged.candles,
        ruling=verdict.ruling,
        reasons=verdict.reasons,
        mode=verdict.mode,
        mode_reason=verdict.mode_reason,
        p_rise=verdict.p_rise,
        gain_pct=None if verdict.p_rise is None else judged.gain_pct,
        p_rug=verdict.p_rug,
        strategy=verdict.strategy,
        combined=verdict.combined,
        size=verdict.size,
        price=judged.price,
        liquidity_usd=seen.liquidity_usd,
        holders=None if seen.holders is None else seen.holders.count,
        seen=judgement.strategy.seen,
        arithmetic=arithmetic(verdict, rules),
        version=clean(judged.version, 100),
    )
