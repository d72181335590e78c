"""Of a dirty leaderboard the best sound rows are kept, and every other is counted under why it was refused."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from leaderboard_samples import address, document, row, window

from app.bench.leaderboards import write_leaderboard
from app.core.errors import FrameError
from app.feeds.hyperliquid.leaderboard import (
    LeaderboardDigest,
    LeaderboardRules,
    digest_of,
    encode_digest,
    encode_rules,
    parse_leaderboard_digest,
    parse_rules,
)

SAMPLE = Path(__file__).parents[3].parent / "shared" / "wire" / "hyperliquid" / "leaderboard_rows_2026-10_sample.json"
RULES = LeaderboardRules()


def test_a_sound_row_keeps_every_value() -> None:
    windows = {"day": window("-1", "-0.5", "2"), "week": window("3", "0.25", "4"), "allTime": window("5", "6", "7")}
    digest = digest_of(document(row(displayName="A\u202eB\x1b[2J", windows=windows)), RULES)
    (told,) = digest.rows
    assert (told.trader, told.name, told.equity_usd) == (address(1), "AB[2J", 250000.5)
    assert [(each.pnl_usd, each.roi, each.volume_usd) for each in (told.day, told.week, told.month, told.all_time)] == [
        (-1, -0.5, 2), (3, 0.25, 4), (1000, 0.1, 50000), (5, 6, 7)
    ]  # fmt: skip
    assert (digest.rows_seen, digest.refused) == (1, {})


@pytest.mark.parametrize(
    ("dirty", "why"),
    [
        (row(2, accountValue="99999.99"), "small account"),
        (row(2, accountValue="-1"), "small account"),
        (row(2, ethAddress="0x12"), "bad address"),
        (row(2, ethAddress="0x" + "g" * 40), "bad address"),
        (row(1), "repeated"),
        (row(1, ethAddress=address(1).upper().replace("0X", "0x")), "repeated"),
        (row(2, windows={"week": None}), "window missing"),
        (row(2, windows={"month": window(vlm="0.0")}), "no trade in a month"),
        (row(2, windows={"allTime": window(roi="26412.0401190014")}), "absurd return"),
        (row(2, windows={"allTime": window(pnl="445038914.2", vlm="15999.34")}), "profit without trades"),
        (row(2, accountValue=None), "unreadable"),
        (row(2, accountValue="nan"), "unreadable"),
        (row(2, accountValue="1e400"), "unreadable"),
        (row(2, windows={"day": window(vlm="-1")}), "unreadable"),
        (row(2, windowPerformances=[["day"]]), "unreadable"),
        ("a row", "unreadable"),
        (None, "unreadable"),
    ],
)
def test_a_dirty_row_is_counted_and_hides_no_other(dirty: object, why: str) -> None:
    digest = digest_of(document(row(1), dirty, row(3)), RULES)
    assert [each.trader for each in digest.rows] == [address(1), address(3)]
    assert (digest.rows_seen, digest.refused) == (3, {why: 1})


def test_the_best_of_a_month_of_all_time_and_the_largest_are_kept() -> None:
    rows = [row(number) for number in range(20)]
    rows[5] = row(5, windows={"month": window(pnl="9000")})
    rows[6] = row(6, windows={"allTime": window(pnl="9000")})
    rows[7] = row(7, accountValue="1e8", windows={"month": window(pnl="-9000"), "allTime": window(pnl="-9000")})
    digest = digest_of(document(*rows), LeaderboardRules(keep=3))
    assert {each.trader for each in digest.rows} == {address(5), address(6), address(7)}


@given(st.permutations(range(12)))
def test_what_is_kept_does_not_depend_on_the_order_of_the_rows(order: list[int]) -> None:
    rows = [row(number, accountValue=str(200_000 + number % 4)) for number in range(12)]
    kept = digest_of(document(*(rows[place] for place in order)), LeaderboardRules(keep=5)).rows
    assert kept == digest_of(document(*rows), LeaderboardRules(keep=5)).rows


def test_a_document_that_is_cut_or_of_another_kind_is_refused() -> None:
    whole = document(row(1), row(2))
    for body, why in ((whole[:-30], "truncated"), (b"", "truncated"), (b"[]", "object"), (b"<html>", "malformed")):
        with pytest.raises(FrameError, match=why):
            digest_of(body, RULES)
    assert digest_of(document(), RULES) == LeaderboardDigest(
        rows=(), rows_seen=0, refused={}, size_bytes=len(document())
    )


@given(st.data())
def test_a_document_with_bytes_changed_gives_a_digest_that_can_be_read_or_is_refused(data: st.DataObject) -> None:
    whole = document(row(1), row(2, displayName="é"))
    at = data.draw(st.integers(0, len(whole) - 1))
    changed = whole[:at] + data.draw(st.binary(min_size=1, max_size=4)) + whole[at + 1 :]
    try:
        digest = digest_of(changed, RULES)
    except FrameError:
        return
    assert parse_leaderboard_digest(encode_digest(digest)) == digest
    assert len(digest.rows) + sum(digest.refused.values()) == digest.rows_seen


def test_rules_come_out_as_they_went_in_and_odd_ones_are_refused() -> None:
    rules = LeaderboardRules(keep=7, maximum_roi=2.5, minimum_equity_usd=0)
    assert parse_rules(encode_rules(rules)) == rules
    for body in (b"", b'{"keep":0}', b'{"maximum_roi":-1}', b"[]"):
        with pytest.raises(FrameError, match="choice of a leaderboard's rows"):
            parse_rules(body)


def test_a_digest_from_a_tape_is_not_trusted() -> None:
    digest = digest_of(document(row(1)), RULES)
    told = msgspec.msgpack.decode(encode_digest(digest))
    told["rows"][0]["name"] = "\x1b]0;x\x07"
    assert parse_leaderboard_digest(msgspec.msgpack.encode(told)).rows[0].name == "]0;x"
    told["rows"][0]["week"]["roi"] = float("nan")
    with pytest.raises(FrameError, match="a return is not a number"):
        parse_leaderboard_digest(msgspec.msgpack.encode(told))
    told["rows"][0]["trader"] = "nobody"
    for body in (msgspec.msgpack.encode(told), encode_digest(digest)[:-3], b""):
        with pytest.raises(FrameError, match="not a digest of a leaderboard"):
            parse_leaderboard_digest(body)


def test_of_a_made_up_leaderboard_every_row_is_accounted_for(tmp_path: Path) -> None:
    path = tmp_path / "leaderboard.json"
    size = write_leaderboard(path, rows=3_000, seed=1)
    digest = digest_of(path.read_bytes(), LeaderboardRules(keep=100))
    assert (digest.rows_seen, digest.size_bytes, len(digest.rows)) == (3_000, size, 100)
    assert digest.refused.keys() == {"small account", "absurd return", "no trade in a month"}


@pytest.mark.real
@pytest.mark.skipif(not SAMPLE.is_file(), reason="needs the shared folder with real payloads")
def test_of_real_rows_the_treasuries_and_the_ruined_are_refused() -> None:
    digest = digest_of(SAMPLE.read_bytes(), RULES)
    assert [each.name for each in digest.rows] == ["MachiBigBrother", ""]
    assert digest.refused == {"small account": 1, "no trade in a month": 2}
