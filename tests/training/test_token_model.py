"""The token model: what it heeds, how it is trained, and that what serves says what was trained. All that needs torch
and scikit-learn is in this file: importing them takes longer than the tests."""

import asyncio
import json
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch

from app.cli.main import main
from app.config.locations import Locations, find_locations
from app.config.settings import StoreSettings
from app.core.clock import ManualClock
from app.core.errors import BundleRefused, DataError
from app.demo.token_launches import Launch, launches_of_day
from app.store.store import Store
from app.store.token_tables import StoredPrediction, StoredTokenOutcome
from app.tokens import bundle as bundles
from app.tokens.bundle_parts import Card, Isotonic, Platt
from app.tokens.features import WIDTH, Singles, schema
from app.tokens.heads import HEADS
from app.tokens.labels import RISE_HORIZON_S, RUG_HORIZON_S
from app.tokens.predictor import Predictor, onnx_graph
from app.training import token_evaluation, token_scores, token_sources, token_training, token_trees
from app.training.simulated_launches import FIRST_DAY, TWO_HOURLY, histories
from app.training.token_baselines import BASELINES, baseline_answers, first_hour_updates, tables_of
from app.training.token_calibration import isotonic, platt
from app.training.token_columns import CANDLES, CONTEXTS, CONTEXTS_KNOWN, MASK, fitted_scalers, ten_features, volatility
from app.training.token_graph import graph_of
from app.training.token_model import Model, answers, fitted, table_of
from app.training.token_network import Encoder, Network, masked_loss, single_numbers, targets, torch_graph
from app.training.token_release import check_labels, judged
from app.training.token_sources import Source
from app.training.token_training import Progress, Recipe, Table, trained
from app.training.token_trees import Trees, grown
from app.training.tokens_data import LABELS, Samples, Split, folds, samples_of, split

BRIEF = Recipe(most_epochs=3, seed=5)


def slots(count: int, seed: int = 3, known: float = 0.4) -> Singles:
    """Scaled features at random, of which some slots and figures are not known and hold 0."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((count, WIDTH)).astype(np.float32)
    rows[:, MASK] = rng.random((count, 100)) < known
    rows[:, CANDLES] *= np.repeat(rows[:, MASK], 5, axis=1)
    for flags in (slice(607, 614), slice(621, 628)):
        rows[:, flags] = rng.random((count, 7)) < 0.7
        rows[:, flags.start - 7 : flags.start] *= rows[:, flags]
    return rows


@pytest.fixture(scope="module")
def samples() -> Samples:
    """Few launches of many days: enough to be split by time."""
    made = [pool for day in range(8) for pool in histories(launches_of_day(3, FIRST_DAY + day, 14), 3)]
    return samples_of(made, TWO_HOURLY)


@pytest.fixture(scope="module")
def parts(samples: Samples) -> Split:
    found = split(samples)
    assert min(len(part) for part in found[:3]) > 20
    return found


@pytest.fixture(scope="module")
def model(samples: Samples, parts: Split) -> Model:
    return fitted(samples, parts.train, parts.validation, BRIEF)


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few trees and few draws: what is judged here is not how good they are."""
    monkeypatch.setattr(token_trees, "TREES", 5)
    monkeypatch.setattr(token_scores, "draws_of", partial(token_scores.draws_of, count=20))


@pytest.fixture(scope="module")
def table(samples: Samples, parts: Split) -> Table:
    few = parts.train[:200], parts.validation[:100]
    return table_of(samples, fitted_scalers(samples.features[few[0]]), *few)


@pytest.mark.parametrize("encoder", ["recurrence", "convolutions"])
def test_what_is_masked_changes_nothing(encoder: Encoder) -> None:
    rows = slots(6)
    other = rows.copy()
    hidden = np.repeat(rows[:, MASK] == 0, 5, axis=1)
    other[:, CANDLES][hidden] = 7.0
    other[:, CONTEXTS][rows[:, CONTEXTS_KNOWN] == 0] = -7.0
    network = Network(encoder).eval()
    with torch.no_grad():
        one, two = network(torch.from_numpy(rows)), network(torch.from_numpy(other))
    torch.testing.assert_close(one, two, rtol=0, atol=0)


