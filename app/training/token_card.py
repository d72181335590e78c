"""Tables of a bundle's card: what was measured, for people who read Markdown."""

from collections.abc import Iterable, Sequence

from app.measures.blocks import Estimate
from app.training.token_evaluation import HeadReport, Question

_SCORES = ("model", "n", "tokens", "base rate", "AUC", "PR-AUC", "Brier", "ECE")
_CUTS = ("decision", "n above", "precision", "recall", "false positives")
_BUCKETS = ("of", "n", "tokens", "base rate", "AUC", "n above", "precision", "recall", "false positives")
_FIGURES = ("model", "n", "tokens", "rank correlation", "share explained")


def measured_tables(questions: Iterable[Question]) -> list[str]:
    """Lines of Markdown: of each head what is served and every baseline, with 95 % intervals over tokens."""
    return [line for question in questions for head in question.heads for line in _head(question, head)]


def _head(question: Question, head: HeadReport) -> Iterable[str]:
    yield f"`{head.head}`, {question.name}:"
    yield ""
    scores = [
        (each.model, f"{each.n:,}", str(each.tokens), f"{each.base_rate:.1%}", in_words(each.auc),
         in_words(each.pr_auc), in_words(each.brier), f"{each.calibration_error:.3f}")
        for each in head.scores
    ]  # fmt: skip
    cuts = [
        (f"{each.model} ≥ {each.threshold:g}", f"{each.n_above:,}", in_words(each.precision), in_words(each.recall),
         in_words(each.false_positive_rate))
        for each in head.cuts
    ]  # fmt: skip
    figures = [
        (each.model, f"{each.n:,}", str(each.tokens), in_words(each.rank_correlation), in_words(each.explained))
        for each in head.figures
    ]
    buckets = [
        (each.of, f"{each.served.n:,}", str(each.served.tokens), f"{each.served.base_rate:.1%}",
         in_words(each.served.auc), f"{each.decision.n_above:,}", in_words(each.decision.precision),
         in_words(each.decision.recall), in_words(each.decision.false_positive_rate))
        for each in head.buckets
    ]  # fmt: skip
    for columns, rows in ((_SCORES, scores), (_CUTS, cuts), (_BUCKETS, buckets), (_FIGURES, figures)):
        if rows:
            yield from _table(columns, rows)


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterable[str]:
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def in_words(value: Estimate) -> str:
    """A value with its interval, where there are such."""
    if value.value is None:
        return "-"
    if value.low is None or value.high is None:
        return f"{value.value:.3f}"
    return f"{value.value:.3f} ({value.low:.3f} to {value.high:.3f})"
