"""What is printed of a token model's evaluation: tables with intervals, and sentences."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from app.cli.output import print_line, print_table

if TYPE_CHECKING:
    from app.training.token_evaluation import HeadReport, Question

_SCORES = ("model", ">n", ">tokens", ">base rate", ">AUC", ">PR-AUC", ">Brier", ">ECE")
_CUTS = ("model", ">threshold", ">above", ">precision", ">recall", ">false positives")
_FIGURES = ("model", ">n", ">tokens", ">rank correlation", ">explained")
_BUCKETS = ("of", ">n", ">tokens", ">base rate", ">AUC served", ">AUC gradient boosting", ">Brier served")
_DECISIONS = ("of", ">threshold", ">above", ">precision", ">recall", ">false positives")


def print_questions(questions: "Sequence[Question]") -> None:
    """All tables, then what they come to."""
    from app.tokens.heads import SENTENCES
    from app.training.token_evaluation import findings

    for question in questions:
        for head in question.heads:
            print_line("")
            print_line(f"{question.name}, {head.head}: {SENTENCES[head.head]}")
            if served := question.served.get(head.head):
                print_line(f"served: {served}")
            for columns, rows in _tables(head):
                if rows:
                    print_table(columns, rows)
    print_line("")
    for sentence in findings(questions):
        print_line(sentence)


def _tables(head: "HeadReport") -> "Iterable[tuple[Sequence[str], Sequence[Sequence[str]]]]":
    from app.training.token_card import in_words as figure

    yield _SCORES, [
        (each.model, f"{each.n:,}", str(each.tokens), _share(each.base_rate), figure(each.auc), figure(each.pr_auc),
         figure(each.brier), f"{each.calibration_error:.3f}")
        for each in head.scores
    ]  # fmt: skip
    yield _CUTS, [
        (each.model, f"{each.threshold:g}", f"{each.n_above:,}", figure(each.precision), figure(each.recall),
         figure(each.false_positive_rate))
        for each in head.cuts
    ]  # fmt: skip
    yield (
        _FIGURES,
        [
            (each.model, f"{each.n:,}", str(each.tokens), figure(each.rank_correlation), figure(each.explained))
            for each in head.figures
        ],
    )
    yield _BUCKETS, [
        (each.of, f"{each.served.n:,}", str(each.served.tokens), _share(each.served.base_rate),
         figure(each.served.auc), figure(each.boosting.auc), figure(each.served.brier))
        for each in head.buckets
    ]  # fmt: skip
    yield _DECISIONS, [
        (each.of, f"{each.decision.threshold:g}", f"{each.decision.n_above:,}", figure(each.decision.precision),
         figure(each.decision.recall), figure(each.decision.false_positive_rate))
        for each in head.buckets
    ]  # fmt: skip


def _share(value: float) -> str:
    return f"{value:.1%}"
