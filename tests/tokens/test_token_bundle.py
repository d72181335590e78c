"""Bundles: verified whole, published at once, refused with a reason, rolled back; and what they answer."""

import hashlib
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import external_data_helper
from tiny_bundle import by_hand, files_of, graph_of, manifest_of, matrix, rows_of, tiny_bundle

from app.cli.main import main
from app.config.locations import find_locations
from app.core.errors import BundleRefused, DataError
from app.tokens import bundle as bundles
from app.tokens.bundle_parts import Isotonic, Manifest, Platt
from app.tokens.predictor import Predictor, onnx_graph


def rewritten(folder: Path, name: str, content: bytes) -> None:
    """Change a file of a bundle and have the manifest agree, as whoever tampers with it would."""
    manifest = msgspec.json.decode((folder / bundles.MANIFEST).read_bytes())
    (folder / name).write_bytes(content)
    manifest["files"][name] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    (folder / bundles.MANIFEST).write_bytes(msgspec.json.encode(manifest))


def of_manifest(folder: Path, **changes: object) -> None:
    manifest = msgspec.json.decode((folder / bundles.MANIFEST).read_bytes())
    (folder / bundles.MANIFEST).write_bytes(msgspec.json.encode({**manifest, **changes}))


def test_a_bundle_answers_what_its_parts_say_by_hand(tmp_path: Path) -> None:
    predictor = Predictor.open(tiny_bundle(tmp_path))
    rows = rows_of(count=5)
    np.testing.assert_allclose(predictor.predict(rows), by_hand(rows), rtol=1e-5, atol=1e-6)
    assert predictor.predict(rows).dtype == np.float32
    assert predictor.predict(rows[:0]).shape == (0, 3)


def test_a_row_is_answered_the_same_alone_and_among_others(tmp_path: Path) -> None:
    predictor, rows = Predictor.open(tiny_bundle(tmp_path)), rows_of(count=32)
    alone = np.concatenate([predictor.predict(row[None]) for row in rows])
    np.testing.assert_allclose(predictor.predict(rows), alone, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("rows", [rows_of().astype(np.float64), rows_of()[:, :-1], rows_of()[0]])
def test_rows_of_another_shape_or_type_are_no_question(tmp_path: Path, rows: np.ndarray) -> None:
    with pytest.raises(ValueError, match="628 float32"):
        Predictor.open(tiny_bundle(tmp_path)).predict(rows)


def test_a_feature_that_is_not_finite_is_no_question(tmp_path: Path) -> None:
    rows = rows_of()
    rows[1, 7] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        Predictor.open(tiny_bundle(tmp_path)).predict(rows)


@pytest.mark.parametrize("name", bundles.FILES)
def test_hazard_18_a_file_that_was_changed_cut_or_taken_away_refuses_the_bundle(tmp_path: Path, name: str) -> None:
    folder = tiny_bundle(tmp_path)
    whole = (folder / name).read_bytes()
    for content in (whole[:-1], whole + b" ", bytes([whole[0] ^ 1]) + whole[1:]):
        (folder / name).write_bytes(content)
        with pytest.raises(BundleRefused, match=f"{name} is not what the manifest says"):
            bundles.verify(folder)
    (folder / name).unlink()
    with pytest.raises(BundleRefused, match=f"{name} cannot be read"):
        bundles.verify(folder)


@given(st.binary(max_size=200))
def test_a_manifest_of_any_bytes_is_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.getbasetemp() / "hostile"
    folder.mkdir(exist_ok=True)
    (folder / bundles.MANIFEST).write_bytes(content)
    with pytest.raises(BundleRefused, match=r"manifest\.json"):
        bundles.verify(folder)


@pytest.mark.parametrize("name", [bundles.CARD, bundles.DRIFT, bundles.GOLDEN, bundles.CARD_TEXT])
def test_a_text_that_would_take_long_to_decode_is_not_read(tmp_path: Path, name: str) -> None:
    folder = tiny_bundle(tmp_path)
    rewritten(folder, name, b'{"metrics":[' + b"[]," * 170_000 + b"[]]}")
    with pytest.raises(BundleRefused, match=f"{name} is larger than 500,000 bytes"):
        bundles.verify(folder)


def test_what_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tiny_bundle(tmp_path)
    monkeypatch.setattr(bundles, "LARGEST_FILE", 1_000)
    with pytest.raises(BundleRefused, match="larger than 1,000 bytes"):
        bundles.verify(folder)


def test_a_file_that_is_a_link_or_a_pipe_is_refused(tmp_path: Path) -> None:
    import os

    folder = tiny_bundle(tmp_path)
    (folder / bundles.DRIFT).rename(tmp_path / "elsewhere")
    (folder / bundles.DRIFT).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BundleRefused, match=r"drift\.json cannot be read"):
        bundles.verify(folder)
    (folder / bundles.DRIFT).unlink()
    os.mkfifo(folder / bundles.DRIFT)
    with pytest.raises(BundleRefused, match=r"drift\.json is not what"):
        bundles.verify(folder)


