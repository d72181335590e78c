"""Which bundle the workers are to answer from, and what can be told of it before there is a worker."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from app.core.errors import BundleRefused
from app.tokens.bundle import current
from app.tokens.bundle_fit import fit_manifest
from app.tokens.worker_protocol import Ready


class Target(NamedTuple):
    """A bundle that a worker is to answer from."""

    version: str
    folder: Path


def pointed_target(roots: Sequence[Path]) -> Target | None:
    """The bundle that the first root with a pointer points to; None where none has one. Raises `BundleRefused`."""
    for root in roots:
        if (version := current(root)) is not None:
            return Target(version, root / version)
    return None


async def verified(target: Target) -> tuple[Ready | None, str]:
    """What a worker on this bundle would say of it, or why it would refuse it, as far as can be told without one.

    The files are read in a thread.
    """
    try:
        manifest = await asyncio.to_thread(fit_manifest, target.folder)
    except BundleRefused as error:
        return None, str(error)
    if manifest.version != target.version:
        return None, misnamed(manifest.version)
    return Ready(manifest.version, manifest.origin, manifest.made_at_s), ""


def misnamed(version: str) -> str:
    """Why a bundle is refused whose manifest says that it is another one."""
    return f"its manifest says that it is {version}; name its folder so"
