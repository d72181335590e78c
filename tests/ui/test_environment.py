"""What a deck sets before it begins."""

import sys

import pytest

from app.ui.run import prepare_environment


def test_threads_that_read_keys_and_write_pictures_wait_for_less_than_a_picture(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("TEXTUAL_FPS", "TEXTUAL_ANIMATIONS"):
        monkeypatch.setenv(name, "kept")
    usual = sys.getswitchinterval()
    try:
        prepare_environment()
        assert sys.getswitchinterval() <= 0.001
    finally:
        sys.setswitchinterval(usual)
