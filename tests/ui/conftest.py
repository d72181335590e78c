"""Has every deck of this folder's tests live on virtual time."""

from virtual_decks import pytest_asyncio_loop_factories, textual_on_virtual_time

__all__ = ["pytest_asyncio_loop_factories", "textual_on_virtual_time"]
