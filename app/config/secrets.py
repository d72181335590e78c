"""Keys that venues give out. They come from the environment alone: no file, tape or log holds one."""

import os
import re
from collections.abc import Mapping

from app.core.errors import ConfigError

BIRDEYE_VARIABLE = "BIRDEYE_API_KEY"
_KEY = re.compile(r"[A-Za-z0-9._~+/=-]{8,200}", re.ASCII)
"""What is shorter is no key, and would be found in any text."""
_PLAIN = re.compile(r"[a-z0-9]+", re.ASCII)


class Secret:
    """A key. Whatever prints it shows stars; only `reveal` tells it."""

    __slots__ = ("_plain", "_signs", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._signs = re.compile("".join(map(_written, text)).encode(), re.IGNORECASE)
        # The part that is written in one way alone is quickly looked for.
        self._plain = max(_PLAIN.findall(text.lower()), key=len, default="").encode()

    def reveal(self) -> str:
        """The key itself, for the header of a request."""
        return self._text

    def conceal(self, told: bytes) -> bytes:
        """What a venue has told, with stars for the key: in either case, and as JSON or an address may write it."""
        is_told = bool(self._text) and self._plain in told.lower()
        return self._signs.sub(b"***", told) if is_told else told

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
        raise ConfigError(f"{BIRDEYE_VARIABLE} is no key: it has 8 to 200 letters, digits and ._~+/=-")
    return Secret(text)


def _written(sign: str) -> str:
    """The ways in which a sign of a key is written, as a pattern: letters and digits in one; others also as in JSON, in
    JSON within JSON, or in an address."""
    if sign.isalnum():
        return re.escape(sign)
    code = f"{ord(sign):02x}"
    return rf"(?:\\{{0,3}}(?:{re.escape(sign)}|u00{code})|%{code})"
