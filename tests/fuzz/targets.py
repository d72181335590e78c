"""What reads bytes from outside, by area: each takes any bytes, and may raise the project's own errors only."""

from bar_targets import BAR_TARGETS
from bundle_targets import BUNDLE_TARGETS
from core_targets import CORE_TARGETS
from file_targets import FILE_TARGETS
from launch_targets import LAUNCH_TARGETS
from link_targets import LINK_TARGETS
from saved_targets import SAVED_TARGETS
from target import Target
from venue_targets import VENUE_TARGETS

TARGETS: dict[str, Target] = {
    **VENUE_TARGETS,
    **CORE_TARGETS,
    **FILE_TARGETS,
    **BAR_TARGETS,
    **LAUNCH_TARGETS,
    **SAVED_TARGETS,
    **BUNDLE_TARGETS,
    **LINK_TARGETS,
}
