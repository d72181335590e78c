"""What is read of a bundle to watch it: the shipped one has it, and a hostile one is refused with a reason."""

from pathlib import Path

import msgspec
import pytest
from tiny_bundle import card, files_of, manifest_of, tiny_bundle

from app.core.errors import BundleRefused
from app.tokens.bundle import CARD, DRIFT, publish
from app.tokens.bundle_parts import Histogram
from app.tokens.drift import columns
from app.tokens.features import WIDTH
from app.tokens.reference import BundleReference, Trained, flaw_of, read_reference

SHIPPED = Path(__file__).parents[2] / "data" / "token_bundles" / "simulated-1"
GOOD = Histogram((0.0, 1.0), (0.2, 0.5, 0.3), 0.5)


def test_the_shipped_bundle_says_how_its_training_looked_and_went() -> None:
    import numpy as np

    found = read_reference(SHIPPED)
    assert set(found.drift) == set(columns(np.zeros((1, WIDTH), dtype=np.float32)))
    assert {head: trained.n for head, trained in found.trained.items()} == {"p_rise": 3648, "p_rug": 3643}
    assert 0 < (found.trained["p_rise"].calibration_error or 1) < 0.03
    assert msgspec.json.decode(msgspec.json.encode(found), type=BundleReference) == found


def test_a_card_without_scores_leaves_them_unknown(tmp_path: Path) -> None:
    found = read_reference(tiny_bundle(tmp_path))
    assert (list(found.drift), found.trained, found.version) == (["age_s"], {}, "tiny-1")


def test_a_calibration_error_by_another_measure_is_unknown(tmp_path: Path) -> None:
    score = {"model": "served", "n": 9, "base_rate": 0.3, "brier": {"value": 0.1}, "ece": 0.01}
    old, new = score, {**score, "calibration_error": 0.02}
    heads = [{"head": "p_rise", "scores": [old]}, {"head": "p_rug", "scores": [new]}]
    odd = msgspec.structs.replace(card(), metrics={"questions": [{"heads": heads}]})
    found = read_reference(publish(tmp_path, manifest_of(), {**files_of(), CARD: msgspec.json.encode(odd)})).trained
    assert found == {"p_rise": Trained(0.1, 0.3, 9), "p_rug": Trained(0.1, 0.3, 9, 0.02)}


@pytest.mark.parametrize("metrics", [{"questions": [{"heads": 3}]}, {"questions": []}, {"questions": "many"}])
def test_a_card_of_another_shape_leaves_them_unknown(tmp_path: Path, metrics: dict[str, object]) -> None:
    odd = {**files_of(), CARD: msgspec.json.encode(msgspec.structs.replace(card(), metrics=metrics))}
    assert read_reference(publish(tmp_path, manifest_of(), odd)).trained == {}


@pytest.mark.parametrize(
    ("histogram", "says"),
    [
        (Histogram((1.0, 0.0), (0.2, 0.5, 0.3), 0.5), "edges that do not rise"),
        (Histogram((0.0, 0.0), (0.2, 0.5, 0.3), 0.5), "edges that do not rise"),
        (Histogram((0.0, 1.0), (0.2, 0.8), 0.5), "too few shares"),
        (Histogram((float("nan"),), (0.2, 0.8), 0.5), "no edge or no share"),
        (Histogram((0.0,), (0.2, 1.8), 0.5), "no edge or no share"),
        (Histogram(tuple(map(float, range(41))), (0.0,) * 42, 0.5), "no edge or no share"),
    ],
)
def test_histograms_that_cannot_be_are_named(histogram: Histogram, says: str) -> None:
    flaw = flaw_of(BundleReference("v", {"age_s": GOOD, "holders": histogram}, {}))
    assert says in flaw
    assert "holders" in flaw
    assert flaw_of(BundleReference("v", {"age_s": GOOD}, {})) == ""


def test_a_bundle_with_such_a_histogram_is_refused_and_so_are_features_that_are_none(tmp_path: Path) -> None:
    bad = {**files_of(), DRIFT: msgspec.json.encode({"age_s": Histogram((1.0, 0.0), (0.2, 0.5, 0.3), 0.5)})}
    with pytest.raises(BundleRefused, match="do not rise"):
        read_reference(publish(tmp_path, manifest_of(), bad))
    many = BundleReference("v", {str(place): GOOD for place in range(65)}, {})
    assert "65 features that no token has" in flaw_of(many)
    assert "1 features that no token has" in flaw_of(BundleReference("v", {"age_s": GOOD, "\x1b[2J": GOOD}, {}))
