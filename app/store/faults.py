"""What went wrong with a database, in a sentence that says what to do."""

import sqlite3

from app.core.text import clean

_PRIMARY = 0xFF
_SENTENCES = {
    sqlite3.SQLITE_FULL: "the disk is full; free some space",
    sqlite3.SQLITE_IOERR: "the disk reports an error; check the disk and its free space",
    sqlite3.SQLITE_READONLY: "it may not be written; check the owner and mode of the file and its directory",
    sqlite3.SQLITE_PERM: "it may not be opened; check the owner and mode of the file and its directory",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; check the path, its owner and mode",
    sqlite3.SQLITE_BUSY: "another program holds it; close that program",
    sqlite3.SQLITE_LOCKED: "another program holds it; close that program",
    sqlite3.SQLITE_CORRUPT: "it is damaged; the next try to write it moves it aside",
    sqlite3.SQLITE_NOTADB: "it is not a database; the next try to write it moves it aside",
}
_NO_CODE = 0
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
# The statements that look at a file never change: where one makes no sense to SQLite, or a name is no text, the tables
# are not what they were made as.
_SENSELESS = frozenset({sqlite3.SQLITE_ERROR, _NO_CODE})
# A row with a value the table refuses, or one SQLite cannot hold: the row is wrong, not the database.
ROW_ERRORS = (
    sqlite3.IntegrityError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    OverflowError,
    TypeError,
    ValueError,
)


def explain(error: sqlite3.Error, name: str) -> str:
    """One sentence about `error` on the database `name`, with the next step."""
    known = _SENTENCES.get(_code(error))
    if known is None:
        return f"{clean(name)} failed ({clean(str(error), 120)}); `tapedeck doctor` checks it"
    return f"{clean(name)}: {known}"


def is_damage(error: sqlite3.Error) -> bool:
    """Whether `error` says that the file's content is wrong. Nothing else does: a file that is well is not moved."""
    return _code(error) in _DAMAGE


def makes_no_sense(error: sqlite3.Error) -> bool:
    """Whether SQLite could not make sense of a statement, or its answer is no text: nothing was wrong with the disk."""
    return _code(error) in _SENSELESS


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", _NO_CODE) & _PRIMARY
