"""What a read would have a follower do. Off by default; only what a follower opened is closed by it."""

from app.config.settings import PaperSettings
from app.core.events import Action, RulesRead, ScalperRead
from app.paper.events import Opener

MOMENTUM = (51.0, 70.0)
PRESSURE_FOR, PRESSURE_AGAINST = 10.0, 5.0
_EARLY = ("FRESH", "DEVELOPING")


def reader_of(read: ScalperRead | RulesRead) -> Opener:
    """Whose read it is."""
    return "ai" if isinstance(read, ScalperRead) else "rules"


def entry_of(read: ScalperRead | RulesRead, settings: PaperSettings) -> Action:
    """LONG or SHORT when the read is one to follow into a position, else NONE."""
    if isinstance(read, ScalperRead):
        wanted = read.action in ("LONG", "SHORT") and read.confidence >= settings.follow_confidence
        return read.action if wanted and not read.conflict else "NONE"
    follows_through = read.momentum is not None and MOMENTUM[0] <= read.momentum <= MOMENTUM[1]
    pressed = read.direction * (read.pressure - 50) >= PRESSURE_FOR
    if not (read.direction and follows_through and pressed and read.freshness in _EARLY):
        return "NONE"
    return "LONG" if read.direction > 0 else "SHORT"


def leaves(read: ScalperRead | RulesRead, direction: int) -> bool:
    """Whether the read is one to leave a position of `direction` on: it says so, or it points the other way."""
    if isinstance(read, ScalperRead):
        return read.action == "EXIT" or read.action == ("SHORT" if direction > 0 else "LONG")
    return read.direction == -direction or direction * (50 - read.pressure) >= PRESSURE_AGAINST