@pytest.mark.parametrize("candles", [1, 2, 12, 25, 100])
def test_it_takes_windows_of_any_number_of_candles(model: Model, candles: int) -> None:
    rows = np.zeros((2, WIDTH), dtype=np.float32)
    rows[:, MASK.stop - candles : MASK.stop] = 1.0
    rows[1, CANDLES.stop - 5 * candles : CANDLES.stop] = 50.0
    told = answers(model, rows).served
    assert np.isfinite(told).all()
    assert ((told[:, [0, 2]] >= 0) & (told[:, [0, 2]] <= 1)).all()


def test_a_head_without_labels_learns_nothing_and_the_others_learn() -> None:
    network = Network()
    wanted = torch.tensor([[1.0, float("nan"), float("nan")], [0.0, 2.0, float("nan")]])
    loss = masked_loss(network(torch.from_numpy(slots(2))), wanted)
    loss.backward()  # type: ignore[no-untyped-call]
    assert torch.isfinite(loss)
    bias = network.heads.bias.grad
    assert bias is not None
    assert [bool(each) for each in bias != 0] == [True, True, False]


def test_gains_are_bounded_and_stay_in_order() -> None:
    gain = np.array([-100.0, -50.0, -1.0, 3.0, 300.0, 1e9, np.nan], dtype=np.float32)
    labels = {"p_rise": gain * 0, "gain_pct": gain, "p_rug": gain * 0}
    told = targets(labels)[:, 1]
    assert np.isnan(told[-1])
    assert (np.diff(told[:-1]) >= 0).all()
    assert (told[0], told[4]) == (told[1], told[5])


def test_training_goes_on_to_the_bit_where_it_was_broken_off(table: Table, tmp_path: Path) -> None:
    whole = trained(table, Recipe(most_epochs=4))
    folder = tmp_path / "checkpoint"

    def break_off(done: Progress) -> None:
        if done.epoch == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        trained(table, Recipe(most_epochs=4), break_off, folder)
    heard: list[int] = []
    resumed = trained(table, Recipe(most_epochs=4), lambda done: heard.append(done.epoch), folder, resume=True)
    assert heard == [3, 4]
    assert resumed.progress == whole.progress
    for name, each in whole.network.state_dict().items():
        assert torch.equal(each, resumed.network.state_dict()[name]), name


def test_training_stops_early_and_keeps_the_best(table: Table) -> None:
    wanted = np.where(np.isfinite(table.wanted), np.random.default_rng(1).random(table.wanted.shape) < 0.5, np.nan)
    noise = table._replace(wanted=wanted.astype(np.float32))
    heard: list[Progress] = []
    done = trained(noise, Recipe(most_epochs=40, patience=2, learning_rate=0.05), heard.append)
    assert done.progress.epoch < 40
    assert done.progress.epoch == done.progress.best_epoch + 2
    with torch.no_grad():
        loss = masked_loss(
            done.network(torch.from_numpy(noise.rows[noise.validation])),
            torch.from_numpy(noise.wanted[noise.validation]),
        )
    assert float(loss) == pytest.approx(done.progress.best, rel=1e-6)


def test_a_checkpoint_of_other_data_or_a_damaged_one_is_not_gone_on_with(table: Table, tmp_path: Path) -> None:
    recipe = Recipe(most_epochs=1)
    trained(table, recipe, checkpoint=tmp_path)
    other = table._replace(rows=table.rows + 1)
    with pytest.raises(DataError, match="other data"):
        trained(other, recipe, checkpoint=tmp_path, resume=True)
    tensors = tmp_path / token_training.TENSORS
    tensors.write_bytes(tensors.read_bytes()[:-1])
    with pytest.raises(DataError, match="no whole checkpoint"):
        trained(table, recipe, checkpoint=tmp_path, resume=True)
    (tmp_path / token_training.STATE).write_bytes(b"{}")
    with pytest.raises(DataError, match="no whole checkpoint"):
        trained(table, recipe, checkpoint=tmp_path, resume=True)


