"""Keys that venues give out. They come from the environment alone: no file, tape or log holds one."""

import os
import re
from collections.abc import Mapping

from app.core.errors import ConfigError

BIRDEYE_VARIABLE = "BIRDEYE_API_KEY"
_KEY = re.compile(r"[A-Za-z0-9._~+/=-]{1,200}", re.ASCII)


class Secret:
    """A key. Whatever prints it shows stars; only `reveal` tells it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The key itself, for the header of a request."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    def __reduce__(self) -> str:
        raise TypeError("a key is not to be written anywhere")


def birdeye_key(environ: Mapping[str, str] = os.environ) -> Secret | None:
    """Birdeye's key; None where there is none. Raises `ConfigError` for what can be no key, without telling it."""
    text = environ.get(BIRDEYE_VARIABLE, "").strip()
    if not text:
        return None
    if not _KEY.fullmatch(text):
        raise ConfigError(f"{BIRDEYE_VARIABLE} is no key: letters, digits and ._~+/=- are allowed, at most 200")
    return Secret(text)
