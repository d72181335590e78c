"""How a row, a frozen struct, lies in a table. SQL is put together from fixed names only."""

import re
from collections.abc import Callable, Sequence
from typing import Any, Generic, Literal, TypeVar

import msgspec

from app.core.errors import DataError
from app.core.text import clean

Row = TypeVar("Row")
Value = str | int | float | None
Comparison = Literal["=", "<", "<=", ">", ">="]

_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
_COMPARISONS = frozenset({"=", "<", "<=", ">", ">="})


class Condition(msgspec.Struct, frozen=True):
    """A row is wanted when its `column` compares so with `value`."""

    column: str
    comparison: Comparison
    value: Value


class Table(msgspec.Struct, Generic[Row], frozen=True, kw_only=True):
    """One table: its columns in order, how a row becomes their values and how values become a row again.

    Of two rows with the same `key` the first is kept, with `replaces` the last. `age_column` holds the milliseconds
    retention goes by; a table without one is only emptied through its parent, and where that is in another database, by
    `orphan_age_column`. Rows that meet `stay_sql`, a fixed condition, do not age. Rows of a table with `most_days` go
    at that age, if not sooner.
    """

    name: str
    row: type[Row]
    columns: tuple[str, ...]
    key: tuple[str, ...]
    values: Callable[[Row], Sequence[Any]]
    build: Callable[[dict[str, Any]], Row]
    age_column: str = ""
    orphan_age_column: str = ""
    replaces: bool = False
    stay_sql: str = ""
    most_days: int | None = None

    def __post_init__(self) -> None:
        for name in (self.name, *self.columns):
            if not _NAME.match(name):
                raise ValueError(f"{name!r} cannot be a name in the database")
        for name in (*self.key, *filter(None, (self.age_column, self.orphan_age_column))):
            self.checked(name)

    def checked(self, column: str) -> str:
        """`column` itself, if this table has it; `ValueError` otherwise."""
        if column not in self.columns:
            raise ValueError(f"table {self.name} has no column {clean(column)}")
        return column

    def insert_sql(self) -> str:
        """A statement that adds one row and does what `replaces` says when its key is there already."""
        places = ", ".join("?" * len(self.columns))
        updates = ", ".join(f"{column} = excluded.{column}" for column in self.columns)
        conflict = f"UPDATE SET {updates}" if self.replaces else "NOTHING"
        return (
            f"INSERT INTO {self.name} ({', '.join(self.columns)}) VALUES ({places}) "  # noqa: S608 - fixed names
            f"ON CONFLICT ({', '.join(self.key)}) DO {conflict}"
        )

    def columns_sql(self) -> str:
        """The columns with the table's name before each, for a SELECT."""
        return ", ".join(f"{self.name}.{column}" for column in self.columns)

    def select_sql(self, where: Sequence[Condition], *, newest_first: bool) -> str:
        """A statement for the rows that meet all conditions, by age where the table has one, else by key.

        Its parameters are the conditions' values and the greatest number of rows.
        """
        order = (self.age_column,) if self.age_column else self.key
        direction = "DESC" if newest_first else "ASC"
        return (
            f"SELECT {self.columns_sql()} FROM {self.name}{self._where_sql(where)} "  # noqa: S608 - fixed names
            f"ORDER BY {', '.join(f'{column} {direction}' for column in order)} LIMIT ?"
        )

    def copy_sql(self) -> str:
        """A statement for all rows in the order they came, without a limit."""
        return f"SELECT {self.columns_sql()} FROM {self.name} ORDER BY rowid"  # noqa: S608 - fixed names

    def oldest_sql(self) -> str:
        """A statement for the age of the oldest row that ages."""
        where = f" WHERE {self._ages_sql()}" if self.stay_sql else ""
        return f"SELECT min({self.age_column}) FROM {self.name}{where}"  # noqa: S608 - fixed names

    def newest_sql(self) -> str:
        """A statement for the age of the newest row."""
        return f"SELECT max({self.age_column}) FROM {self.name}"  # noqa: S608 - fixed names

    def expire_sql(self) -> str:
        """A statement that deletes rows older than its first parameter, at most as many as the second, oldest first."""
        return (
            f"DELETE FROM {self.name} WHERE rowid IN (SELECT rowid FROM {self.name} "  # noqa: S608 - fixed names
            f"WHERE {self.age_column} < ? AND {self._ages_sql()} ORDER BY {self.age_column} LIMIT ?)"
        )

    def _ages_sql(self) -> str:
        return f"NOT ({self.stay_sql})" if self.stay_sql else "TRUE"

    def read(self, values: Sequence[Any]) -> Row:
        """The row these values stand for. Raises `DataError` when they cannot."""
        try:
            return self.build(dict(zip(self.columns, values, strict=True)))
        except (ValueError, KeyError) as error:
            raise DataError(f"table {self.name} holds a row that cannot be read ({clean(str(error), 120)})") from error

    def _where_sql(self, where: Sequence[Condition]) -> str:
        for condition in where:
            if condition.comparison not in _COMPARISONS:
                raise ValueError(f"{condition.comparison!r} is not a comparison")
        terms = [f"{self.checked(condition.column)} {condition.comparison} ?" for condition in where]
        return f" WHERE {' AND '.join(terms)}" if terms else ""


def flat_table(
    name: str, row: type[Row], key: tuple[str, ...], *, age_column: str = "", orphan_age_column: str = "",
    replaces: bool = False, stay_sql: str = "", most_days: int | None = None,
) -> Table[Row]:  # fmt: skip
    """The table of a struct whose fields are all numbers, texts, booleans or None: a column a field, in their order."""
    return Table(
        name=name,
        row=row,
        columns=tuple(field.name for field in msgspec.structs.fields(row)),  # type: ignore[arg-type]
        key=key,
        values=msgspec.structs.astuple,  # type: ignore[arg-type]
        build=lambda values: msgspec.convert(values, row, strict=False),
        age_column=age_column,
        orphan_age_column=orphan_age_column,
        replaces=replaces,
        stay_sql=stay_sql,
        most_days=most_days,
    )
