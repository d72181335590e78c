"""The model server as tapedeck speaks to it: Ollama's HTTP API through its own client.

Whatever goes wrong is a `ModelServerError` in plain words. Importing this module takes some tenths of a second (ollama,
httpx, pydantic): import it in a thread, and only where a model is asked.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from typing import Any, cast

import anyio
import httpx
import msgspec
import ollama

from app.core.text import clean
from app.scalper.answer import LONGEST_ANSWER
from app.scalper.capped_http import CappedTransport
from app.scalper.models import InstalledModel, ModelServerError, is_same_model, parameter_billions, refusal
from app.scalper.reply import Reply

_LONGEST_WAIT_S = 150.0
"""The client's own limit on silence; whoever asks has a shorter one over the whole exchange."""
_TIMEOUT = httpx.Timeout(_LONGEST_WAIT_S, connect=2.0, write=5.0, pool=2.0)
_LARGEST_COUNT = 10**9 - 1


class _Chat(msgspec.Struct):
    """What of a question goes to the server."""

    model: str
    messages: list[dict[str, str]]
    keep_alive: str
    options: dict[str, int | float]
    format: dict[str, Any] | None = None
    think: bool = False


_decode = msgspec.json.Decoder(_Chat).decode


class ModelServer:
    """One long-lived client. Nothing connects before the first question."""

    def __init__(self, url: str, model: str) -> None:
        """`url` must have been checked (`app.config.urls`); `model` is what is asked for, as Ollama names it."""
        self._url, self._model = url, model
        self._client = ollama.AsyncClient(
            host=url,
            timeout=_TIMEOUT,
            follow_redirects=False,
            trust_env=False,
            headers={"Accept-Encoding": "identity"},
            transport=CappedTransport(url),
            event_hooks={"request": [_without_key]},
        )

    async def models(self) -> list[InstalledModel]:
        """The models it has. Raises `ModelServerError`."""
        with self._in_plain_words():
            listed = await self._client.list()
            return [
                InstalledModel(
                    clean(each.model or "", 128),
                    clean(each.digest or "", 128),
                    parameter_billions(each.details.parameter_size if each.details else None),
                )
                for each in listed.models
            ]

    async def is_loaded(self) -> bool:
        """Whether it has the model in memory. Raises `ModelServerError`."""
        with self._in_plain_words():
            running = await self._client.ps()
            return any(is_same_model(self._model, each.model or "") for each in running.models)

    async def chat(self, body: bytes) -> Reply:
        """The whole answer to a question made by `app.scalper.question.ask`. Raises `ModelServerError`."""
        question = _decode(body)
        with self._in_plain_words():
            parts = await self._client.chat(
                model=question.model,
                messages=question.messages,
                stream=True,
                think=question.think,
                format=question.format,
                options=question.options,
                keep_alive=question.keep_alive,
            )
            # A generator that is left half-way holds its connection until it is closed.
            async with aclosing(cast("AsyncGenerator[ollama.ChatResponse, None]", parts)) as stream:
                return await self._whole(stream)

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()  # type: ignore[no-untyped-call]

    async def _whole(self, parts: AsyncIterator[ollama.ChatResponse]) -> Reply:
        texts: list[str] = []
        length = 0
        last: ollama.ChatResponse | None = None
        async for part in parts:
            texts.append(part.message.content or "")
            length += len(texts[-1])
            if length > LONGEST_ANSWER:
                raise ModelServerError(
                    f"{self._model} did not stop after {LONGEST_ANSWER} characters", "try another model (scalper.model)"
                )
            last = part if part.done else last
        if last is None:
            raise ModelServerError("Ollama ended its answer before it was done", "its log says why")
        return _reply("".join(texts), last, self._model)

    @contextmanager
    def _in_plain_words(self) -> Iterator[None]:
        """Every way in which client, connection and server are known to fail, as one error."""
        try:
            yield
        except ModelServerError:
            raise
        except ollama.ResponseError as error:
            raise refusal(error.status_code, str(error.error), self._model, self._url) from error
        except (ConnectionError, httpx.ConnectError, httpx.ConnectTimeout) as error:
            # What is under the client's own words about downloading and running tells nothing more.
            raise ModelServerError(
                f"Ollama does not run at {self._url}", "start it with `ollama serve`", "absent"
            ) from error
        except httpx.TimeoutException as error:
            raise ModelServerError(f"Ollama fell silent ({type(error).__name__})", "restart it") from error
        except (httpx.TransportError, OSError) as error:
            fact = f"the connection to Ollama broke ({type(error).__name__})"
            raise ModelServerError(fact, "see whether it is still running", "lost") from error
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            fact = f"{self._url} cannot be asked ({type(error).__name__})"
            raise ModelServerError(fact, "correct scalper.url") from error
        # The client takes each line for an object with Ollama's fields, and fails in these ways when it is none.
        # A codec that it is told to use may fail in any other.
        except (ValueError, TypeError, AttributeError, LookupError, AssertionError, RuntimeError) as error:
            fact = f"{self._url} sent an answer that cannot be read ({type(error).__name__})"
            raise ModelServerError(fact, "see whether it is Ollama that listens there") from error


def load_network() -> None:
    """Load what the client would load at its first question, in the loop; for a thread, which has none."""
    anyio.run(anyio.sleep, 0)


async def _without_key(request: httpx.Request) -> None:
    """The client takes OLLAMA_API_KEY from the environment; it is for Ollama's own site and goes nowhere from here."""
    request.headers.pop("authorization", None)


def _reply(content: str, last: ollama.ChatResponse, model: str) -> Reply:
    # A lone surrogate, which JSON may hold, can be no part of what is written to a tape.
    content = content.encode("utf-8", "replace").decode()
    return Reply(
        content=content,
        model=clean(last.model or model, 128),
        done_reason=clean(last.done_reason or "stop", 32),
        prompt_tokens=_count(last.prompt_eval_count),
        answer_tokens=_count(last.eval_count),
        load_ms=_milliseconds(last.load_duration),
        prompt_ms=_milliseconds(last.prompt_eval_duration),
        answer_ms=_milliseconds(last.eval_duration),
    )


def _count(value: int | None) -> int:
    return value if value is not None and 0 <= value <= _LARGEST_COUNT else 0


def _milliseconds(nanoseconds: int | None) -> float:
    milliseconds = 0.0 if nanoseconds is None else _count(nanoseconds // 1_000) / 1_000
    return round(milliseconds, 3)
