"""Checks of the model server that the scalper's read asks. The deck is useful without, so nothing here is a failure."""

import asyncio
from collections.abc import Iterator, Sequence

from app.cli.checks.check import Check
from app.config.settings import ScalperSettings
from app.core.text import clean
from app.scalper.interpreter_view import first_state
from app.scalper.models import InstalledModel, ModelServerError, find_model

_TIMEOUT_S = 5.0
_NAMES_SHOWN = 6
_WITHOUT = "; the rules read without it"


def model_server(settings: ScalperSettings) -> Iterator[Check]:
    """Whether Ollama runs where it is looked for, which models it has, and whether the configured one is among them."""
    state, why = first_state(settings)
    if state == "off":
        yield Check("Ollama", "ok", f"not asked: {why}")
        return
    if state == "refused":
        fact, _, next_step = why.partition("; ")
        yield Check("Ollama", "warn", fact, next_step + _WITHOUT)
        return
    try:
        models = asyncio.run(_models(settings))
    except ModelServerError as error:
        yield Check("Ollama", "warn", error.fact, error.next_step + _WITHOUT)
    except TimeoutError:
        yield Check(
            "Ollama", "warn", f"{settings.url} does not answer within {_TIMEOUT_S:g} s", "restart it" + _WITHOUT
        )
    else:
        yield Check("Ollama", "ok", f"{settings.url} has {_names(models)}")
        yield _wanted(settings.model, models)


def _wanted(model: str, models: Sequence[InstalledModel]) -> Check:
    found = find_model(model, models)
    if found is None:
        next_step = f"get it with `ollama pull {model}`, or set scalper.model to one it has"
        return Check("scalper's model", "warn", f"Ollama has no {model}", next_step)
    size = "" if found.billions is None else f", {found.billions:.3g} billion parameters"
    return Check("scalper's model", "ok", f"{found.name} is there{size}")


def _names(models: Sequence[InstalledModel]) -> str:
    if not models:
        return "no models"
    shown = ", ".join(clean(model.name, 40) for model in models[:_NAMES_SHOWN])
    more = len(models) - _NAMES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


async def _models(settings: ScalperSettings) -> list[InstalledModel]:
    from app.scalper.model_server import ModelServer

    server = ModelServer(settings.url, settings.model)
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            return await server.models()
    finally:
        await server.close()
