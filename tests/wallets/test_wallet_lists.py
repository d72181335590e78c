"""What users bring: profiles, variables of older systems, the list of viral wallets, rules by entry points."""

import tomllib
from importlib.metadata import EntryPoint, version
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.config.load import build, load
from app.config.locations import Locations, find_locations, shipped
from app.config.settings import Settings
from app.config.sources import ALIASES, from_environment
from app.core.errors import ConfigError
from app.wallets.rules import GROUP, Rule, RuleFinding, apply_rules, load_rules, rules_named
from app.wallets.thresholds import Profiles, Thresholds
from app.wallets.values import WalletVerdict
from app.wallets.viral import read_viral, shipped_list

ROOT = Path(__file__).parents[2]
ADDRESS = "0x" + "0f" * 20


@pytest.fixture
def locations(tmp_path: Path) -> Locations:
    return find_locations({"TAPEDECK_HOME": str(tmp_path / "home")})


PROFILES = {"conservative": (0.60, 0.10, 0.85), "balanced": (0.50, 0.20, 0.70), "aggressive": (0.40, 0.25, 0.60)}


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_sets_three_thresholds(name: str, locations: Locations) -> None:
    wallets = load(locations, environ={"TAPEDECK_WALLETS__PROFILE": name}).settings.wallets
    assert (wallets.minimum_specialisation, wallets.chase_limit, wallets.target_score) == PROFILES[name]
    assert wallets == Profiles(Thresholds(), locations.profile_folders()).thresholds(name)
    assert wallets.profile == name


def test_blanks_around_a_profile_mean_nothing(locations: Locations) -> None:
    wallets = load(locations, environ={"TAPEDECK_WALLETS__PROFILE": " conservative "}).settings.wallets
    assert (wallets.profile, wallets.target_score) == ("conservative", PROFILES["conservative"][2])


def test_the_balanced_profile_is_the_defaults(locations: Locations) -> None:
    assert Profiles(Thresholds(), locations.profile_folders()).thresholds("balanced") == Thresholds()


def test_a_variable_is_stronger_than_a_profile(locations: Locations) -> None:
    environ = {"TAPEDECK_WALLETS__PROFILE": "conservative", "RISK_TARGET_SCORE": "0.9"}
    wallets = load(locations, environ=environ).settings.wallets
    assert (wallets.target_score, wallets.chase_limit) == (0.9, 0.10)


@pytest.mark.parametrize("environ", [{"TAPEDECK_WALLETS__TARGET_SCORE": "0.9"}, {"RISK_TARGET_SCORE": "0.70"}, {}])
@pytest.mark.parametrize("begun", PROFILES)
def test_another_profile_is_what_a_start_with_it_would_be(
    begun: str, environ: dict[str, str], locations: Locations
) -> None:
    write_profile(locations, "mine", "[wallets]\nminimum_trades = 50\ntarget_score = 0.55\n")
    loaded = load(locations, environ={**environ, "TAPEDECK_WALLETS__PROFILE": begun})
    profiles = Profiles(loaded.settings.wallets, locations.profile_folders(), loaded.by_hand)
    assert profiles.names == ("aggressive", "balanced", "conservative", "mine")
    for name in (*profiles.names, begun):
        fresh = load(locations, environ={**environ, "TAPEDECK_WALLETS__PROFILE": name}).settings.wallets
        assert profiles.thresholds(name) == fresh


@pytest.mark.parametrize("alias", ALIASES)
def test_the_names_of_older_systems_are_understood(alias: str) -> None:
    section, key = ALIASES[alias].split(".")
    given, read = ("torch", "torch") if key == "runtime" else ("1", 1)
    assert getattr(getattr(build(from_environment({alias: given})), section), key) == read
    with pytest.raises(ConfigError, match=f"environment variable {alias}: {section}.{key} is lots, but must be"):
        build(from_environment({alias: "lots"}))


def test_the_name_with_the_prefix_is_the_stronger() -> None:
    both = {"RISK_TARGET_SCORE": "0.9", "TAPEDECK_WALLETS__TARGET_SCORE": "0.8"}
    assert build(from_environment(both)).wallets.target_score == 0.8


def write_profile(locations: Locations, name: str, text: str) -> None:
    folder = locations.profile_folders()[0]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    (folder / f"{name}.toml").chmod(0o600)


def test_a_profile_of_ones_own(locations: Locations) -> None:
    write_profile(locations, "mine", "[wallets]\nminimum_trades = 50\n")
    loaded = load(locations, environ={"TAPEDECK_WALLETS__PROFILE": "mine"})
    assert loaded.settings.wallets.minimum_trades == 50
    assert loaded.origins["wallets.minimum_trades"].endswith("mine.toml")


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("gone", None, "wallets.profile is gone, but there is no such profile; choose one of aggressive, balanced"),
        ("other", "[markets]\ntop = 5\n", "markets.top has no place in a profile"),
        ("loop", '[wallets]\nprofile = "loop"\n', "wallets.profile has no place in a profile"),
        (
            "wrong",
            "[wallets]\nchase_limit = 7\n",
            "wallets.chase_limit is 7, but must be a number, at least 0, at most 1",
        ),
        ("../evil", None, "wallets.profile is ../evil, but must be a profile's name"),
    ],
)
def test_a_profile_that_cannot_be_used_is_told(name: str, text: str | None, words: str, locations: Locations) -> None:
    if text is not None:
        write_profile(locations, name, text)
    with pytest.raises(ConfigError) as caught:
        load(locations, environ={"TAPEDECK_WALLETS__PROFILE": name})
    assert words in str(caught.value)


