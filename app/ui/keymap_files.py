"""Finding and reading keymap files. `python -m app.ui.keymap_files` writes the shipped default one anew."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from app.config.files import read_small
from app.core.errors import ConfigError
from app.core.text import clean
from app.ui.key_names import did_you_mean
from app.ui.keymap import DEFAULT_KEYMAP, Keymap, default_file, parse_keymap

_LARGEST_BYTES = 64 * 1024
_ABSENT = 'There is no keymap "{}" in the keymaps folders; the default keys are used.'


def choose_keymap(name: str, folders: Sequence[Path]) -> tuple[Keymap, str]:
    """The keymap called `name`, the earlier folder winning, and a sentence if something is wrong with a file.

    A file that cannot be used is known by its own name: where that is `name`, the default keys take its place.
    """
    notices: list[str] = []
    for path, found in _each(folders):
        if isinstance(found, str):
            if path.stem == name:
                return DEFAULT_KEYMAP, found
            notices.append(found)
        elif found.name == name:
            return found, next(iter(notices), "")
    absent = "" if name == DEFAULT_KEYMAP.name else _ABSENT.format(name)
    return DEFAULT_KEYMAP, next(iter(notices), absent)


def check_keymap(name: str, folders: Sequence[Path]) -> tuple[str, list[str]]:
    """Why there is no keymap called `name` to use (empty when there is), and a sentence for each other broken file."""
    keymaps = list(_each(folders))
    own = [found for path, found in keymaps if isinstance(found, str) and path.stem == name]
    others = [found for path, found in keymaps if isinstance(found, str) and path.stem != name]
    known = [found.name for _, found in keymaps if isinstance(found, Keymap)]
    if own:
        return own[0], others
    if name in known:
        return "", others
    hint = did_you_mean(name, known) or "there are: " + ", ".join(dict.fromkeys(known))
    return f"there is no such keymap; {hint}", others


def _each(folders: Sequence[Path]) -> Iterator[tuple[Path, Keymap | str]]:
    """Every keymap file with its keymap, or with a sentence on what is wrong with it."""
    for path in (path for folder in folders for path in sorted(folder.glob("*.toml"))):
        try:
            yield path, parse_keymap(_read(path), path.name)
        except ConfigError as error:
            yield path, str(clean(str(error), 200))


def _read(path: Path) -> str:
    try:
        return read_small(path, _LARGEST_BYTES)
    except (FileNotFoundError, ConfigError) as error:
        raise ConfigError(f"keymap {path.name}: {error}") from error


def write(root: Path) -> None:
    """Write the default keymap into the checkout at `root`."""
    (root / "configs" / "keymaps" / "default.toml").write_text(default_file(), encoding="utf-8")


if __name__ == "__main__":
    write(Path(__file__).resolve().parents[2])
