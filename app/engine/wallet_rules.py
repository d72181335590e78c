"""What wallets are judged with besides thresholds, as the input that tells of it, and as what judges.

The list of viral wallets is a file and rules are installed packages: a replay knows of both what the tape says.
"""

from app.core.errors import ConfigError
from app.core.text import clean
from app.engine.protocol_wallets import UseWalletRules
from app.wallets.api import Judged, judged_with, judging_of
from app.wallets.judging import Judging
from app.wallets.rules import load_rules, rules_named
from app.wallets.thresholds import Thresholds
from app.wallets.values import ViralWallets

_TEXT_CELLS = 240


def rules_here() -> UseWalletRules:
    """The list and the rules of this machine, as they are now."""
    try:
        viral, rules, notes = judged_with()
    except ConfigError as error:
        return UseWalletRules(trouble=str(error))
    names = tuple((rule.name, rule.version) for rule in rules)
    return UseWalletRules(viral=tuple(sorted(viral.wallets)), rules=names, notes=notes)


def judging_by(thresholds: Thresholds, told: UseWalletRules | None) -> Judged:
    """What judges by these thresholds with what an input told; where none did, with what this machine has.

    Raises `ConfigError` where the list could not be read.
    """
    if told is None:
        return judging_of(thresholds)
    if told.trouble:
        raise ConfigError(clean(told.trouble, _TEXT_CELLS))
    rules, missing = rules_named(told.rules, load_rules()[0])
    notes = (*(clean(note, _TEXT_CELLS) for note in told.notes), *missing)
    return Judged(Judging(thresholds, ViralWallets(wallets=frozenset(told.viral)), rules), notes)