def test_no_rows_to_train_on_are_an_error_with_a_reason(table: Table) -> None:
    with pytest.raises(DataError, match="give more data"):
        trained(table._replace(train=table.train[:0]), BRIEF)


def test_trees_as_arrays_say_what_scikit_learn_says() -> None:
    from sklearn.ensemble import HistGradientBoostingClassifier

    rng = np.random.default_rng(2)
    rows = (rng.integers(-8, 9, (600, 37)) / 4).astype(np.float32)
    wanted = (rows[:, 3] * rows[:, 5] + rng.standard_normal(600) > 0).astype(np.float64)
    trees = grown(rows, wanted, is_probability=True, seed=1)
    theirs = HistGradientBoostingClassifier(
        max_iter=60, max_leaf_nodes=8, min_samples_leaf=40, learning_rate=0.08, l2_regularization=1.0, random_state=1
    ).fit(rows, wanted)
    np.testing.assert_allclose(trees.answer(rows), theirs.decision_function(rows), atol=1e-5)


def test_the_largest_seed_there_is_will_do(table: Table) -> None:
    trained(table, Recipe(most_epochs=1, seed=2**63 - 1))
    grown(slots(100)[:, :37], np.tile([0.0, 1.0], 50), is_probability=True, seed=2**63 - 1)


def test_a_head_that_nothing_could_teach_is_not_published(samples: Samples, parts: Split) -> None:
    labels = samples.labels.copy()
    labels[:, LABELS.index("rugs")] = np.nan
    with pytest.raises(DataError, match=r"p_rug has 0 labels .* are needed; make up more"):
        check_labels(samples._replace(labels=labels), parts, "make up more")
    check_labels(samples, parts, "")


def test_drift_is_measured_against_rows_that_a_deck_would_judge(samples: Samples) -> None:
    rows = judged(samples)
    assert 100 <= len(rows) < len(samples.features)
    assert rows[:, MASK].sum(axis=1).min() >= 12
    few = samples.rows(np.flatnonzero(samples.candles < 12))
    np.testing.assert_array_equal(judged(few), few.features)


def test_of_too_few_labels_trees_say_the_base_rate() -> None:
    rows = slots(100)[:, :37]
    wanted = np.full(100, np.nan)
    wanted[:20] = [1, 0, 0, 0] * 5
    told = grown(rows, wanted, is_probability=True, seed=1).answer(rows)
    np.testing.assert_allclose(1 / (1 + np.exp(-told)), 0.25, atol=1e-6)


@pytest.mark.parametrize("encoder", ["recurrence", "convolutions"])
def test_the_graph_says_what_the_network_and_the_trees_say(encoder: Encoder) -> None:
    torch.manual_seed(3)
    network, rows = Network(encoder).eval(), slots(64)
    with torch.no_grad():
        singles = single_numbers(torch.from_numpy(rows)).numpy()
        ours = network(torch.from_numpy(rows)).numpy()
    rng = np.random.default_rng(4)
    trees = [_some_trees(singles, rng, place) for place in range(3)]
    share = np.array([1.0, 0.5, 0.0], dtype=np.float32)
    weights = {name: each.numpy() for name, each in network.state_dict().items()}
    told = onnx_graph(graph_of(weights, trees, share))(rows)
    expected = share * ours + (1 - share) * np.stack([each.answer(singles) for each in trees], axis=1)
    np.testing.assert_allclose(told, expected, rtol=1e-5, atol=1e-5)
    assert told.std(axis=0).min() > 0.01


