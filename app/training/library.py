"""The libraries that only training needs, imported when they are, with a sentence where they are missing."""

from importlib import import_module
from typing import Any

from app.core.errors import TapedeckError


def needed(module: str) -> Any:  # noqa: ANN401 - none of them has types of its own
    """A module of scikit-learn, pyarrow or onnx. Raises `TapedeckError` where it is not installed."""
    try:
        return import_module(module)
    except ImportError as error:
        library = {"sklearn": "scikit-learn"}.get(module.partition(".")[0], module.partition(".")[0])
        raise TapedeckError(
            f"{library} is not installed, and training needs it; run: python -m pip install 'tapedeck[train]'"
        ) from error
