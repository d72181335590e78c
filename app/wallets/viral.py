"""The list of wallets everybody watches, `data/viral_wallets.json`: read with care, for users edit it by hand."""

from pathlib import Path

import msgspec

from app.config.files import read_small
from app.config.locations import shipped
from app.core.errors import ConfigError
from app.core.prediction_market import wallet_of
from app.core.text import SafeText, clean
from app.wallets.values import ViralWallets

LARGEST_FILE = 4 * 1024 * 1024
_MOST_REFUSED = 100


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    wallets: list[object]
    last_updated: str = ""
    notes: str = ""


def shipped_list() -> Path:
    """The list that comes with tapedeck."""
    return shipped("data") / "viral_wallets.json"


def read_viral(path: Path) -> ViralWallets:
    """The wallets on a list. An entry that is no address is named and left out, and the others count.

    Raises `ConfigError` when the file cannot be read or is no such list.
    """
    try:
        found = msgspec.json.decode(read_small(path, LARGEST_FILE), type=_File)
    except FileNotFoundError as error:
        raise ConfigError(f"{path} is missing; install tapedeck again or name another list") from error
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise ConfigError(
            f"{path} is no list of wallets ({clean(str(error), 120)}); give it a list `wallets`"
        ) from error
    texts = [str(entry).lower() for entry in found.wallets]
    refused = [text for text in texts if wallet_of(text) is None]
    return ViralWallets(
        wallets=frozenset(wallet for text in texts if (wallet := wallet_of(text)) is not None),
        last_updated=clean(found.last_updated),
        refused=tuple(_refusal(text) for text in refused[:_MOST_REFUSED]),
    )


def _refusal(text: str) -> SafeText:
    return clean(f"{clean(text, 48)!r} is not a wallet's address (0x and 40 hex digits); skipped", 120)
