"""The one place that leans on Textual's private names. Its test fails when an update takes one of them away."""

from textual.app import App
from textual.keys import _character_to_key


def character_name(character: str) -> str:
    """Textual's name of the key that types `character`: `question_mark` for `?`, `g` for `g`."""
    return _character_to_key(character)


def release_mouse(app: App[None]) -> bool:
    """Leave the mouse to the terminal; False where the driver has none to give."""
    driver = app._driver  # noqa: SLF001
    disable = getattr(driver, "_disable_mouse_support", None)
    if driver is None or disable is None:
        return False
    disable()
    # A driver that is suspended and goes on takes the mouse again unless it believes that there is none.
    driver._mouse = False  # noqa: SLF001
    return True


def take_mouse(app: App[None]) -> bool:
    """Have the terminal report the mouse again; False where the driver has none to take."""
    driver = app._driver  # noqa: SLF001
    enable = getattr(driver, "_enable_mouse_support", None)
    if driver is None or enable is None:
        return False
    driver._mouse = True  # noqa: SLF001
    enable()
    # Reports in pixels were agreed on at the start, and taking the mouse has just asked for cells.
    if getattr(driver, "_mouse_pixels", False):
        driver._enable_mouse_pixels()  # type: ignore[attr-defined]  # noqa: SLF001
    return True
