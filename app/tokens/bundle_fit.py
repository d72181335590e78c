"""Whether a bundle fits this program: what can be told without a runtime, in a few milliseconds."""

from pathlib import Path

from app.core.errors import BundleRefused
from app.tokens.bundle import SCHEMA, Bundle, verify
from app.tokens.bundle_parts import Manifest
from app.tokens.features import Schema, schema
from app.tokens.heads import HEADS

MOST_OPSETS = {"": 21, "ai.onnx.ml": 3}
"""The newest operators that may be in a graph, by domain."""


def check_fit(bundle: Bundle) -> None:
    """Raises `BundleRefused` for a bundle of other features, heads or operators than ours."""
    manifest, ours = bundle.manifest, schema()
    if manifest.feature_schema_sha256 != ours.sha256 or bundle.part(SCHEMA, Schema).sha256 != ours.sha256:
        raise BundleRefused("it was trained on features that are defined otherwise than ours; train it again")
    if manifest.heads != HEADS:
        raise BundleRefused(f"it answers {', '.join(manifest.heads)}, not {', '.join(HEADS)}; train it again")
    for domain, opset in manifest.opsets.items():
        if opset > MOST_OPSETS.get(domain, 0):
            raise BundleRefused(f"it needs operators {opset} of {domain or 'onnx'}, which are too new; train it again")


def fit_manifest(folder: Path) -> Manifest:
    """The manifest of the bundle in `folder`, every hash of which holds. Raises `BundleRefused`.

    The runtime's version, the graph and the golden questions are left to the worker that opens it.
    """
    bundle = verify(folder)
    check_fit(bundle)
    return bundle.manifest
