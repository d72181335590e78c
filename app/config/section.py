"""What every group of settings is."""

import msgspec


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A group of settings: a table in the TOML file.

    A `__post_init__` may check single fields only: a file's keys are tried one by one, the others at their defaults.
    """
