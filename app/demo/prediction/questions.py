"""Parameters of a request, validated, and the refusals that name them."""

import base64
import binascii
from collections.abc import Callable, Mapping
from hashlib import blake2b

import msgspec

JsonScalar = str | int


class Refusal(Exception):  # noqa: N818 - it is an answer of the venue, no fault of the program
    """What the venue answers instead of data."""

    def __init__(self, status: int, code: str, text: str, parameter: str | None = None, wait_s: int = 0) -> None:
        super().__init__(text)
        self.status = status
        self.code = code
        self.text = text
        self.parameter = parameter
        self.wait_s = wait_s


def invalid(parameter: str, text: str) -> Refusal:
    """A 400 that names the parameter."""
    return Refusal(400, "invalid_request", f"{parameter}: {text}", parameter)


class Question:
    """The parameters of one request, in either spelling; `several` keeps repeated keys."""

    def __init__(self, values: Mapping[str, list[str]], seed: int) -> None:
        self._values = {_snake(name): texts for name, texts in values.items()}
        self._secret = blake2b(b"cursor %d" % seed, digest_size=16).digest()

    def text(self, name: str, default: str = "") -> str:
        """One value; 400 when it was given twice."""
        texts = self._values.get(name, [])
        if len(texts) > 1:
            raise invalid(name, "given more than once")
        return texts[0].strip() if texts else default

    def several(self, *names: str) -> list[str]:
        """All values under the given names, comma-joined or repeated."""
        texts = [text for name in names for text in self._values.get(name, [])]
        return [part.strip() for text in texts for part in text.split(",") if part.strip()]

    def repeated(self, name: str) -> list[str]:
        """Values of a repeated key, as gamma wants them: never comma-joined."""
        return [text.strip() for text in self._values.get(name, []) if text.strip()]

    def number(self, name: str, default: int, least: int, most: int) -> int:
        """A whole number within a range; 400 outside of it."""
        text = self.text(name)
        if not text:
            return default
        if not (text.isascii() and text.isdigit() and len(text) < 16 and least <= int(text) <= most):
            raise invalid(name, f"must be a whole number from {least} to {most}")
        return int(text)

    def amount(self, name: str) -> float:
        """A number of at least zero, zero when it is not given."""
        try:
            amount = float(self.text(name, "0"))
        except ValueError:
            amount = -1.0
        if not 0.0 <= amount < 1e15:
            raise invalid(name, "must be a number of at least 0")
        return amount

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        """One of some words, in any case."""
        text = self.text(name, default).lower()
        for known in choices:
            if text == known.lower():
                return known
        raise invalid(name, f"must be one of {', '.join(choices)}")

    def flag(self, name: str, default: bool) -> bool:
        """true or false."""
        return self.choice(name, "true" if default else "false", ("true", "false")) == "true"

    def user(self, required: bool = True) -> str:
        """A wallet's address, lower-case; empty when it need not be given and is not."""
        text = self.text("user").lower()
        if not text and not required:
            return ""
        if len(text) != 42 or not text.startswith("0x") or not all(letter in "0123456789abcdef" for letter in text[2:]):
            raise invalid("user", "must be an address: 0x and 40 hexadecimal digits")
        return text

    def no_offset(self) -> None:
        """400 when an offset is sent: v2 has cursors only."""
        if "offset" in self._values:
            raise invalid("offset", "not supported, use cursor")

    def cursor(self, kind: str, name: str = "cursor") -> dict[str, int]:
        """The anchor inside the cursor that was sent; empty on a first page. 400 when it is none of ours for this."""
        text = self.text(name)
        if not text:
            return {}
        try:
            parts = msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=_Cursor)
        except (msgspec.DecodeError, binascii.Error, ValueError, RecursionError) as error:
            raise invalid(name, "not a cursor of this API") from error
        if parts.data.type != kind or parts.sig != self._sign(parts.data):
            raise invalid(name, "not a cursor of this API")
        if parts.data.params.pop("f", None) != self._filters():
            raise invalid(name, "made with other filters")
        return parts.data.params

    def next_cursor(self, kind: str, **anchor: int) -> str:
        """A cursor that goes on from `anchor` and is good with the same filters only."""
        data = _Anchor(kind, {**anchor, "f": self._filters()})
        text = msgspec.json.encode(_Cursor(data, self._sign(data)))
        return base64.urlsafe_b64encode(text).decode().rstrip("=")

    def filters(self, *ignored: str) -> bool:
        """Whether anything but the ignored parameters was sent."""
        return any(name not in ignored for name in self._values)

    def _filters(self) -> int:
        kept = sorted(
            (name, texts) for name, texts in self._values.items() if name not in ("cursor", "after_cursor", "limit")
        )
        return int.from_bytes(blake2b(msgspec.json.encode(kept), digest_size=6).digest())

    def _sign(self, data: "_Anchor") -> str:
        return blake2b(msgspec.json.encode(data), digest_size=16, key=self._secret).hexdigest()


class _Anchor(msgspec.Struct):
    type: str
    params: dict[str, int]


class _Cursor(msgspec.Struct):
    data: _Anchor
    sig: str


Answer = bytes
Asked = Callable[[Question], Answer]


def _snake(name: str) -> str:
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in name)
