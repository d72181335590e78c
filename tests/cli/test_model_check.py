"""What `tapedeck doctor` says of the model server. Whatever that is, it is no failure."""

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from app.cli.checks.check import Check
from app.cli.checks.model import model_server
from app.cli.main import main
from app.config.settings import ScalperSettings


class Ollama(BaseHTTPRequestHandler):
    """Lists its models; `body` and `status` are what it answers."""

    status = 200
    body = b""
    keys: list[str]

    def do_GET(self) -> None:
        self.keys.append(self.headers.get("Authorization", ""))
        self.send_response(self.status if self.path == "/api/tags" else 404)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
        """Keep the test's stderr empty."""


def tags(*names: str) -> bytes:
    details = {"family": "llama", "parameter_size": "7.2B", "quantization_level": "Q4_K_M"}
    models = [{"name": name, "model": name, "digest": "d" * 64, "size": 1, "details": details} for name in names]
    return json.dumps({"models": models}).encode()


@pytest.fixture
def ollama(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(Ollama, "keys", [], raising=False)
    with HTTPServer(("127.0.0.1", 0), Ollama) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def checks(url: str, model: str = "mistral") -> dict[str, Check]:
    return {check.name: check for check in model_server(ScalperSettings(url=url, model=model))}


def test_the_model_is_there(ollama: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ollama, "body", tags("llama3.2:3b", "mistral:latest"))
    monkeypatch.setenv("OLLAMA_API_KEY", "sk-canary")
    found = checks(ollama)
    assert found["Ollama"] == Check("Ollama", "ok", f"{ollama} has llama3.2:3b, mistral:latest")
    assert found["scalper's model"].state == "ok"
    assert found["scalper's model"].fact == "mistral:latest is there, 7.2 billion parameters"
    assert Ollama.keys == [""]


def test_the_model_is_not_there(ollama: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ollama, "body", tags("mistral:7b"))
    check = checks(ollama)["scalper's model"]
    assert (check.state, check.fact) == ("warn", "Ollama has no mistral")
    assert check.next_step.startswith("get it with `ollama pull mistral`")


def test_there_are_no_models_or_many(ollama: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ollama, "body", tags())
    assert checks(ollama)["Ollama"].fact == f"{ollama} has no models"
    monkeypatch.setattr(Ollama, "body", tags(*(f"m{number}\x1b[2J:latest" for number in range(9))))
    assert checks(ollama)["Ollama"].fact.endswith("m4[2J:latest, m5[2J:latest and 3 more")


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (500, b'{"error": "no"}', "Ollama failed (500: no)"),
        (404, b"404 page not found", "is not Ollama"),
        (302, b"", "redirects elsewhere"),
        (200, b"<html>", "sent an answer that cannot be read"),
        (200, b"[1]", "sent an answer that cannot be read"),
        (200, b'{"models": [7]}', "sent an answer that cannot be read"),
        (200, b" " * 1_000_000, "more than 128 KiB"),
        (200, b'{"models": [' + b"0," * 8_001 + b"0]}", "more than 8000 values"),
        (200, b'{"models": [' + b"{}," * 999 + b"{}]}", "more than 1000 objects"),
    ],
)
def test_what_is_no_ollama_is_a_warning(
    ollama: str, monkeypatch: pytest.MonkeyPatch, status: int, body: bytes, words: str
) -> None:
    monkeypatch.setattr(Ollama, "status", status)
    monkeypatch.setattr(Ollama, "body", body)
    (check,) = checks(ollama).values()
    assert (check.name, check.state) == ("Ollama", "warn")
    assert words in check.fact
    assert check.next_step.endswith("the rules read without it")


def test_nobody_there_is_a_warning_with_the_way_to_start_it() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
        (check,) = checks(url).values()
    assert (check.state, check.fact) == ("warn", f"Ollama does not run at {url}")
    assert check.next_step.startswith("start it with `ollama serve`")


def test_what_may_not_be_asked_is_not() -> None:
    (refused,) = model_server(ScalperSettings(url="http://198.51.100.7:11434"))
    assert (refused.state, refused.fact) == ("warn", "http://198.51.100.7:11434 is not on this machine")
    assert "scalper.allow_remote = true" in refused.next_step
    (off,) = model_server(ScalperSettings(enabled=False))
    assert off.state == "ok"


def test_doctor_tells_it(ollama: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(Ollama, "body", tags("mistral:latest"))
    main(["doctor", "--json", "--set", f"scalper.url={ollama}", "--set", f"hyperliquid.rest_url={ollama}"])
    shown = {check["name"]: check for check in json.loads(capsys.readouterr().out)["checks"]}
    assert shown["Ollama"]["state"] == shown["scalper's model"]["state"] == "ok"
    main(["doctor", "--json", "--offline"])
    assert "Ollama" not in {check["name"] for check in json.loads(capsys.readouterr().out)["checks"]}
