"""What a person may write for a key, and what Textual calls it.

A key is a character (`f`, `G`, `?`) or one of Textual's names (`enter`, `pageup`, `question_mark`), with modifiers
before it (`ctrl+d`). Names may be written as the deck shows them (`esc`, `pgdn`).
"""

import difflib
import string
from collections.abc import Collection, Mapping
from functools import cache

from textual.keys import Keys

from app.ui.textual_seams import character_name

_ALIASES = {"esc": "escape", "pgup": "pageup", "pgdn": "pagedown", "del": "delete", "ins": "insert", "return": "enter"}
_MODIFIERS = frozenset({"alt", "ctrl", "shift", "super"})
_TWINS = {"ctrl+h": "backspace", "ctrl+i": "tab", "ctrl+m": "enter", "ctrl+left_square_bracket": "escape"}
_NEAR = 0.5
_LONGEST = 40


def key_from(word: str) -> str | None:
    """A key as the action table writes it, from what a person wrote; None for what is no key.

    Characters stay characters, names lose their capitals, modifiers come in the order in which Textual sends them.
    """
    base = "+" if word.endswith("++") else word.rpartition("+")[2]
    modifiers = word.removesuffix(base).removesuffix("+").lower()
    if len(word) == 1 or not modifiers:
        return _unmodified(word)
    return _modified(frozenset(modifiers.split("+")), _unmodified(base))


def nearest_key(word: str) -> str:
    """What the writer of `word`, which is no key, may have meant, as the end of a sentence."""
    twin = _TWINS.get(word.lower().replace("[", "left_square_bracket"))
    if twin:
        return f'terminals send it as "{twin}"'
    head, plus, _ = word.lower().rpartition("+")
    names = [*_names(), *_ALIASES, *string.ascii_letters, *string.digits]
    modified = [f"{head}+{name}" for name in names] if plus and _MODIFIERS.issuperset(head.split("+")) else []
    controls = [f"ctrl+{letter}" for letter in string.ascii_lowercase]
    known = [name for name in modified or [*names, *controls] if key_from(name)]
    return did_you_mean(word, known) or 'write a character or a name such as "enter" or "ctrl+d"'


def did_you_mean(word: str, known: Collection[str]) -> str:
    """The nearest of the `known` words as a question; empty if none is near."""
    near = difflib.get_close_matches(word[:_LONGEST].lower(), known, n=1, cutoff=_NEAR)
    return f'did you mean "{near[0]}"?' if near else ""


def _unmodified(word: str) -> str | None:
    if len(word) > 1:
        name = word.lower()
        return _names().get(_ALIASES.get(name, name))
    # Textual takes lists of keys apart at commas.
    named = {" ": "space", ",": "comma"}.get(word)
    return named or (word if word.isprintable() and word else None)


def _modified(modifiers: frozenset[str], base: str | None) -> str | None:
    if base is None or not modifiers <= _MODIFIERS:
        return None
    if len(base) > 1:
        return "+".join([*sorted(modifiers), base])
    if modifiers == {"shift"}:
        return base.upper() if base.isalpha() else None
    if base.isupper() and "ctrl" not in modifiers:
        modifiers |= {"shift"}
    key = "+".join([*sorted(modifiers), character_name(base.lower())])
    return None if key in _TWINS else key


@cache
def _names() -> Mapping[str, str]:
    """Every name of a key without modifiers, and how the action table writes it: `question_mark` is `?`."""
    special = {key.value for key in Keys if key.value.isalnum()} - _ALIASES.keys()
    signs = {character_name(sign): sign for sign in string.punctuation}
    return {name: name for name in sorted(special)} | signs | {"comma": "comma"}
