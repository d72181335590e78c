"""What a model server has, and what it means by its refusals. Pure."""

from collections.abc import Iterable
from typing import Literal

import msgspec

from app.core.errors import VenueError
from app.core.text import SafeText, clean

_FACTOR = {"K": 1e-6, "M": 1e-3, "B": 1.0, "T": 1e3}

Trouble = Literal["absent", "lost", "no model", "failed"]
"""Nobody listens; the connection broke; the model is not there; anything else."""


class ModelServerError(VenueError):
    """The model server did not answer as it should. `status` is HTTP's where it gave one, else 0."""

    def __init__(self, fact: str, next_step: str, trouble: Trouble = "failed", status: int = 0) -> None:
        super().__init__(f"{fact}; {next_step}")
        self.fact, self.next_step, self.trouble, self.status = fact, next_step, trouble, status


class InstalledModel(msgspec.Struct, frozen=True):
    """A model the server has; `billions` of parameters, None where it does not tell."""

    name: SafeText
    digest: SafeText
    billions: float | None = None


def find_model(wanted: str, models: Iterable[InstalledModel]) -> InstalledModel | None:
    """The wanted one of the models a server has, if it is there."""
    return next((each for each in models if is_same_model(wanted, each.name)), None)


def refusal(status: int, text: str, model: str, url: str) -> ModelServerError:
    """What an HTTP status with the server's words means; −1 for words in the middle of an answer."""
    said = clean(" ".join(text.split()), 80)
    if status == -1:
        return ModelServerError(f"Ollama broke off its answer ({said})", "its log says why")
    if status == 404 and "model" in text.lower() and "not found" in text.lower():
        return ModelServerError(f"Ollama has no model {model}", f"get it with `ollama pull {model}`", "no model", 404)
    fact, next_step = _refused(status, said, url)
    return ModelServerError(fact, next_step, status=status)


def _refused(status: int, said: str, url: str) -> tuple[str, str]:
    told = f"{status}: {said}" if said else str(status)
    if status in (429, 503):
        return f"Ollama is busy ({told})", "it is asked again with the next read"
    if 300 <= status < 400:
        return f"{url} redirects elsewhere ({status})", "set scalper.url to where Ollama listens"
    if status in (401, 403):
        return f"{url} refuses to answer ({told})", "tapedeck sends no key: ask an Ollama that needs none"
    if status in (404, 405):
        return f"{url} is not Ollama ({told})", "set scalper.url to where Ollama listens"
    if 400 <= status < 500:
        return f"Ollama refused the question ({told})", "update Ollama: answers by a schema need 0.5 or newer"
    if "memory" in said:
        return f"Ollama failed ({told})", "take a smaller model (scalper.model)"
    return f"Ollama failed ({told})", "its log says why"


def is_same_model(wanted: str, listed: str) -> bool:
    """Whether a listed name is the wanted one; without a tag `latest` is meant."""
    tagged = wanted if ":" in wanted.rpartition("/")[2] else f"{wanted}:latest"
    return listed in (wanted, tagged)


def parameter_billions(text: str | None) -> float | None:
    """Ollama's `parameter_size`, such as 7.2B or 494.03M, in billions; None where it says nothing."""
    if not text or len(text) > 16 or text[-1:].upper() not in _FACTOR:
        return None
    number = text[:-1].strip()
    return float(number) * _FACTOR[text[-1].upper()] if number.replace(".", "", 1).isdecimal() else None
