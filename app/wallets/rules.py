"""Rules of a user's own: Python functions found by the entry points `tapedeck.wallet_rules`.

A rule is given a verdict with all its measures and answers None or what it found. One that raises is named among what
was not known, and the others go on.
"""

from collections.abc import Callable, Iterable
from importlib.metadata import EntryPoint, entry_points
from typing import NamedTuple

from app.core.errors import TapedeckError
from app.core.text import SafeText, clean
from app.wallets.values import Doubt, WalletVerdict

GROUP = "tapedeck.wallet_rules"
_TEXT_CELLS = 160


class RuleFinding(NamedTuple):
    """What a rule found: `penalty` (0-1) is taken from the score, `bars` keeps the wallet from being a TARGET."""

    text: str
    penalty: float = 0.0
    bars: bool = False


RuleFunction = Callable[[WalletVerdict], RuleFinding | None]


class Rule(NamedTuple):
    """A rule by its entry point's name. `version` names the function and the version of the package it comes from."""

    name: str
    judge: RuleFunction
    version: str = ""


def load_rules(points: Iterable[EntryPoint] | None = None) -> tuple[tuple[Rule, ...], tuple[SafeText, ...]]:
    """All installed rules in order of their names, and a line for each that could not be loaded."""
    rules: list[Rule] = []
    refused: list[SafeText] = []
    for point in sorted(entry_points(group=GROUP) if points is None else points, key=lambda point: point.name):
        try:
            rules.append(Rule(clean(point.name), _function(point), _version(point)))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a module does on import, the scan goes on
            refused.append(clean(f"rule {point.name} cannot be loaded: {_words(error)}", _TEXT_CELLS))
    return tuple(rules), tuple(refused)


def rules_named(
    named: Iterable[tuple[str, str]], installed: Iterable[Rule]
) -> tuple[tuple[Rule, ...], tuple[SafeText, ...]]:
    """The rules of these names and versions, and a line for each that is not installed, or in another version.

    One that is not installed finds nothing. All keep the versions they are named with: verdicts are kept under them.
    """
    here = {rule.name: rule for rule in installed}
    rules: list[Rule] = []
    told: list[SafeText] = []
    for name, version in ((clean(name), clean(version)) for name, version in named):
        rule = here.get(name)
        rules.append(Rule(name, _finds_nothing if rule is None else rule.judge, version))
        if rule is None:
            told.append(clean(f"rule {name} ({version}) is not here: what it would find is missing", _TEXT_CELLS))
        elif clean(rule.version) != version:
            text = f"rule {name} is {rule.version} here, not {version}: it may find something else"
            told.append(clean(text, _TEXT_CELLS))
    return tuple(rules), tuple(told)


def _finds_nothing(_verdict: WalletVerdict) -> None:
    return None


def _function(point: EntryPoint) -> RuleFunction:
    found = point.load()
    if not callable(found):
        raise TapedeckError(f"{point.value} is no function; name one")
    function: RuleFunction = found
    return function


def _version(point: EntryPoint) -> str:
    package = f"{point.dist.name} {point.dist.version}" if point.dist is not None else ""
    return f"{package} {point.value}".lstrip()


def _words(error: Exception | SystemExit) -> str:
    """An error of somebody else's code, whose text may be an error itself."""
    try:
        return f"{type(error).__name__} {error}"
    except Exception:  # noqa: BLE001 - its type says enough
        return type(error).__name__


def apply_rules(rules: Iterable[Rule], verdict: WalletVerdict) -> tuple[tuple[Doubt, ...], tuple[SafeText, ...]]:
    """What the rules found, as doubts, and a line for each rule that failed or answered what is no finding."""
    doubts: list[Doubt] = []
    failed: list[SafeText] = []
    for rule in rules:
        try:
            finding = rule.judge(verdict)
            if finding is not None:
                doubts.append(_doubt(rule, finding))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a rule is somebody else's code
            failed.append(clean(f"rule {rule.name} failed: {_words(error)}", _TEXT_CELLS))
    return tuple(doubts), tuple(failed)


def _doubt(rule: Rule, finding: RuleFinding) -> Doubt:
    penalty = float(finding.penalty)
    if not 0.0 <= penalty <= 1.0:
        raise TapedeckError(f"a penalty of {penalty} is not between 0 and 1")
    text = clean(finding.text, _TEXT_CELLS)
    return Doubt(name="rule", rule=rule.name, text=text, bars=bool(finding.bars), penalty=penalty)