def test_shipped_profiles_are_those_documented() -> None:
    files = {path.stem: tomllib.loads(path.read_text()) for path in (shipped("configs") / "wallets").glob("*.toml")}
    assert {name: tuple(table["wallets"].values()) for name, table in files.items()} == PROFILES


def test_the_shipped_list_names_nobody() -> None:
    assert read_viral(shipped_list()).wallets == frozenset()


def viral(folder: Path, content: bytes) -> Path:
    path = folder / "viral.json"
    path.write_bytes(content)
    return path


def test_a_bad_address_is_named_and_skipped(tmp_path: Path) -> None:
    content = {"wallets": [ADDRESS.upper().replace("X", "x"), "0x12", 7, "\x1b[2J"], "last_updated": "2026-11-01"}
    found = read_viral(viral(tmp_path, msgspec.json.encode(content)))
    assert (found.wallets, found.last_updated) == ({ADDRESS}, "2026-11-01")
    assert found.refused == tuple(
        f"{text!r} is not a wallet's address (0x and 40 hex digits); skipped" for text in ("0x12", "7", "[2j")
    )


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"wallets": 5}', b"<html>", b'{"wallets": []', b"\xff", b"[" * 100_000]
)
def test_what_is_no_list_is_told(content: bytes, tmp_path: Path) -> None:
    path = viral(tmp_path, content)
    with pytest.raises(ConfigError, match=r"viral\.json"):
        read_viral(path)
    with pytest.raises(ConfigError, match="is missing"):
        read_viral(tmp_path / "none.json")


@given(st.lists(st.one_of(st.text(max_size=50), st.integers(), st.none()), max_size=10))
def test_any_entry_is_a_wallet_or_refused(tmp_path_factory: pytest.TempPathFactory, entries: list[object]) -> None:
    found = read_viral(viral(tmp_path_factory.mktemp("viral"), msgspec.json.encode({"wallets": entries})))
    assert len(found.wallets) + len(found.refused) == len(entries)


def point(name: str, value: str) -> EntryPoint:
    return EntryPoint(name=name, value=value, group=GROUP)


def test_the_example_rule_ships_as_an_entry_point() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"][GROUP]
    rules, refused = load_rules([point(name, value) for name, value in declared.items()])
    assert [rule.name for rule in rules] == ["fast_month"]
    assert refused == ()


def test_a_rule_that_cannot_be_loaded_is_named_and_the_others_are_used() -> None:
    rules, refused = load_rules(
        [
            point("gone", "no.such.module:rule"),
            point("number", "app.wallets.example_rule:MOST_ROI_30D"),
            point("fast_month", "app.wallets.example_rule:fast_month"),
        ]
    )
    assert [rule.name for rule in rules] == ["fast_month"]
    assert [line.split(":")[0] for line in refused] == ["rule gone cannot be loaded", "rule number cannot be loaded"]


class Unspeakable(Exception):  # noqa: N818 - it is what a rule of somebody else may raise
    def __str__(self) -> str:
        raise RuntimeError


def test_an_error_that_cannot_be_told_is_named_by_its_type() -> None:
    def fails(_: WalletVerdict) -> None:
        raise Unspeakable

    verdict = WalletVerdict(wallet=ADDRESS, verdict="REJECTED", stage=1, judged_s=1, profile="balanced")
    assert apply_rules([Rule("mine", fails)], verdict) == ((), ("rule mine failed: Unspeakable",))


def test_a_rule_that_wants_to_end_the_program_is_named_and_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a_script_of_mine.py").write_text("raise SystemExit(3)\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    rules, refused = load_rules([point("script", "a_script_of_mine:rule")])
    assert (rules, refused) == ((), ("rule script cannot be loaded: SystemExit 3",))

    def ends(_: WalletVerdict) -> None:
        raise SystemExit(4)

    verdict = WalletVerdict(wallet=ADDRESS, verdict="REJECTED", stage=1, judged_s=1, profile="balanced")
    assert apply_rules([Rule("mine", ends)], verdict) == ((), ("rule mine failed: SystemExit 4",))


def test_a_rule_knows_the_version_of_its_package() -> None:
    rules, _ = load_rules()
    (example,) = (rule for rule in rules if rule.name == "fast_month")
    assert example.version == f"tapedeck {version('tapedeck')} app.wallets.example_rule:fast_month"


def test_settings_hold_the_thresholds() -> None:
    assert Settings().wallets == Thresholds()


def always(_: WalletVerdict) -> RuleFinding:
    return RuleFinding("found", bars=True)


def test_named_rules_are_those_that_were_judged_with_whatever_else_is_installed() -> None:
    installed = [Rule("mine", always, "mine 2"), Rule("new", always, "new 1")]
    rules, told = rules_named([("gone", "gone 7"), ("mine", "mine 2"), ("new", "new 0")], installed)
    assert [(rule.name, rule.version) for rule in rules] == [("gone", "gone 7"), ("mine", "mine 2"), ("new", "new 0")]
    assert told == (
        "rule gone (gone 7) is not here: what it would find is missing",
        "rule new is new 1 here, not new 0: it may find something else",
    )
    verdict = WalletVerdict(wallet=ADDRESS, verdict="REJECTED", stage=1, judged_s=1, profile="balanced")
    assert [doubt.rule for doubt in apply_rules(rules, verdict)[0]] == ["mine", "new"]
    assert rules_named([("mine", "mine 2")], installed)[1] == ()
