"""Which keys never reach the deck, because the program around it takes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.ui.actions import Action, shown_key


@dataclass(frozen=True)
class Host:
    """A program that takes keys from what runs in it, and the environment variable (and value) that gives it away."""

    name: str
    keys: frozenset[str]
    variable: str = ""
    value: str = ""

    def is_around(self, environ: Mapping[str, str]) -> bool:
        """Whether the environment says that we run inside it."""
        found = environ.get(self.variable, "") if self.variable else ""
        return found == self.value if self.value else bool(found)


@dataclass(frozen=True)
class Conflict:
    """A key of an action that `host` takes; `instead` are the action's keys that nothing takes."""

    host: Host
    key: str
    action: Action
    instead: tuple[str, ...]


def _controls(letters: str) -> frozenset[str]:
    return frozenset(f"ctrl+{letter}" for letter in letters)


# tmux's own prefix is ctrl+b; most who change it take ctrl+a. VS Code's are the keys of the commands its setting
# terminal.integrated.commandsToSkipShell lists by default, and ctrl+k, which begins its chords.
TMUX = Host("tmux", _controls("ba"), "TMUX")
SCREEN = Host("screen", _controls("a"), "STY")
ZELLIJ = Host("zellij", _controls("ptnhsoqgb"), "ZELLIJ")
VS_CODE = Host(
    "VS Code",
    _controls("efgjkpq") | {"ctrl+pageup", "ctrl+pagedown", "f1", "f5", "f6", "f11"},
    "TERM_PROGRAM",
    "vscode",
)
FLOW_CONTROL = Host("flow control", _controls("sq"))
HOSTS = (TMUX, SCREEN, ZELLIJ, VS_CODE, FLOW_CONTROL)


def hosts_around(environ: Mapping[str, str]) -> tuple[Host, ...]:
    """The programs the environment says we run inside of."""
    return tuple(host for host in HOSTS if host.is_around(environ))


def conflicts(actions: Sequence[Action], hosts: Sequence[Host] = HOSTS) -> tuple[Conflict, ...]:
    """Every key of an action that one of `hosts` takes."""
    taken = frozenset[str]().union(*(host.keys for host in hosts))
    return tuple(
        Conflict(host, key, action, tuple(other for other in action.keys if other not in taken))
        for host in hosts
        for action in actions
        for key in action.keys
        if key in host.keys
    )


def unreachable_notice(found: Sequence[Conflict]) -> str:
    """One sentence about the actions that no key reaches; empty if there is none."""
    lost = [conflict for conflict in found if not conflict.instead]
    if not lost:
        return ""
    first, others = lost[0], len({conflict.action.id for conflict in lost}) - 1
    more = f" and {others} more" if others else ""
    taken = f"{first.host.name} takes {shown_key(first.key)}"
    return f"No key reaches {first.action.id}{more} here: {taken}; see docs/keys.md."


def taken_lines(found: Sequence[Conflict]) -> list[str]:
    """For each host, which keys it takes and what to press instead."""
    hosts = dict.fromkeys(conflict.host for conflict in found)
    return [
        f"Taken by {host.name}: " + ", ".join(_in_words(conflict) for conflict in found if conflict.host == host) + "."
        for host in hosts
    ]


def _in_words(conflict: Conflict) -> str:
    instead = " or ".join(shown_key(key) for key in conflict.instead)
    key = shown_key(conflict.key)
    return f"{key} (press {instead})" if instead else f"{key} ({conflict.action.id} has no other key)"