def replaced(name: str, old: bytes, new: bytes) -> Callable[[Path], None]:
    """What puts `new` in place of `old` in a file, and has the manifest agree."""
    content = files_of()[name]
    assert old in content
    return lambda folder: rewritten(folder, name, content.replace(old, new))


REFUSALS: tuple[tuple[str, Callable[[Path], None]], ...] = (
    ("defined otherwise", lambda folder: of_manifest(folder, feature_schema_sha256="0" * 64)),
    ("defined otherwise", replaced(bundles.SCHEMA, b'"slots":100', b'"slots":99')),
    ("its format is 2", lambda folder: of_manifest(folder, format=2)),
    ("it answers p_rug", lambda folder: of_manifest(folder, heads=["p_rug", "gain_pct", "p_rise"])),
    ("too new", lambda folder: of_manifest(folder, opsets={"": 99})),
    ("too new", lambda folder: of_manifest(folder, opsets={"com.microsoft": 1})),
    ("needs onnxruntime 999", lambda folder: of_manifest(folder, minimum_runtime="999.0.0")),
    ("files of a bundle", lambda folder: of_manifest(folder, files={})),
    ("manifest.json does not hold", lambda folder: of_manifest(folder, version="../x")),
    ("manifest.json does not hold", lambda folder: of_manifest(folder, origin="real")),
    ("no graph", lambda folder: rewritten(folder, bundles.GRAPH, b"\x08\x07 no graph")),
    ("does not turn", lambda folder: rewritten(folder, bundles.GRAPH, graph_of(1, 627))),
    ("does not turn", lambda folder: rewritten(folder, bundles.GRAPH, graph_of(1, answer="other"))),
    ("golden inputs as it did", lambda folder: rewritten(folder, bundles.GRAPH, graph_of(5))),
    ("golden inputs as it did", replaced(bundles.SCALERS, b"0.25", b"0.75")),
    ("golden inputs as it did", replaced(bundles.CALIBRATION, b"1.5", b"1.6")),
    ("not for 628", lambda folder: rewritten(folder, bundles.SCALERS, b'{"centre":[0],"spread":[1]}')),
    ("not above 0", replaced(bundles.SCALERS, b"2.0", b"0.0")),
    ("not of the heads", lambda folder: rewritten(folder, bundles.CALIBRATION, b"{}")),
    ("leaves the range", replaced(bundles.CALIBRATION, b"0.9", b"1.9")),
    ("do not rise", replaced(bundles.CALIBRATION, b"[0.1,", b"[0.95,")),
    ("no rising map", replaced(bundles.CALIBRATION, b"1.5", b"-1.5")),
    ("golden vectors are none", lambda folder: rewritten(folder, bundles.GOLDEN, b'{"inputs":[],"outputs":[]}')),
    ("golden.json does not hold", lambda folder: rewritten(folder, bundles.GOLDEN, b"[" * 5_000)),
    ("card.json does not hold", lambda folder: rewritten(folder, bundles.CARD, b"{}")),
)  # fmt: skip


@pytest.mark.parametrize(("reason", "tamper"), REFUSALS)
def test_a_bundle_that_does_not_fit_is_refused_with_the_reason(
    tmp_path: Path, reason: str, tamper: Callable[[Path], None]
) -> None:
    folder = tiny_bundle(tmp_path)
    tamper(folder)
    with pytest.raises(BundleRefused, match=reason):
        Predictor.open(folder)


def test_a_graph_whose_numbers_lie_in_another_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # ONNX Runtime looks for them below the working directory.
    monkeypatch.chdir(tmp_path)
    (tmp_path / "numbers").write_bytes(matrix().tobytes())
    model = onnx.load_from_string(graph_of())
    external_data_helper.set_external_data(model.graph.initializer[0], "numbers")
    model.graph.initializer[0].ClearField("raw_data")
    onnx.checker.check_model(model)
    folder = tiny_bundle(tmp_path / "bundles")
    rewritten(folder, bundles.GRAPH, model.SerializeToString())
    with pytest.raises(BundleRefused, match=r"no graph that can be run .*[Ee]xternal data"):
        Predictor.open(folder)


