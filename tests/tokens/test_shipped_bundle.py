"""The token model that comes with tapedeck: it answers, it is small, and it says that it was trained on simulation."""

from pathlib import Path

import numpy as np
import pytest
from token_tables import FULL, walk

from app.config.locations import shipped
from app.tokens import bundle as bundles
from app.tokens.bundle_parts import Card
from app.tokens.features import features
from app.tokens.heads import HEADS
from app.tokens.predictor import Predictor

ROOT = shipped("data") / "token_bundles"


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    folder = bundles.current_folder(ROOT)
    assert folder is not None
    return Predictor.open(folder)


def test_it_is_small_and_alone() -> None:
    files = [path for path in ROOT.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 300_000
    assert {path.parent.name for path in files} == {"token_bundles", bundles.current(ROOT)}
    assert {path.name for path in files} == {*bundles.FILES, bundles.MANIFEST, bundles.CURRENT}


def test_it_says_simulated_everywhere_and_what_made_it(predictor: Predictor) -> None:
    card, text = predictor.bundle.part(bundles.CARD, Card), predictor.bundle.files[bundles.CARD_TEXT].decode()
    assert predictor.bundle.manifest.origin == card.origin == "SIMULATED"
    assert text.splitlines()[2].startswith("SIMULATED: ")
    assert "not to be trusted" in card.limits[0]
    assert card.made_with == "tapedeck train tokens --days 10 --seed 7"
    assert card.made_with in text
    assert any("does not beat" in each for each in card.findings), "it hides where nothing beats a baseline"
    assert "accuracy" not in text.lower()


def test_its_card_shows_every_head_beside_every_baseline(predictor: Predictor) -> None:
    text = predictor.bundle.files[bundles.CARD_TEXT].decode()
    for head in HEADS:
        assert f"`{head}`, later tokens:" in text
    for model in (
        "served",
        "gradient boosting",
        "base rate",
        "volatility",
        "ten features",
        "served ≥ 0.7",
        "12-24 candles",
        "age 0-3 h",
    ):
        assert f"\n| {model} |" in text


@pytest.mark.parametrize("slots", [12, 30, 100])
def test_it_answers_for_tokens_of_every_age(predictor: Predictor, slots: int) -> None:
    table = walk(3, slots, traded=1.0)
    vector = features(table, FULL, int(table.time_s[-1]) + 300).flat()
    rise, gain, rug = predictor.predict(vector[None])[0].tolist()
    assert 0 < rise < 1
    assert -50 <= gain <= 300
    assert 0 < rug < 1


def test_a_token_that_trades_rises_more_often_than_one_that_does_not(predictor: Predictor) -> None:
    lively, dead = walk(3, 24, traded=1.0), walk(3, 24, traded=1.0).rows(np.arange(24) < 2)
    at_s = int(lively.time_s[-1]) + 300
    told = [features(each, FULL, at_s).flat() for each in (lively, dead)]
    answers = predictor.predict(np.stack(told))
    assert answers[0, 0] > answers[1, 0]


def test_no_path_of_a_machine_is_in_it() -> None:
    for path in Path(ROOT).rglob("*.json"):
        assert b"/tmp" not in path.read_bytes()
        assert b"/home" not in path.read_bytes()
