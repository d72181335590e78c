"""What holds for every test of this folder."""

from virtual_decks import pytest_asyncio_loop_factories, textual_on_virtual_time

__all__ = ["pytest_asyncio_loop_factories", "textual_on_virtual_time"]