def _some_trees(singles: Singles, rng: np.random.Generator, place: int) -> Trees:
    column = singles[:, 32 + place] + rng.standard_normal(len(singles)) / 9
    wanted = (column > np.median(column)).astype(np.float64)
    repeated = np.concatenate([singles] * 4)
    return grown(repeated, np.concatenate([wanted] * 4), is_probability=True, seed=1)


def test_calibration_maps_scores_to_what_came_of_them() -> None:
    rng = np.random.default_rng(1)
    scores = rng.standard_normal(4_000).astype(np.float32)
    true = (rng.random(4_000) < 1 / (1 + np.exp(-(2 * scores - 1)))).astype(np.float64)
    mapped = platt(scores, true)
    assert [mapped.slope, mapped.intercept] == pytest.approx([2, -1], abs=0.2)
    backwards = platt(-scores, true)
    np.testing.assert_allclose(backwards(scores), true.mean(), atol=0.01)
    rising = isotonic(scores, 10 * scores + rng.standard_normal(4_000))
    assert rising(np.array([0.5], dtype=np.float32))[0] == pytest.approx(5, abs=0.5)
    assert isinstance(platt(scores[:3], np.full(3, np.nan)), Platt)
    assert isotonic(scores[:0], np.empty(0)) == Isotonic((0.0, 1.0), (0.0, 0.0))


def test_baselines_know_no_more_than_the_features_and_learn_their_direction(samples: Samples, parts: Split) -> None:
    tables = tables_of(samples)
    assert set(tables) == set(BASELINES)
    half = samples.rows(parts.train)
    np.testing.assert_array_equal(tables_of(half)["ten features"], tables["ten features"][parts.train])
    told = baseline_answers(samples, tables, parts.train, parts.test)
    for head in (0, 2):
        assert len(set(told["base rate"][:, head].tolist())) == 1
        assert (told["ten features"][:, head] >= 0).all()
        assert (told["ten features"][:, head] <= 1).all()
    assert ten_features(samples.features[:3]).shape == (3, 10)
    assert (volatility(np.zeros((2, WIDTH), dtype=np.float32)) == 0).all()


def test_updates_of_the_first_hour_are_those_of_the_row_at_that_age(samples: Samples) -> None:
    told = first_hour_updates(samples)
    place = CONTEXTS.start + 5
    first = np.unique(samples.token, return_index=True)[1]
    for row in first[:20]:
        same = samples.token == samples.token[row]
        assert (told[same] == samples.features[row, place]).all()


def test_what_is_published_answers_as_it_was_trained_under_either_runtime(
    samples: Samples, parts: Split, model: Model, tmp_path: Path
) -> None:
    from app.training.token_release import Origin, Split3, files_of, manifest_of

    origin = Origin("SIMULATED", ("few launches",), "1" * 64, "a command")
    files = files_of(model, samples, Split3(parts, "2" * 64), origin, [])
    folder = bundles.publish(tmp_path, manifest_of("one", "SIMULATED", 1_790_000_000), files)
    rows = samples.features[parts.test]
    served = Predictor.open(folder)
    in_torch = Predictor(bundles.verify(folder), torch_graph(bundles.verify(folder)))
    expected = answers(model, rows).served
    np.testing.assert_allclose(served.raw(rows), in_torch.raw(rows), rtol=1e-5, atol=1e-5)
    for told in (served.predict(rows), in_torch.predict(rows)):
        np.testing.assert_allclose(told[:, [0, 2]], expected[:, [0, 2]], atol=1e-5)
        np.testing.assert_allclose(told[:, 1], expected[:, 1], atol=1e-3)
    card = served.bundle.part(bundles.CARD, Card)
    assert card.origin == "SIMULATED"
    assert "SIMULATED" in files[bundles.CARD_TEXT].decode().splitlines()[0]
    assert "not to be trusted" in card.limits[0]
    assert set(card.served) == set(HEADS)
    again = files_of(model, samples, Split3(parts, "2" * 64), origin, [])
    assert again == files


