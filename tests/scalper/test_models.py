"""Names of models, and what refusals mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.text import clean
from app.scalper.models import InstalledModel, find_model, is_same_model, parameter_billions, refusal

URL = "http://127.0.0.1:11434"


@pytest.mark.parametrize(
    ("wanted", "listed", "same"),
    [
        ("mistral", "mistral:latest", True),
        ("mistral", "mistral", True),
        ("mistral:latest", "mistral:latest", True),
        ("mistral", "mistral:7b", False),
        ("mistral:7b", "mistral:latest", False),
        ("mistral", "mistral-nemo:latest", False),
        ("hf.co/some/model", "hf.co/some/model:latest", True),
        ("host:5000/model", "host:5000/model:latest", True),
    ],
)
def test_without_a_tag_the_latest_is_meant(wanted: str, listed: str, same: bool) -> None:
    assert is_same_model(wanted, listed) is same


def test_the_wanted_one_is_found() -> None:
    models = [InstalledModel(clean(name), clean("digest")) for name in ("mistral:7b", "mistral:latest")]
    assert find_model("mistral", models) is models[1]
    assert find_model("mistral:7b", models) is models[0]
    assert find_model("llama3.2", models) is None


@pytest.mark.parametrize(
    ("text", "billions"),
    [("7.2B", 7.2), ("494.03M", 0.49403), ("3B", 3.0), ("1T", 1000.0), ("", None), (None, None), ("large", None)],
)
def test_parameters(text: str | None, billions: float | None) -> None:
    assert parameter_billions(text) == (None if billions is None else pytest.approx(billions))


@given(st.text(max_size=20))
def test_parameters_may_be_any_text(text: str) -> None:
    billions = parameter_billions(text)
    assert billions is None or billions >= 0


@pytest.mark.parametrize(
    ("status", "text", "words"),
    [
        (404, "model 'mistral' not found", "Ollama has no model mistral; get it with `ollama pull mistral`"),
        (404, "404 page not found", f"{URL} is not Ollama (404: 404 page not found); set scalper.url"),
        (400, "invalid format", "Ollama refused the question (400: invalid format); update Ollama"),
        (401, "unauthorized", f"{URL} refuses to answer (401: unauthorized); tapedeck sends no key"),
        (429, "slow down", "Ollama is busy (429: slow down); it is asked again"),
        (503, "server busy", "Ollama is busy (503: server busy); it is asked again"),
        (500, "model requires more system memory (8 GiB)", "take a smaller model (scalper.model)"),
        (500, "", "Ollama failed (500); its log says why"),
        (302, "", f"{URL} redirects elsewhere (302); set scalper.url"),
        (-1, "runner died", "Ollama broke off its answer (runner died); its log says why"),
    ],
)
def test_a_refusal_names_what_was_wrong_and_the_next_step(status: int, text: str, words: str) -> None:
    error = refusal(status, text, "mistral", URL)
    assert words in str(error)
    assert error.status == max(0, status)
    assert (error.trouble == "no model") == ("pull" in error.next_step)


@given(st.integers(-1, 599), st.text(max_size=300))
def test_the_servers_words_are_cleaned(status: int, text: str) -> None:
    error = refusal(status, text, "mistral", URL)
    assert "\x1b" not in str(error)
    assert "\n" not in str(error)
    assert len(error.fact) < 200
