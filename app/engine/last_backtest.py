"""The last backtest as a small file: the command writes it, an engine shows it. Nothing else is read from it."""

from pathlib import Path

import msgspec

from app.config.files import read_small
from app.config.private_file import write_private
from app.core.errors import ConfigError, DataError
from app.core.text import clean
from app.engine.protocol_screen import BacktestRecord

_MOST_BYTES = 64 * 1024
_MOST_LINES, _LONGEST = 24, 600
_decode = msgspec.json.Decoder(BacktestRecord).decode


def keep_backtest(path: Path, record: BacktestRecord) -> None:
    """Put `record` in place of the one before. Raises `DataError` when it cannot be written."""
    write_private(path, msgspec.json.encode(record))


def read_backtest(path: Path) -> BacktestRecord | None:
    """The record, every text of it cleaned; None where there is none. Raises `DataError` for what is no record."""
    try:
        return _cleaned(_decode(read_small(path, _MOST_BYTES)))
    except FileNotFoundError:
        return None
    except (ConfigError, msgspec.MsgspecError, RecursionError) as error:
        raise DataError(
            f"{path.name} is no record of a backtest ({clean(str(error), 120)}); run `tapedeck backtest` again"
        ) from error


def _cleaned(record: BacktestRecord) -> BacktestRecord:
    compared = tuple((_text(name), _text(one), _text(other)) for name, one, other in record.compared[:_MOST_LINES])
    return BacktestRecord(
        made_ms=record.made_ms,
        title=_text(record.title),
        compared=compared,
        lines=tuple(map(_text, record.lines[:_MOST_LINES])),
        assumptions=tuple(map(_text, record.assumptions[:_MOST_LINES])),
        settings=_text(record.settings),
    )


def _text(text: str) -> str:
    return str(clean(text, _LONGEST))
