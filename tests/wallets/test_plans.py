from pathlib import Path

import pytest
from scan_samples import address, condition

from app.config.wallet_settings import ScannerSettings
from app.core.errors import UsageError
from app.wallets.plans import plan_of, spelled_out
from app.wallets.sources import parse_list

SETTINGS = ScannerSettings(windows=("week", "all"), categories=("overall", "politics"), large_trade_usdc=500)


def test_no_word_means_the_leaderboards_of_the_settings() -> None:
    plan = plan_of((), SETTINGS)
    assert plan == plan_of(("leaderboard",), SETTINGS)
    assert [question.variant for question in plan.sources] == [
        "week overall PNL", "week politics PNL", "all overall PNL", "all politics PNL",
    ]  # fmt: skip
    assert (plan.limit, plan_of((), SETTINGS, 7).limit) == (1_000, 7)


def test_trades_and_markets() -> None:
    trades = plan_of(("trades",), SETTINGS)
    assert [question.name for question in trades.sources] == ["market_trades"]
    assert ("filter_amount", "500") in trades.sources[0].query
    assert trades.finders == ()
    found = plan_of(("market",), SETTINGS)
    assert found.sources == found.finders == trades.sources
    named = plan_of(("market", condition(3).upper().replace("0X", "0x")), SETTINGS)
    assert [(question.name, question.subject) for question in named.sources] == [("holders", condition(3))]
    assert named.finders == ()
    assert plan_of((condition(3),), SETTINGS) == named
    with pytest.raises(UsageError, match="both begin with recent large trades"):
        plan_of(("trades", "market"), SETTINGS)


def test_files_and_addresses(tmp_path: Path) -> None:
    listed = tmp_path / "wallets.txt"
    listed.write_text(f"# mine\n{address(1)} # the first\n\n{address(2)},a name\n", encoding="utf-8")
    assert plan_of((str(listed), address(3), "0x12"), SETTINGS).listed == (address(1), address(2), address(3), "0x12")
    assert parse_list("a b\n#c\n d , e") == ["a", "d"]


def test_a_word_that_is_nothing_names_what_it_could_be(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="leaderbord is no source, address or file; write leaderboard"):
        plan_of(("leaderbord",), SETTINGS)
    with pytest.raises(UsageError, match="Is a directory"):
        plan_of((str(tmp_path),), SETTINGS)


@pytest.mark.parametrize(
    ("word", "boards"),
    [
        ("leaderboard:day", ["day overall PNL", "day politics PNL"]),
        ("leaderboard:sports", ["week sports PNL", "all sports PNL"]),
        ("leaderboard:month:sports", ["month sports PNL"]),
        ("leaderboard:sports:month", ["month sports PNL"]),
    ],
)
def test_a_leaderboard_is_named_by_window_and_category(word: str, boards: list[str]) -> None:
    assert [question.variant for question in plan_of((word,), SETTINGS).sources] == boards


@pytest.mark.parametrize("word", ["leaderboard:day:week", "leaderboard:sports:politics"])
def test_a_leaderboard_of_two_windows_or_categories_is_refused(word: str) -> None:
    with pytest.raises(UsageError, match="names two of a kind: write a window"):
        plan_of((word,), SETTINGS)


def test_a_file_is_spelled_out_for_an_engine_and_what_is_no_address_is_named(tmp_path: Path) -> None:
    listed = tmp_path / "wallets.txt"
    listed.write_text(f"{address(1)}\n=1+1\n{address(2)} # mine\n0x12\n{address(1)}\n", encoding="utf-8")
    spelled = spelled_out(("trades", str(listed), "0x99", "leaderboard:week"))
    assert spelled.words == ("trades", address(1), address(2), "0x99", "leaderboard:week")
    assert spelled.refused == ("=1+1", "0x12")
    empty = tmp_path / "empty.txt"
    empty.write_text("# nobody\nname\n", encoding="utf-8")
    with pytest.raises(UsageError, match="has no addresses"):
        spelled_out((str(empty),))
    for word in ("nonsense", "a\0b"):
        with pytest.raises(UsageError, match="is no source, address or file"):
            spelled_out((word,))
