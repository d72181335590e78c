"""The one hierarchy of errors.

    TapedeckError        1  something failed
    ├── UsageError       2  the command's words are wrong
    ├── ConfigError      3  a setting is wrong
    ├── VenueError       4  a venue or the network failed
    ├── DataError        5  a file, tape or database is wrong
    │   ├── FrameError      one message from a venue is wrong (counted, never fatal)
    │   ├── NotSavedError   rows go to memory: what is on disk is out of reach
    │   └── BundleRefused   a trained model may not be asked
    └── PartialResultError 6 done in part

Each message names the thing, what was wrong with it, and the next step. The class decides the exit code.
"""


class TapedeckError(Exception):
    """Anything tapedeck itself reports; `exit_code` is what a command ends with."""

    exit_code = 1


class UsageError(TapedeckError):
    """The words of a command do not fit together."""

    exit_code = 2


class ConfigError(TapedeckError):
    """A settings file, environment variable or flag holds a wrong key or value."""

    exit_code = 3


class VenueError(TapedeckError):
    """A venue or the network did not answer as it should."""

    exit_code = 4


class DataError(TapedeckError):
    """A tape, database or import file is damaged or not what it claims to be."""

    exit_code = 5


class FrameError(DataError):
    """One message from a venue could not be used; the stream goes on."""


class NotSavedError(DataError):
    """Rows go to memory while the database cannot be written: what it holds is not known. The message is the reason."""


class BundleRefused(DataError):  # noqa: N818 - what is refused is no accident
    """A bundle of a trained model is damaged, changed, or not fit for what it would be asked; the message says why."""


class PartialResultError(TapedeckError):
    """Some of what was asked for is done, some is not."""

    exit_code = 6
