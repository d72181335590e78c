"""The state of new tokens → what a deck is shown of them. Reads only."""

from typing import TYPE_CHECKING

from app.core.text import clean
from app.engine.inference_health import InferenceHealth, share_pct
from app.engine.protocol_token_detail import TokenDetail
from app.engine.protocol_tokens import TokenMode, TokenRow, TokensView
from app.engine.tokens import Tokens
from app.tokens.decision import ONLY_SIMULATED, SWITCHED_OFF

if TYPE_CHECKING:
    from app.engine.token_desk import TokenDesk
    from app.engine.token_detail import TokenDetails

MOST_ROWS = 100


class TokensViews:
    """Makes views of one run's tokens, and keeps the rows while none has changed."""

    def __init__(self) -> None:
        self._rows: tuple[int, tuple[TokenRow, ...]] = (-1, ())
        self._details: TokenDetails | None = None

    def of(self, tokens: Tokens, model: InferenceHealth | None) -> TokensView | None:
        """Everything a deck shows of new tokens; None where they are not looked for."""
        if tokens.desk is not None:
            return self._of_desk(tokens, tokens.desk, model)
        is_wanted = tokens.settings.tokens.enabled
        return TokensView(model=model, waiting_for="Starting", is_begun=False) if is_wanted else None

    def _of_desk(self, tokens: Tokens, desk: "TokenDesk", model: InferenceHealth | None) -> TokensView:
        if self._rows[0] != desk.version:
            self._rows = desk.version, tuple(reversed(desk.rows.values()))[:MOST_ROWS]
        counts, outcomes = desk.discovery.counts(), desk.feedback.outcomes
        mode, reason = _mode(tokens, model)
        return TokensView(
            rows=self._rows[1],
            mode=mode,
            mode_reason=reason,
            waiting=counts.waiting,
            watched=counts.watched,
            judged=desk.judged,
            held_back=desk.held_back,
            passed_over=counts.passed_over,
            ended=counts.ended,
            failed=counts.failed,
            refused_rows=counts.refused_rows,
            padded_pct=desk.trust.padded_pct,
            holders_missing=clean(desk.holders_missing, 200),
            states_missing=clean(desk.states_missing, 200),
            model=model,
            waiting_for="" if self._rows[1] else _waiting_for(tokens),
            feature_hit_pct=share_pct(desk.features.charts.hits, desk.features.charts.misses),
            trust=desk.trust.view(),
            labelled=outcomes.labelled,
            unlabelled=outcomes.open,
            unknown=dict(outcomes.unknown),
        )

    def detail(self, tokens: Tokens, mint: str) -> TokenDetail | None:
        """Everything a deck shows of one token; None for one without a verdict."""
        if tokens.desk is None:
            return None
        if self._details is None:
            # With a desk all that this needs is imported already.
            from app.engine.token_detail import TokenDetails

            self._details = TokenDetails()
        return self._details.of(tokens.desk, mint)


def _mode(tokens: Tokens, model: InferenceHealth | None) -> tuple[TokenMode, str]:
    """Whether what the model says counts now: by its workers, or on a tape by what was said last."""
    desk, rules = tokens.desk, tokens.settings.token_decision
    newest = None if desk is None else next(reversed(desk.rows.values()), None)
    if not rules.use_model:
        return "STRATEGY-ONLY", SWITCHED_OFF
    if model is None:
        return (newest.mode, newest.mode_reason) if newest is not None else ("NOT YET", "nothing is judged yet")
    if model.mode != "ML":
        return model.mode, clean(model.mode_reason, 200)
    if model.origin == "SIMULATED" and desk is not None and desk.source == "live":
        return "DO NOT TRUST", ONLY_SIMULATED
    if desk is not None and desk.trust.doubt:
        return "DO NOT TRUST", desk.trust.doubt
    return "ML", ""


def _waiting_for(tokens: Tokens) -> str:
    desk = tokens.desk
    if desk is None:
        return ""
    counts, least = desk.discovery.counts(), tokens.settings.token_decision.minimum_candles
    if counts.watched:
        return f"{counts.watched} tokens are watched, their candles are being asked for"
    if counts.waiting:
        return f"{counts.waiting} new tokens are younger than {least} candles of five minutes"
    failed = ", ".join(f"{venue} {count}" for venue, count in counts.failed.items())
    return f"No token was found yet; unanswered: {failed}" if failed else "Asking for new pools"
