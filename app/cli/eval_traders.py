"""`tapedeck eval traders`: whether a score of one month says anything of the next, on monthly lists of vaults."""

import argparse
import re
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from app.cli import options
from app.cli.figures import counted
from app.cli.output import print_json, print_line, print_table, say
from app.core.errors import DataError

if TYPE_CHECKING:
    from app.bench.vault_study import Agreement, MonthStudy

_LISTS = re.compile(r".*vaults.*(\d{4}-\d{2}-\d{2}).*\.json\.gz", re.ASCII)
_LIST_BYTES = 20_000_000
EPILOG = """\
A folder holds monthly lists of public vaults, one file a month, as they are published: gzipped JSON with `vaults` and a
date in its name (hyperliquid_vaults_2026-03-03.json.gz). Scores of one list are set against what each vault made until
the next, by Spearman's correlation of ranks with its 95 % interval. Vaults that are on no later list are left out; the
last column ranks them as the worst instead.

examples:
  tapedeck eval traders --data lists
  tapedeck eval traders --data lists --json

docs/whales.md says what was found, and what the lists do not tell.
"""


class _Month(NamedTuple):
    """One list against the next, with the dates of both."""

    since: str
    until: str
    study: "MonthStudy"


def configure(parser: argparse.ArgumentParser) -> None:
    """Flags of `eval traders`."""
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="a folder of monthly lists of vaults")
    options.add_json(parser)
    options.add_talk(parser)


def run(args: argparse.Namespace) -> int:
    """Compare each list with the next one. Raises `DataError` for a folder without two lists."""
    from app.bench.vault_study import month_study, read_vaults

    files = list_files(args.data)
    say(f"Reading {len(files)} lists…", quiet=args.quiet or args.json)
    lists = [(day, read_vaults(_body(path))) for day, path in files]
    months = [
        _Month(since, until, month_study(month, following)) for (since, month), (until, following) in pairwise(lists)
    ]
    if args.json:
        print_json({"data": [path.name for _, path in files], "months": [_fields(month) for month in months]})
    else:
        _print(months)
    return 0


def list_files(folder: Path) -> list[tuple[str, Path]]:
    """Dates and files of the lists in a folder, oldest first. Raises `DataError` where there are fewer than two."""
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder; name one that holds lists of vaults")
    named = ((_LISTS.fullmatch(path.name), path) for path in folder.iterdir())
    found = sorted((match[1], path) for match, path in named if match is not None)
    if len(found) < 2:
        raise DataError(
            f"{folder}: {counted(len(found), 'list')} of vaults, and two are needed; --help tells their names"
        )
    return found


def _body(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            body = file.read(_LIST_BYTES + 1)
    except OSError as error:
        raise DataError(f"{path.name} cannot be read: {error.strerror}; take the file as it was published") from error
    if len(body) > _LIST_BYTES:
        raise DataError(f"{path.name} is larger than {_LIST_BYTES // 1_000_000} MB; take the file as it was published")
    return body


def _fields(month: _Month) -> dict[str, object]:
    study = month.study
    agreements = [each._asdict() for each in study.agreements]
    return {
        "from": month.since, "until": month.until, "listed": study.listed, "again": study.again,
        "agreements": agreements,
    }  # fmt: skip


def _print(months: list[_Month]) -> None:
    columns = ("month from", "score", ">n", ">correlation", "95 % interval", ">with those gone")
    print_table(columns, [_cells(month.since, each) for month in months for each in month.study.agreements])
    print_line("")
    for since, until, study in months:
        print_line(f"{since} to {until}: {study.again} of {study.listed} vaults are still listed")


def _cells(since: str, each: "Agreement") -> tuple[str, ...]:
    interval = f"{each.low:+.2f} to {each.high:+.2f}"
    return since, each.score, str(each.n), f"{each.correlation:+.2f}", interval, f"{each.with_missing:+.2f}"
