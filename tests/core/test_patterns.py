"""No pattern of the program takes a time in proportion to the square of a text: looked at, not measured."""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import app

Chars = frozenset[int]
_parser: Any = import_module("re._parser")
_TRIED = (*range(0x250), 0x3000)
"""Characters that stand for all."""
_MANY = _parser.MAXREPEAT


class Part(NamedTuple):
    """A part of a pattern: what it may begin, go on or end with, and whether it may be empty or of any length."""

    chars: Chars
    may_be_empty: bool
    is_endless: bool


def chars_of(operation: Any, argument: Any, flags: int) -> Chars:
    """The characters that one sign of a pattern fits."""
    one = _parser.SubPattern(_parser.State(), [(operation, argument)])
    one.state.flags = flags
    fits = re._compiler.compile(one, flags).match  # type: ignore[attr-defined]
    return frozenset(each for each in _TRIED if fits(chr(each)))


def paths_of(sequence: Any, flags: int) -> list[tuple[Part, ...]]:
    """The parts of a pattern in their order, for each choice among its branches."""
    paths: list[tuple[Part, ...]] = [()]
    for operation, argument in sequence:
        choices = _choices(str(operation), operation, argument, flags)
        paths = [(*path, *choice) for path in paths for choice in choices]
    return paths


def _choices(name: str, operation: Any, argument: Any, flags: int) -> list[tuple[Part, ...]]:
    """What gives nothing back (`*+`, `(?>…)`) cannot be read in two ways; what has no width is no part."""
    if name in ("MAX_REPEAT", "MIN_REPEAT"):
        least, most, body = argument
        return [_repeated(paths_of(body, flags), least, most)]
    if name == "SUBPATTERN":
        return paths_of(argument[3], flags)
    if name == "BRANCH":
        return [path for branch in argument[1] for path in paths_of(branch, flags)]
    if name in ("LITERAL", "NOT_LITERAL", "ANY", "IN"):
        return [(Part(chars_of(operation, argument, flags), False, False),)]
    return [(Part(frozenset(), False, False),)] if name in ("POSSESSIVE_REPEAT", "ATOMIC_GROUP") else [()]


def _repeated(paths: list[tuple[Part, ...]], least: int, most: int) -> tuple[Part, ...]:
    """What is endless in what is endless stands twice: `(a+)+` is read in two ways."""
    parts = [part for path in paths for part in path]
    chars: Chars = frozenset().union(*(part.chars for part in parts))
    may_be_empty = least == 0 or any(all(part.may_be_empty for part in path) for path in paths)
    times = 2 if most == _MANY and any(part.is_endless for part in parts) else 1
    return (Part(chars, may_be_empty, most == _MANY),) * times


def is_read_in_two_ways(pattern: str, flags: int = 0) -> bool:
    """Whether two endless parts touch that share a character: a run of it may end the one anywhere."""
    return any(map(_is_ambiguous, paths_of(_parser.parse(pattern, flags), flags)))


def _is_ambiguous(path: tuple[Part, ...]) -> bool:
    touching: list[Part] = []
    for part in path:
        if part.is_endless and any(each.chars & part.chars for each in touching):
            return True
        touching = [*(touching if part.may_be_empty else ()), *([part] if part.is_endless else ())]
    return False


def patterns() -> Iterator[tuple[str, re.Pattern[Any]]]:
    """Every pattern that a module of the program keeps by a name, with where it stands."""
    root = Path(app.__file__).parent
    for path in sorted(root.rglob("*.py")):
        text = path.read_text()
        if "re.compile(" not in text:
            continue
        module = ".".join(("app", *path.relative_to(root).with_suffix("").parts))
        for node in ast.parse(text).body:
            for target in node.targets if isinstance(node, ast.Assign) else ():
                for each in target.elts if isinstance(target, ast.Tuple) else (target,):
                    kept = getattr(import_module(module), each.id, None) if isinstance(each, ast.Name) else None
                    kept = getattr(kept, "__self__", kept)
                    if isinstance(kept, re.Pattern):
                        yield f"{module} {kept.pattern!r}", kept


def test_hazard_10_no_pattern_that_meets_a_text_can_be_read_in_two_ways() -> None:
    found = [name for name, kept in patterns() if is_read_in_two_ways(as_text(kept.pattern), kept.flags & ~re.UNICODE)]
    assert found == []
    assert len(list(patterns())) > 40


def as_text(pattern: str | bytes) -> str:
    return pattern.decode("latin-1") if isinstance(pattern, bytes) else pattern


@pytest.mark.parametrize(
    ("pattern", "is_slow"),
    [
        (r"^[\s*#>-]*([A-Za-z]+)[\s*]*[:=][\s*]*(.*?)[\s*]*$", True),
        (r"a*a*b", True),
        (r"(a+)+b", True),
        (r"(?:a|b+)*c", True),
        (r"a*x?a*b", True),
        (r"a*xa*b", False),
        (r"\S*\s*b", False),
        (r"(?:a|b)*c", False),
        (r"a*+a*b", False),
    ],
)
def test_what_is_read_in_two_ways_is_found(pattern: str, is_slow: bool) -> None:
    assert is_read_in_two_ways(pattern) == is_slow
