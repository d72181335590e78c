"""What a group of settings is, and kinds of values that several groups use."""

from typing import Annotated

import msgspec
from msgspec import Meta

Seconds = Annotated[float, Meta(gt=0, le=86_400)]
Share = Annotated[float, Meta(ge=0, le=1)]


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A group of settings: a table in the TOML file.

    A `__post_init__` may check single fields only: a file's keys are tried one by one, the others at their defaults.
    """
