"""Checks of the databases: present, whole, of a version this program reads."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

from app.cli.checks.check import Check
from app.config.locations import Locations
from app.core.errors import DataError


def databases(locations: Locations) -> Iterator[Check]:
    """One row for each source's database."""
    yield _database("live database", locations.database("live"))
    yield _database("demo database", locations.database("demo"))


def _database(name: str, path: Path) -> Check:
    if not path.exists():
        return Check(name, "ok", f"{path} (made when needed)")
    try:
        damage = asyncio.run(_damage(path))
    except DataError as error:
        return Check(name, "fail", str(error), "move it away; a new one is made at the next start")
    fact = f"{path}, {path.stat().st_size / 1e6:.1f} MB"
    if damage:
        return Check(name, "fail", f"{fact}: {damage}", "the next start moves it aside and begins a new one")
    return Check(name, "ok", f"{fact}, whole")


async def _damage(path: Path) -> str:
    from app.store.reader import open_reader

    async with open_reader(path) as reader:
        return await reader.damage()
