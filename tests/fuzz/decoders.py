"""Where the program turns bytes into values: found by the calls that do it, so that no reader can be forgotten."""

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import app

ROOT = Path(app.__file__).parent
_CALLS = re.compile(
    r"msgspec\.\w+\.decode\(|\bdecoder\.decode\(|\.decompress\(|np\.(?:load|frombuffer)\(|open_memmap\(|tomllib\.loads\("
    r"|csv\.(?:reader|DictReader)\(|tarfile\.open\(|InferenceSession\(|unpack_from\(|iter_unpack\(|ParquetFile\("
    r"|feather\.read_table\(|\bload\((?:bundle|content)"
)
_BOUND = re.compile(r"^(\w+)(?:: [^=]+)? = msgspec\.\w+\.Decoder\(", re.MULTILINE)


NOT_FUZZED = {
    ("engine/demo_venue.py", "start"): "the first line of our own child, the simulated venue",
    ("engine/token_calls.py", "carry_request"): "what the core asks; its length is checked",
    ("engine/wallet_shelf.py", "_body"): "what the core asks",
    ("feeds/hyperliquid/candle_question.py", "candles_in"): "what the core asks",
    ("feeds/hyperliquid/candle_question.py", "spanning"): "what the core asks",
    ("scalper/model_server.py", "chat"): "what the core asks",
    ("training/token_network.py", "torch_graph"): "at night: importing torch takes longer than all targets",
    ("training/token_outcomes.py", "_row"): "only once its length is checked",
    ("training/token_training.py", "_state"): "at night, for torch",
    ("training/token_training.py", "_tensors"): "at night, for torch",
    ("training/token_worker.py", "network_alone"): "of benchmarks, and a bundle that was opened before",
    ("wallets/caches.py", "body"): "what the same object has packed in memory",
}
"""What no target gives bytes to, by file and name, and why."""


class Decoder(NamedTuple):
    """A function of the program that decodes: its file below `app`, its name, and its first line."""

    file: str
    name: str
    line: int


def decoders(*left_out: str) -> Iterator[Decoder]:
    """All functions that call a decoder, but for those in packages that are left out."""
    files = [path for path in sorted(ROOT.rglob("*.py")) if path.relative_to(ROOT).parts[0] not in left_out]
    texts = {path: path.read_text(encoding="utf-8") for path in files}
    bound = {path: set(_BOUND.findall(text)) for path, text in texts.items() if "Decoder(" in text}
    shared = {name for names in bound.values() for name in names if not name.startswith("_")}
    for path, text in texts.items():
        names = "|".join(shared | bound.get(path, set()))
        calls = re.finditer(rf"{_CALLS.pattern}|\b(?:{names})(?:\.decode)?\(", text)
        lines = [text.count("\n", 0, call.start()) + 1 for call in calls]
        for function in _functions(ast.parse(text).body) if lines else ():
            first = min([function.lineno, *(each.lineno for each in function.decorator_list)])
            if any(first <= line <= (function.end_lineno or first) for line in lines):
                yield Decoder(str(path.relative_to(ROOT)), function.name, first)


def _functions(body: Sequence[ast.stmt]) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Functions and methods, without those inside of functions."""
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from _functions(node.body)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