@pytest.mark.parametrize("name", [b"features", b"MatMul"])
def test_a_graph_with_names_that_are_no_text_is_refused_and_nothing_is_printed(
    name: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(BundleRefused, match="no graph that can be run"):
        onnx_graph(graph_of().replace(name, name[:-1] + b"\xf4"))
    assert capfd.readouterr() == ("", "")


def test_publishing_points_to_the_new_bundle_and_rollback_to_the_one_before(tmp_path: Path) -> None:
    assert bundles.current(tmp_path) is None
    assert bundles.current_folder(tmp_path) is None
    tiny_bundle(tmp_path, "one", 1)
    with pytest.raises(DataError, match="no bundle before"):
        bundles.rollback(tmp_path)
    second = tiny_bundle(tmp_path, "two", 2)
    assert bundles.current_folder(tmp_path) == second
    assert bundles.rollback(tmp_path) == "one"
    assert bundles.current(tmp_path) == "one"
    assert bundles.rollback(tmp_path) == "two"
    assert (tmp_path / "current").read_text() == "two\n"


def test_what_a_user_trained_goes_before_what_is_shipped(tmp_path: Path) -> None:
    own, shipped = tmp_path / "own", tmp_path / "shipped"
    assert bundles.pointed_root((own, shipped)) is None
    tiny_bundle(shipped)
    assert bundles.pointed_root((own, shipped)) == shipped
    tiny_bundle(own)
    assert bundles.pointed_root((own, shipped)) == own


def test_the_command_rolls_back_without_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TAPEDECK_HOME", str(tmp_path))
    root = find_locations({"TAPEDECK_HOME": str(tmp_path)}).token_bundles("live")
    tiny_bundle(root, "one", 1)
    assert main(["train", "tokens", "--rollback", "live"]) == 5
    assert "no bundle before" in capsys.readouterr().err
    tiny_bundle(root, "two", 2)
    assert main(["train", "tokens", "--rollback", "live"]) == 0
    assert "one answers again" in capsys.readouterr().out
    assert bundles.current(root) == "one"


def test_a_version_is_never_written_over(tmp_path: Path) -> None:
    folder = tiny_bundle(tmp_path, "one")
    before = bundles.verify(folder)
    with pytest.raises(DataError, match="there already"):
        tiny_bundle(tmp_path, "one", 2)
    assert bundles.verify(folder) == before


def test_a_bundle_that_lacks_a_file_is_not_published(tmp_path: Path) -> None:
    tiny_bundle(tmp_path, "one")
    files = files_of()
    del files[bundles.GRAPH]
    with pytest.raises(BundleRefused, match=r"model\.onnx"):
        bundles.publish(tmp_path, manifest_of("two"), files)
    assert bundles.current(tmp_path) == "one"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["current", "one"]


def test_a_damaged_bundle_is_not_pointed_to(tmp_path: Path) -> None:
    damaged = bundles.write(tmp_path, manifest_of("two"), files_of(2))
    tiny_bundle(tmp_path, "one")
    (damaged / bundles.GRAPH).write_bytes(b"")
    with pytest.raises(BundleRefused):
        bundles.promote(tmp_path, "two")
    assert bundles.current(tmp_path) == "one"


@pytest.mark.parametrize("pointer", ["../../etc", "", ".hidden", "a/b", "two\nlines", "x" * 200])
def test_a_pointer_that_names_no_folder_is_refused(tmp_path: Path, pointer: str) -> None:
    (tmp_path / "current").write_text(pointer)
    with pytest.raises(BundleRefused):
        bundles.current(tmp_path)


def test_hazard_19_readers_see_one_whole_bundle_or_the_other_while_it_is_switched(tmp_path: Path) -> None:
    hashes = {bundles.verify(tiny_bundle(tmp_path, name, seed)).sha256 for name, seed in (("one", 1), ("two", 2))}
    done = threading.Event()

    def switch() -> None:
        for place in range(12):
            bundles.promote(tmp_path, ("one", "two")[place % 2])
        done.set()

    writer = threading.Thread(target=switch)
    writer.start()
    seen = set()
    while not done.is_set():
        folder = bundles.current_folder(tmp_path)
        assert folder is not None
        seen.add(bundles.verify(folder).sha256)
    writer.join()
    assert seen <= hashes
    assert not list(tmp_path.glob("*.new"))


@given(st.floats(-(2.0**99), 2.0**99, width=32), st.floats(-(2.0**99), 2.0**99, width=32))
def test_calibration_keeps_the_order_of_scores_and_the_range_of_probabilities(first: float, second: float) -> None:
    low, high = np.float32(min(first, second)), np.float32(max(first, second))
    for mapped in (Platt(0.7, 0.2), Isotonic((-1.0, 0.0, 3.0), (0.0, 0.4, 1.0))):
        answers = mapped(np.array([low, high], dtype=np.float32))
        assert 0 <= answers[0] <= answers[1] <= 1


def test_a_manifest_survives_its_own_json() -> None:
    manifest = manifest_of()
    assert msgspec.json.decode(msgspec.json.encode(manifest), type=Manifest) == manifest


def test_answering_needs_no_library_of_training(tmp_path: Path) -> None:
    import subprocess
    import sys

    program = (
        "import sys; from pathlib import Path; from app.tokens.predictor import Predictor; "
        f"Predictor.open(Path({str(tiny_bundle(tmp_path))!r})); "
        "print(sorted({'torch', 'sklearn', 'scipy', 'onnx', 'pandas', 'asyncio'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]", done.stderr
