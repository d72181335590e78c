"""Which actions footer and palette offer, and in which order. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from app.core.playback import Playback
from app.ui.actions import ACTIONS, MENUS, PANELS, Action, ScreenName

FREQUENT = ("open", "back", "metrics", "refresh", "read", "paper", "freeze", "record", "log", "feeds", "copy", "help")
"""What the command palette offers first."""
_WHERE_ROOM = ("screener", "paper")
"""What the footer names last: other screens, which the help lists too."""


def by_frequency(actions: Sequence[Action]) -> list[Action]:
    """Actions as the command palette offers them: frequent ones first, leaving the deck last."""
    places = {action_id: place for place, action_id in enumerate(FREQUENT)} | {"quit": len(ACTIONS) + 1}
    return sorted(actions, key=lambda action: places.get(action.id, len(ACTIONS)))


def footer_actions(
    screen: ScreenName,
    playback: Playback | None,
    actions: Sequence[Action] = ACTIONS,
    job: str = "",
    *,
    next_panel: str = "",
    idle: Collection[str] = (),
) -> list[Action]:
    """The actions the footer of a screen shows, most wanted first; the tape's own come first on a tape's dashboard.

    `job` is what the key for work by hand does on the panel in focus; empty when it does nothing. `next_panel` names
    the panel that is not shown and one key away, if one is; `idle` are ids of actions that have nothing to act on.
    """
    labels = {"refresh": job} | ({"open": "choose"} if screen in MENUS else {})
    shown = [
        replace(action, label=labels.get(action.id, action.label))
        for action in actions
        if screen in action.footer and action.id not in idle and (action.id != "refresh" or job)
    ]
    shown.sort(key=lambda action: action.id in _WHERE_ROOM)
    if next_panel:
        hidden = [replace(action, label=next_panel) for action in shown if action.id == "next-panel"]
        shown = [*hidden, *(action for action in shown if action.id != "next-panel")]
    if playback is None or screen not in PANELS or "pause" in idle:
        return shown
    space = "again" if playback.ended else "play" if playback.paused else "pause"
    tape = [action for action in actions if action.id in ("pause", "slower", "faster")]
    return [*(replace(action, label=space) if action.id == "pause" else action for action in tape), *shown]