def test_weights_of_another_network_are_refused(samples: Samples, parts: Split, model: Model) -> None:
    from tiny_bundle import files_of as tiny_files
    from tiny_bundle import manifest_of

    tiny = bundles.Bundle(manifest_of(), "", tiny_files())
    with pytest.raises(BundleRefused, match=r"weights\.safetensors"):
        torch_graph(tiny)


def test_no_answer_changes_when_the_future_of_its_tokens_changes(samples: Samples, model: Model) -> None:
    known = launches_of_day(3, FIRST_DAY + 1, 12)
    other = launches_of_day(4, FIRST_DAY + 1, 12)
    minute = 400
    mixed = [
        Launch(*one[:3], *map(lambda past, later: np.concatenate([past[:minute], later[minute:]]), one[3:], two[3:]))
        for one, two in zip(known, other, strict=True)
    ]
    told = [samples_of(histories(each, 3), TWO_HOURLY) for each in (known, mixed)]
    until = [{(t, a): f.tobytes() for t, a, f in zip(each.token, each.at_s, each.features, strict=True)
              if a <= int(t.split()[1]) + minute * 60} for each in told]  # fmt: skip
    assert len(until[0]) > 10
    assert until[0] == until[1]
    assert (told[0].labels.shape != told[1].labels.shape) or (told[0].labels != told[1].labels).any()


