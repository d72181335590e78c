"""The study of vaults: on made-up lists whose answer is known, and on the published ones as they are."""

import gzip
import json
from itertools import pairwise
from pathlib import Path

import pytest

from app.bench.vault_study import VaultRow, month_study, read_vaults
from app.core.errors import DataError

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "wallets"


def vault(number: int, made: float, later: float = 0.0) -> VaultRow:
    """A vault of 100,000 that made so much this month, up and down on the way, and has made `later` in all."""
    path = tuple(made * step / 10 + (400.0 if step % 2 else 0.0) for step in range(11))
    return VaultRow(f"0x{number:040x}", 100_000.0, path, made, later, score=-made)


def test_a_score_that_orders_the_next_month_agrees_with_it() -> None:
    month = [vault(number, 100.0 * number) for number in range(1, 31)]
    following = [vault(number, 0.0, later=1_000.0 * number) for number in range(1, 31)]
    study = month_study(month, following)
    assert (study.listed, study.again) == (30, 30)
    found = {each.score: each for each in study.agreements}
    assert found["our performance"].correlation > 0.99
    assert found["our leaderboard score"].correlation == pytest.approx(1)
    assert found["their score"].correlation == pytest.approx(-1)
    assert found["our performance"].n == 30
    assert found["our performance"].low <= found["our performance"].correlation <= found["our performance"].high


def test_vaults_that_are_gone_are_counted_and_rank_last_in_the_second_number() -> None:
    """The ten best of one month are gone in the next, in which all lose: with them the order turns."""
    month = [vault(number, 100.0 * number) for number in range(1, 31)]
    study = month_study(month, [vault(number, 0.0, later=1_000.0 * number - 1e6) for number in range(1, 21)])
    assert (study.listed, study.again) == (30, 20)
    score = study.agreements[1]
    assert score.n == 20
    assert score.correlation == pytest.approx(1)
    assert score.with_missing < 0


def test_vaults_with_too_little_history_have_no_performance() -> None:
    short = [VaultRow(f"0x{number:040x}", 1e5, (0.0, 1.0), 1.0, 0.0, 0.0) for number in range(1, 6)]
    study = month_study(short, short)
    assert [each.n for each in study.agreements] == [0, 5, 5, 5]
    assert study.agreements[0].low == -1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no gzip",
        gzip.compress(b"{}", mtime=0),
        gzip.compress(b"[{}]", mtime=0),
        gzip.compress(b"[]", mtime=0)[:-4],
    ],
)
def test_what_is_no_list_of_vaults_is_refused(body: bytes) -> None:
    with pytest.raises(DataError, match="a list of vaults cannot be read"):
        read_vaults(body)


def test_numbers_that_are_none_are_refused() -> None:
    row = {"address": "0x" + "0" * 40, "tvl": 0, "month_pnl": [], "pnl_30d": 0, "pnl_alltime": 0, "score": 0}
    with pytest.raises(DataError):
        read_vaults(gzip.compress(json.dumps([row]).encode()))


@pytest.mark.real
@pytest.mark.skipif(not FOLDER.exists(), reason="needs ../shared")
def test_published_lists_as_they_are() -> None:
    """The author's correlations come out as published; ours stand in docs/whales.md, whatever they are."""
    lists = [read_vaults(path.read_bytes()) for path in sorted(FOLDER.glob("hyperliquid_vaults_*.json.gz"))]
    studies = [month_study(month, following) for month, following in pairwise(lists)]
    assert [(study.listed, study.again) for study in studies] == [(200, 150), (200, 170), (200, 168)]
    found = {
        name: [round(study.agreements[place].correlation, 3) for study in studies]
        for place, name in enumerate(("performance", "leaderboard", "theirs", "result"))
    }
    assert found == {
        "performance": [0.260, 0.004, 0.040],
        "leaderboard": [0.314, -0.009, 0.134],
        "theirs": [0.285, -0.013, 0.164],
        "result": [0.262, 0.001, 0.047],
    }
