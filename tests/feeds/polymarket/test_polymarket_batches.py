"""Pages that are scanned give what their parse gives, whatever is on them, and the venue's own are scanned."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polymarket_samples import AT_S, OTHER_WALLET, WALLET, activity_row, page, trade_row

from app.core.compiling import Function
from app.core.errors import FrameError
from app.feeds.polymarket import trades_scanner
from app.feeds.polymarket.batches import compiled_scanner, trade_pages
from app.feeds.polymarket.byte_kernel import FOREIGN
from app.feeds.polymarket.columns import TradePages, joined, trade_columns


class Scanner:
    """A scanner that counts the pages it leaves to the decoder, and those it read."""

    def __init__(self, scan: Function) -> None:
        self._scan = scan
        self.left = self.read = 0

    def __call__(self, *given: Any) -> tuple[int, int, int, int]:
        # Words wrap round on purpose.
        with np.errstate(over="ignore"):
            found: tuple[int, int, int, int] = self._scan(*given)
        self.left += found[0] == FOREIGN
        self.read += found[0] != FOREIGN
        return found


@pytest.fixture
def scanner() -> Scanner:
    return Scanner(trades_scanner.scanner(lambda function: function))


def tight(rows: object, cursor: str = "c", *, ascii_only: bool = False) -> bytes:
    """A page without spaces, as the venue writes it."""
    return json.dumps(json.loads(page(rows, cursor)), separators=(",", ":"), ensure_ascii=ascii_only).encode()


def same(ours: TradePages, expected: TradePages) -> None:
    for name in ours._fields:
        column, other = getattr(ours, name), getattr(expected, name)
        assert column.dtype == other.dtype, name
        np.testing.assert_array_equal(column, other, name)


def of(make: Callable[[], TradePages]) -> TradePages | str:
    """The pages, or why there are none."""
    try:
        return make()
    except FrameError as error:
        return str(error)


def check(bodies: list[bytes], scanner: Scanner) -> None:
    """The scanned batch is the parsed one, or both are refused."""
    expected = of(lambda: joined([trade_columns(body) for body in bodies]))
    found = of(lambda: trade_pages(bodies, scanner))
    if isinstance(expected, TradePages) and isinstance(found, TradePages):
        same(found, expected)
    else:
        assert found == expected


ROWS = [
    trade_row(timestamp=AT_S + 2, side="SELL", size=2.0, price=1.0005, token_id="7", condition_id="a"),
    trade_row(timestamp=AT_S + 1, size=4, price=0.5, token_id="8", condition_id="a"),
    trade_row(timestamp=AT_S, size=1.0, price=0.25, token_id="7", condition_id="b", usdc_size=0.3),
]


def test_columns_of_two_pages(scanner: Scanner) -> None:
    pages = trade_pages([tight(ROWS), tight([trade_row(token_id="9")])], scanner)
    assert pages.offsets.tolist() == [0, 3, 4]
    assert pages.size.tolist() == [1.0, 4.0, 2.0, 22.84]
    assert pages.usdc.tolist() == [0.3, 2.0, 2.0 * 1.0005, 22.84 * 0.52]
    assert (pages.at_s - AT_S).tolist() == [0, 1, 2, 0]
    assert pages.is_buy.tolist() == [True, True, False, True]
    assert (pages.token.tolist(), pages.token_offsets.tolist()) == ([0, 1, 0, 0], [0, 2, 3])
    # The newest trade of token 7 names condition a, the second one of the page.
    assert (pages.condition.tolist(), pages.token_ids.tolist()) == ([1, 1, 0], [b"7", b"8", b"9"])
    assert (scanner.read, scanner.left) == (2, 0)


def test_no_pages(scanner: Scanner) -> None:
    check([], scanner)


@pytest.mark.parametrize(
    "change",
    [
        {"title": 'say "no" \\ / \n \u2028 100°F 日本'},
        {"size": 0.30000000000000004, "price": 0.9599999234188139},
        {"size": 5e-07, "price": 0},
        {"size": 123456789012345},
        {"usdc_size": None, "outcome_index": None, "event_slug": None, "transaction_hash": None},
        {"usdc_size": 12.345678, "type": "TRADE"},
        {"proxy_wallet": WALLET.upper().replace("X", "x")},
        {"proxy_wallet": OTHER_WALLET},
        {"bio": -1.5, "verified": True, "private": False, "none": None},
        {"token_id": "7" * 80},
    ],
)
@pytest.mark.parametrize("ascii_only", [False, True])
def test_what_a_venue_may_write_is_scanned(change: dict[str, Any], ascii_only: bool, scanner: Scanner) -> None:
    body = tight([trade_row(size=3.0), trade_row(**change), trade_row(size=1.0)], ascii_only=ascii_only)
    check([body], scanner)
    assert (scanner.read, scanner.left) == (1, 0)


def test_names_may_come_in_any_order_and_rows_on_lines_of_their_own(scanner: Scanner) -> None:
    rows = [dict(reversed(row.items())) if place % 2 else row for place, row in enumerate(ROWS)]
    check([tight(rows), tight(ROWS).replace(b"},{", b"},\n{")], scanner)
    assert (scanner.read, scanner.left) == (2, 0)


BEFORE = tight([trade_row()])


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"<html>", b'{"data":null}', b'{"data":[]}', page(ROWS), json.dumps(ROWS).encode(),
        tight(ROWS[::-1]),
        tight([trade_row(timestamp=AT_S, token_id="a b")]), tight([trade_row(), trade_row(token_id="")]),
        tight([trade_row(token_id="7" * 81)]), tight([trade_row(side="")]), tight([trade_row(type="REDEEM")]),
        tight([trade_row(), trade_row(proxy_wallet="0x1")]), tight([trade_row(),
        trade_row(proxy_wallet="0x" + "g" * 40)]),
        tight([trade_row(size=1e15), trade_row()]), tight([trade_row(price=1.0011), trade_row()]),
        tight([trade_row(price=1.00100000000000001234), trade_row(size=999999999999999.9999)]),
        tight([trade_row(size=-1), trade_row()]), tight([trade_row(size="3"), trade_row(timestamp="7")]),
        tight([trade_row(timestamp=0), trade_row()]), tight([trade_row(timestamp=10**10), trade_row()]),
        tight([trade_row(outcome_index=1000), trade_row()]), tight([trade_row(event_slug=7), trade_row()]),
        tight([trade_row(event_slug="é"), trade_row(tags=[1, {"a": "]"}])]),
        BEFORE[:-1], BEFORE + b" ", BEFORE + b"x", BEFORE.replace(b'"pagination":{', b'"pagination":{"data":1,', 1),
        BEFORE.replace(b'"pagination"', b'"data":[],"pagination"'), BEFORE.replace(b'"pagination"',
        b'"d\\u0061ta":[],"p"'),
        BEFORE.replace(b'"pagination":{', b'"pagination":7{'),
        BEFORE.replace(b'"size":22.84', b'"size":22.84,"size":5'), BEFORE.replace(b'"size":22.84',
        b'"size":1e15,"size":5'), BEFORE.replace(b'"size":22.84', b'"size":5,"size":null'),
        BEFORE.replace(b'"size":22.84', b'"size":022.84'), BEFORE.replace(b'"size":22.84', b'"size":22.'),
        BEFORE.replace(b'"size":22.84', b'"size":96852937247754.838'),
        BEFORE.replace(b'"size":22.84', b'"size":0.9728340843400927'),
        BEFORE.replace(b'"size":22.84', b'"size":.5'), BEFORE.replace(b'"size":22.84', b'"size":1e'),
        BEFORE.replace(b'"size"', b'"\\u0073ize"'), BEFORE.replace(b'"size":22.84,', b""),
        BEFORE.replace(b"Will it?", b"\xff\xfe"), BEFORE.replace(b"Will it?", b"a\x01b"),
        BEFORE.replace(b"Will it?", b"\\ud83d\\ude00"), BEFORE.replace(b"Will it?", b"\\ud83d"),
        BEFORE.replace(b"Will it?", b"\\x"), BEFORE.replace(b"Will it?", b"\\u12g4"), BEFORE.replace(b'"Will it?"',
        b"nul"),
        BEFORE.replace(b'"event_slug":""', b'"event_slug":"\xff"'), BEFORE.replace(b'},{', b"},\n\n{"),
        BEFORE.replace(b'"title"', b'"' + b"t" * 300 + b'"'), BEFORE.replace(b'"title":', b'"title" :'),
        BEFORE.replace(b'"title"', b",".join(b'"n%d":0' % number for number in range(80)) + b',"title"'),
    ],
)  # fmt: skip
def test_what_is_odd_is_taken_as_the_parse_takes_it(body: bytes, scanner: Scanner) -> None:
    check([body], scanner)


def test_what_follows_a_page_in_its_room_is_not_read(scanner: Scanner) -> None:
    """A short page after a long one, cut where the long one went on."""
    whole = tight([trade_row(size=3.0), trade_row(size=2.0), trade_row(size=1.0)])
    check([whole, tight([trade_row(size=9.0)])], scanner)
    for cut in range(1, len(whole), 37):
        with pytest.raises(FrameError):
            trade_pages([whole, whole[:cut]], scanner)


VALUES: dict[str, st.SearchStrategy[Any]] = {
    "proxy_wallet": st.sampled_from([WALLET, WALLET, OTHER_WALLET, WALLET.upper(), "0x1"]),
    "side": st.sampled_from(["BUY", "SELL", "BUY", "SELL", ""]),
    "token_id": st.sampled_from(["1", "2", "12345678", "123456789", "7" * 77, "7" * 76 + "8", "", "a b"]),
    "condition_id": st.sampled_from(["c", "d", "0x" + "f" * 64, "\x1b"]),
    "size": st.floats(0, 1e9) | st.integers(0, 10**16) | st.none(),
    "price": st.floats(0, 1.001) | st.decimals(0, 1, places=3).map(float),
    "timestamp": st.integers(AT_S, AT_S + 3),
    "usdc_size": st.floats(0, 1e9) | st.none(),
    "type": st.sampled_from(["TRADE", "TRADE", "TRADE", "REDEEM", "TIP"]),
    "event_slug": st.sampled_from(["x", "é", None, 7]),
    "transaction_hash": st.sampled_from(["0x1", None, []]),
    "outcome_index": st.sampled_from([0, 1, 999, None, -1]),
    "title": st.text(max_size=40),
    "bio": st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.lists(st.integers()),
}
CHANGES = st.dictionaries(st.sampled_from(sorted(VALUES)), st.none(), max_size=3).flatmap(
    lambda chosen: st.fixed_dictionaries({name: VALUES[name] for name in chosen})
)
SPLICES = st.lists(
    st.tuples(
        st.floats(0, 1),
        st.integers(0, 8),
        st.sampled_from([b"", b'"', b"\\", b",", b":", b"{", b"}", b"[", b"]", b"0", b".", b"e", b" ", b"\0", b"\xff"])
        | st.sampled_from(
            [b"null", b'"size":5,', b'"side":"",', b'"":0,', b'"usdc_size":null,', b'"data":[],', b"},{"]
        ),
    ),
    max_size=2,
)


@st.composite
def bodies(draw: Callable[..., Any]) -> bytes:
    """A page of a few rows, newest first, some of them changed; then perhaps cut and patched somewhere."""
    base = activity_row() if draw(st.booleans()) else trade_row()
    rows = [{**base, **change} for change in draw(st.lists(CHANGES, max_size=4))]
    rows.sort(key=lambda row: -row["timestamp"])
    if draw(st.booleans()):
        rows = [dict(draw(st.permutations(list(row.items())))) for row in rows]
    body = tight(rows, ascii_only=draw(st.booleans()))
    for part, cut, patch in draw(SPLICES):
        place = int(part * len(body))
        body = body[:place] + patch + body[place + cut :]
    return body


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(batch=st.lists(bodies(), max_size=2))
def test_any_page_is_taken_as_the_parse_takes_it(batch: list[bytes], scanner: Scanner) -> None:
    check(batch, scanner)


@pytest.fixture(scope="module")
def compiled() -> Scanner:
    return Scanner(compiled_scanner())


@pytest.mark.nightly
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(batch=st.lists(bodies(), max_size=3))
def test_compiled_too(compiled: Scanner, batch: list[bytes]) -> None:
    check(batch, compiled)
