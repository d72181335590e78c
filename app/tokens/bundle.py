"""A bundle: a trained token model as a folder that is verified whole before anything is asked of it.

    bundles/
      current         one line: the version that answers
      previous        one line: the one before, for a rollback
      <version>/      manifest.json and the files it names, with the hash of each

A bundle never changes once it is published; another one gets another version. It is read once, whole, into memory: a
file that is replaced underneath a reader harms nobody. docs/token-bundles.md describes every file.
"""

import hashlib
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec

from app.config.locations import ensure
from app.config.private_file import write_private
from app.config.whole_files import settle
from app.core.errors import BundleRefused, DataError
from app.tokens.bundle_parts import FORMAT, FileHash, Manifest

MANIFEST, GRAPH, WEIGHTS = "manifest.json", "model.onnx", "weights.safetensors"
SCALERS, SCHEMA, CALIBRATION, DRIFT = "scalers.json", "schema.json", "calibration.json", "drift.json"
THRESHOLDS, GOLDEN, CARD, CARD_TEXT = "thresholds.json", "golden.json", "card.json", "card.md"
FILES = (GRAPH, WEIGHTS, SCALERS, SCHEMA, CALIBRATION, DRIFT, THRESHOLDS, GOLDEN, CARD, CARD_TEXT)
LARGEST_FILE, LARGEST_MANIFEST = 32_000_000, 100_000
LARGEST_TEXT = 500_000
"""Of all but the graph and the weights: to decode more would hold up the deck, which reads some of them itself."""
CURRENT, PREVIOUS = "current", "previous"

_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}", re.ASCII)
_Value = TypeVar("_Value")


class Bundle(NamedTuple):
    """A verified bundle: its manifest, the bytes of its files, and the hash of the manifest, which names all of it."""

    manifest: Manifest
    sha256: str
    files: Mapping[str, bytes]

    def part(self, name: str, kind: type[_Value]) -> _Value:
        """One of its JSON files. Raises `BundleRefused` for one that holds something else."""
        return _decoded(name, self.files[name], kind)


def verify(folder: Path) -> Bundle:
    """The bundle in `folder`, read and held against its manifest.

    Raises `BundleRefused` for whatever is missing, too large, changed, of another format, or no file of its own.
    """
    text = _read(folder / MANIFEST, LARGEST_MANIFEST)
    manifest = _decoded(MANIFEST, text, Manifest)
    if manifest.format != FORMAT:
        raise BundleRefused(f"its format is {manifest.format}, and {FORMAT} is what can be read; train it again")
    if set(manifest.files) != set(FILES):
        wrong = sorted(set(manifest.files) ^ set(FILES))
        raise BundleRefused(f"its manifest does not name the files of a bundle ({', '.join(wrong)}); train it again")
    files = {name: _held_against(folder / name, expected) for name, expected in manifest.files.items()}
    return Bundle(manifest, hashlib.sha256(text).hexdigest(), files)


def publish(root: Path, manifest: Manifest, files: Mapping[str, bytes]) -> Path:
    """Put a bundle below `root` and point to it: readers see the old one or the new one, never a part.

    The hashes of `manifest` are reckoned here. Raises `DataError` when the version is there already or cannot be
    written, `BundleRefused` when what was written does not verify; the pointer then stays as it was.
    """
    folder = write(root, manifest, files)
    promote(root, manifest.version)
    return folder


def write(root: Path, manifest: Manifest, files: Mapping[str, bytes]) -> Path:
    """Put a bundle below `root` without pointing to it. Raises as `publish` does."""
    target = root / _checked(manifest.version)
    if target.exists():
        raise DataError(f"{target} is there already; a bundle never changes, give another version")
    draft = ensure(root) / f".{manifest.version}.{os.getpid()}.new"
    try:
        shutil.rmtree(draft, ignore_errors=True)
        _fill(draft, manifest, files)
        verify(draft)
        draft.rename(target)
        settle(root)
    except OSError as error:
        raise DataError(f"{target} cannot be written ({error.strerror}); free some space") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return target


