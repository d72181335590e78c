"""What a table says when its filter lets nothing pass, with a question that might be meant. Pure."""

from collections.abc import Sequence

from app.core.text import clean
from app.ui.widgets.columns import Column
from app.ui.widgets.filtering import Filter
from app.ui.widgets.questions import is_number

_SIGNS = {
    ">": (
        "above",
        "over",
        "more",
        "greater",
        "higher",
        "larger",
        "least",
        "beyond",
        "positive",
        "up",
        "rising",
        "high",
    ),
    "<": ("below", "under", "less", "smaller", "lower", "most", "negative", "down", "falling", "low"),
}
_LEAST_LETTERS = 3
_TITLE_CELLS = 40


def nothing_passes(found: Filter, columns: Sequence[Column], clear_key: str) -> str:
    """The sentence in place of the rows: what was looked for, a question like it, and the key that clears it."""
    if found.kind == "question" or found.name:
        return f"No row passes: {found.title}. {clear_key} clears it."
    held = "cell says one of these names" if found.kind == "names" else "row holds these words"
    example = suggested_question(found.text, columns)
    question = f" To ask about numbers, compare: {example}." if example else ""
    return f"No {held}: {clean(found.text, _TITLE_CELLS)}.{question} {clear_key} clears it."


def suggested_question(text: str, columns: Sequence[Column]) -> str:
    """The question that words such as `volume above 10m` may mean; empty for a table without numbers to ask about.

    The field is the first that a word begins, else that of the first number; the sign and the number are those of the
    words where they have any.
    """
    words = [word.strip(".,:;!?").casefold() for word in text.split()]
    numeric = [column for column in columns if column.align == "right" and not column.ranked and column.fields[0]]
    if not numeric:
        return ""
    field = next((column.fields[0] for word in words for column in numeric if _means(word, column)), "")
    sign = next((sign for word in words for sign, ways in _SIGNS.items() if word in ways), ">")
    number = next((word for word in words if is_number(word)), "0")
    return f"{field or numeric[0].fields[0]} {sign} {number}"


def _means(word: str, column: Column) -> bool:
    parts = {part for field in column.fields for part in (field, *field.split("_"))}
    return len(word) >= _LEAST_LETTERS and any(part.startswith(word) for part in parts)