@pytest.mark.usefixtures("brief")
def test_each_row_is_judged_by_models_that_never_saw_its_token(
    samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[set[str]] = []
    real = fitted

    def spied(given: Samples, train: np.ndarray, validation: np.ndarray, recipe: Recipe) -> Model:
        seen.append(set(given.token[train].tolist()) | set(given.token[validation].tolist()))
        return real(given, train, validation, Recipe(most_epochs=1))

    monkeypatch.setattr(token_evaluation, "fitted", spied)
    few = samples.rows(np.arange(160))
    told = token_evaluation.cross_validated(few, BRIEF, 7)
    fold = folds(few, token_evaluation.FOLDS, 7)
    for number, known in enumerate(seen):
        assert not known & set(few.token[fold == number].tolist())
    assert all(np.isfinite(values).all() for values in told.values())
    asked = token_evaluation.question("pools not seen", few, told, 7)
    assert [head.head for head in asked.heads] == list(HEADS)
    assert {each.model for each in asked.heads[2].scores} >= {"served", "gradient boosting", "volatility", "base rate"}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Locations:
    monkeypatch.setenv("TAPEDECK_HOME", str(tmp_path))
    return find_locations({"TAPEDECK_HOME": str(tmp_path)})


@pytest.mark.usefixtures("brief")
def test_the_commands_train_publish_and_judge(
    samples: Samples, home: Locations, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = Source("simulated launches", "SIMULATED", ("few launches",), samples)
    monkeypatch.setattr(token_sources, "simulated", lambda *_: given)
    monkeypatch.setattr(token_training, "Recipe", partial(Recipe, most_epochs=1))
    assert main(["train", "tokens", "--json", "--seed", "5"]) == 0
    told = json.loads(capsys.readouterr().out)
    root = home.token_bundles("demo")
    assert told["origin"] == "SIMULATED"
    assert told["folder"] == str(bundles.current_folder(root))
    card = Predictor.open(root / told["version"]).bundle.part(bundles.CARD, Card)
    assert card.data_sha256 == told["data_sha256"] == given.sha256
    assert card.findings
    assert msgspec.to_builtins(card.metrics)["questions"][0] == told["test"]
    assert main(["train", "tokens", "--name", told["version"], "--quiet"]) == 5
    capsys.readouterr()
    assert main(["eval", "tokens", "--quick", "--bundle", told["folder"]]) == 0
    printed = capsys.readouterr()
    for words in (
        "PR-AUC",
        "gradient boosting",
        "ten features",
        "rank correlation",
        "recall",
        f"{told['version']} (SIMULATED)",
    ):
        assert words in printed.out
    assert "accuracy" not in printed.out


def put_outcomes(path: Path, samples: Samples) -> None:
    """A database as if a deck had predicted all samples and labelled them."""
    store = Store(path, StoreSettings(), ManualClock())
    for at, token in enumerate(samples.token.tolist()):
        told = dict(zip(LABELS, samples.labels[at].tolist(), strict=True))
        at_s = int(samples.at_s[at])
        store.put(
            StoredPrediction(
                mint=token,
                at_ms=1_000 * at_s,
                pool="P",
                seen_s=at_s,
                created_s=int(samples.from_s[at]),
                price=1.0,
                liquidity_usd=1.0,
                version="v",
                p_rise=0.5,
                gain_pct=0.0,
                p_rug=0.5,
                schema_sha256=schema().sha256,
                features=samples.features[at].tobytes(),
            )
        )
        for horizon_s in (RISE_HORIZON_S, RUG_HORIZON_S):
            is_hour = horizon_s == RISE_HORIZON_S
            store.put(
                StoredTokenOutcome(
                    mint=token,
                    at_ms=1_000 * at_s,
                    horizon_s=horizon_s,
                    decided_ms=1_000 * (at_s + horizon_s),
                    rises=bool(told["rises"]) if is_hour else None,
                    gain_pct=told["gain_pct"] if is_hour else None,
                    high_gain_pct=None,
                    falls=None if is_hour else bool(told["falls"]),
                    drains=None if is_hour else bool(told["drains"]),
                    reason="",
                )
            )

    async def write() -> None:
        await store.open()
        await store.close()

    asyncio.run(write())


@pytest.mark.usefixtures("brief")
def test_a_bundle_of_outcomes_takes_over_only_from_one_that_it_beats(
    samples: Samples, home: Locations, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:  # fmt: skip
    monkeypatch.setattr(token_training, "Recipe", partial(Recipe, most_epochs=1))
    known = samples.rows(np.flatnonzero(np.isfinite(samples.labels[:, : LABELS.index("rugs")]).all(axis=1)))
    database = home.database("demo")
    database.parent.mkdir(parents=True, exist_ok=True)
    put_outcomes(database, known)
    words = ["train", "tokens", "--from-outcomes", "demo", "--json", "--seed", "5", "--into", str(tmp_path / "b")]
    assert main([*words, "--name", "one"]) == 0
    first = json.loads(capsys.readouterr().out)
    assert (first["origin"], first["challenge"]["promoted"]) == ("SIMULATED", True)
    assert first["challenge"]["reason"] == "no bundle answered before"
    assert main([*words, "--name", "two"]) == 0
    second = json.loads(capsys.readouterr().out)
    # The same outcomes and seed make the same model: it is no better than itself.
    assert second["challenge"]["promoted"] is False
    assert bundles.current(tmp_path / "b") == "one"
    card = Predictor.open(tmp_path / "b" / "two").bundle.part(bundles.CARD, Card)
    assert card.promotion[0] == "Not promoted: it is not better than one in any head by its interval."
    assert len(card.promotion) == 3
    assert card.promotion[0] in (tmp_path / "b" / "two" / bundles.CARD_TEXT).read_text()
    assert main(["train", "tokens", "--from-outcomes", "live", "--quiet"]) == 5
    assert main(["train", "tokens", "--from-outcomes", "demo", "--data", str(tmp_path), "--quiet"]) == 2


def test_too_few_days_to_judge_anything_is_an_error_that_says_what_to_do(
    home: Locations, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["eval", "tokens", "--quick", "--days", "1", "--json"]) == 5
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "nothing is judged; make up more with --days, or leave out --quick" in printed.err


def test_a_folder_without_launches_is_an_error_that_names_it(home: Locations, tmp_path: Path) -> None:
    assert main(["train", "tokens", "--data", str(tmp_path), "--quiet"]) == 5
    assert main(["eval", "tokens", "--data", str(tmp_path / "none"), "--quiet"]) == 5