def promote(root: Path, version: str) -> None:
    """Point to the bundle `version` below `root`, once it is verified. Raises `BundleRefused`, `DataError`."""
    verify(root / _checked(version))
    before = current(root)
    if before == version:
        return
    if before is not None:
        _point(root, PREVIOUS, before)
    _point(root, CURRENT, version)


def current(root: Path) -> str | None:
    """The version that is pointed to below `root`; None where there is no pointer. Raises `BundleRefused`."""
    return _pointer(root, CURRENT)


def rollback(root: Path) -> str:
    """Point to the bundle that was pointed to before, and return its version; done twice it changes nothing.

    Raises `DataError` where there was none, `BundleRefused` where that one does not verify.
    """
    before = _pointer(root, PREVIOUS)
    if before is None:
        raise DataError(
            f"{root} has no bundle before the current one, so nothing was rolled back; to have the shipped one answer, "
            f"take away the file {CURRENT} there"
        )
    promote(root, before)
    return before


def current_folder(root: Path) -> Path | None:
    """The folder of the bundle that is pointed to; None where there is no pointer. Raises `BundleRefused`."""
    version = current(root)
    return None if version is None else root / version


def pointed_root(roots: Sequence[Path]) -> Path | None:
    """The first of `roots` that points to a bundle; None where none does.

    What a user trained goes before what is shipped. Raises `BundleRefused` for a pointer that names no folder.
    """
    return next((root for root in roots if current(root) is not None), None)


def _fill(folder: Path, manifest: Manifest, files: Mapping[str, bytes]) -> None:
    folder.mkdir(mode=0o700)
    hashes = {name: FileHash(hashlib.sha256(content).hexdigest(), len(content)) for name, content in files.items()}
    complete = msgspec.structs.replace(manifest, files=hashes)
    for name, content in (*files.items(), (MANIFEST, msgspec.json.format(msgspec.json.encode(complete)) + b"\n")):
        write_private(folder / name, content)
    settle(folder)


def folder_of(roots: Sequence[Path], version: str) -> Path:
    """Where the first of `roots` that has it keeps a bundle. Raises `BundleRefused` where none does, and for what is no
    version."""
    name = _checked(version)
    found = next((root / name for root in roots if (root / name).is_dir()), None)
    if found is None:
        raise BundleRefused(f"bundle {name} is no longer among the bundles")
    return found


def _point(root: Path, name: str, version: str) -> None:
    write_private(root / name, f"{version}\n".encode())


def _pointer(root: Path, name: str) -> str | None:
    if not (root / name).exists():
        return None
    return _checked(_read(root / name, 100).decode("utf-8", "replace").strip())


def _checked(version: str) -> str:
    if not _VERSION.fullmatch(version):
        raise BundleRefused("its version is no name of a folder (letters, digits, dot, dash); point to another one")
    return version


def _held_against(path: Path, expected: FileHash) -> bytes:
    content = _read(path, LARGEST_FILE if path.name in (GRAPH, WEIGHTS) else LARGEST_TEXT)
    if len(content) != expected.size or hashlib.sha256(content).hexdigest() != expected.sha256:
        raise BundleRefused(f"{path.name} is not what the manifest says; copy the bundle again or train it again")
    return content


def _read(path: Path, most: int) -> bytes:
    """The whole of a file of at most `most` bytes, which is no link to elsewhere."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise BundleRefused(f"{path.name} cannot be read ({error.strerror}); copy or train the bundle again") from error
    if len(content) > most:
        raise BundleRefused(f"{path.name} is larger than {most:,} bytes; nothing of it was used")
    return content


def _decoded(name: str, text: bytes, kind: type[_Value]) -> _Value:
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise BundleRefused(f"{name} does not hold what it should ({error}); train the bundle again") from error
