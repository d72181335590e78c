"""Questions to token venues: what is asked, and what a request on a tape may not make of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from token_samples import MINT, POOL

from app.core.errors import DataError
from app.core.record import Request
from app.feeds import token_questions as ask
from app.feeds.token_questions import Question, from_request, request_body

QUESTIONS = [
    ask.new_pools(3),
    ask.pool_candles(POOL, 100),
    ask.holders(MINT),
    ask.pairs([MINT, POOL]),
    ask.overview(MINT),
    ask.token_candles(MINT, 1, 2),
]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda each: f"{each.venue} {each.name}")
def test_a_question_survives_being_a_request(question: Question) -> None:
    request = Request(1, question.venue, question.name, request_body(question), question.subject)
    assert from_request(request) == question
    assert from_request(request).path == question.path


def test_paths_are_those_of_the_venues() -> None:
    assert [question.path for question in QUESTIONS] == [
        "/networks/solana/new_pools",
        f"/networks/solana/pools/{POOL}/ohlcv/minute",
        f"/networks/solana/tokens/{MINT}/info",
        f"/tokens/v1/solana/{MINT},{POOL}",
        "/defi/token_overview",
        "/defi/v3/ohlcv",
    ]


@given(st.text())
def test_what_is_no_address_becomes_part_of_no_path(text: str) -> None:
    for build in (ask.holders, ask.overview, lambda name: ask.pool_candles(name, 1), lambda name: ask.pairs([name])):
        if text in (MINT, POOL):
            continue
        with pytest.raises(ValueError, match="no address"):
            build(text)


def test_a_call_about_pairs_names_one_to_thirty_tokens() -> None:
    assert len(ask.pairs([MINT] * 30).parts[0].split(",")) == 30
    for mints in ([], [MINT] * 31):
        with pytest.raises(ValueError, match="1 to 30"):
            ask.pairs(mints)


@pytest.mark.parametrize(
    ("venue", "channel", "body"),
    [
        ("elsewhere", "new_pools", b"[[],[]]"),
        ("geckoterminal", "pairs", b"[[],[]]"),
        ("geckoterminal", "holders", b"[[],[]]"),
        ("geckoterminal", "holders", b'[["../../../simple"],[]]'),
        ("geckoterminal", "holders", b'[["a?x=1"],[]]'),
        ("geckoterminal", "holders", b'[["a","b"],[]]'),
        ("geckoterminal", "holders", b"[" * 5_000),
        ("birdeye", "overview", b"\xff"),
    ],
)
def test_a_request_that_asks_nothing_known_is_refused(venue: str, channel: str, body: bytes) -> None:
    with pytest.raises(DataError):
        from_request(Request(1, venue, channel, body))
