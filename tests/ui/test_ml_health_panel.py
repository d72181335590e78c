"""ML health without a screen: what a row says, what the note says, and that nothing unknown looks like a number."""

import msgspec
import pytest
from deck_fakes import snapshot
from hypothesis import given
from hypothesis import strategies as st
from token_fakes import APPROVED, DOWN, HEALTH, MINT, TRUST, UNKNOWN, judging, token, tokens
from wallet_fakes import ended, seen, texts

from app.core.text import clean
from app.engine.protocol import JobView
from app.ui.panels.ml_health import NO_TOKENS, PSI_WORDS, RISE_WORDS, RUG_WORDS, ml_health_note, ml_health_view
from app.ui.state import DeckView
from app.ui.widgets.filtering import parse_filter
from app.ui.widgets.ordering import Ordering, ordered


def test_a_row_says_all_it_holds() -> None:
    table = ml_health_view(seen(judging()))
    assert texts(table, table.rows[0]) == {
        "token": "DRIP / SOL",
        "verdict": "-REJECTED",
        "rise %": "71",
        "rug %": "44",
        "combined %": "63",
        "age": "1h",
        "reasons": "rug 0.440 is above 0.3; combined 0.512 is below 0.65",
        "gain %": "+8.9",
        "strategies %": "50",
        "candles": "18",
        "liquidity $": "21.1K",
        "holders": "12",
        "price $": "0.00002068",
        "told ago": "42s",
        "exchange": "raydium",
        "seen": "EMA 12 turned up",
        "arithmetic": "0.6 × 0.712 + 0.4 × 0.500 = 0.627",
        "mint": MINT,
    }


def test_what_is_not_known_is_a_dash_and_never_zero() -> None:
    table = ml_health_view(seen(judging(tokens(rows=(UNKNOWN,)))))
    told = texts(table, table.rows[0])
    unknown = ("rise %", "rug %", "combined %", "gain %", "liquidity $", "holders", "price $", "arithmetic")
    assert {told[name] for name in unknown} == {"–"}
    assert (told["verdict"], told["reasons"]) == ("?NOT JUDGED", "2 candles; 12 are needed")
    assert told["token"] == UNKNOWN.mint[:8]


def test_the_title_tells_mode_and_source() -> None:
    assert ml_health_view(seen(judging())).title == "ML health · ML · 3 tokens · 1 approved"
    demo = msgspec.structs.replace(judging(), source=msgspec.structs.replace(judging().source, mode="demo"))
    assert ml_health_view(seen(demo)).title.startswith("ML health (simulated) · ML")


def test_the_note_tells_what_the_model_rests_on() -> None:
    text, role = ml_health_note(seen(judging()))
    assert role == "muted"
    assert text.split(" · ") == [
        "ML",
        "drift: worst turnover PSI 3.30 drifted, 1 of 4 drifted, n 111 tokens",
        "P(rise) Brier 0.139 (base rate 0.250, training 0.123) ECE 0.069 (training 0.013) n 173",
        "calibration: P(rug) 4 of 30 outcomes needed",
        "outcomes 610 labelled, 1,276 wait, 3 unknown: candles could not be had 3",
        "64% of slots empty",
        RISE_WORDS,
        RUG_WORDS,
        "bundle simulated-1 SIMULATED, made 3d ago",
        "workers 3/3, 1 restarts, up 100.0%",
        "p50/p95/p99 1.2/3.4/9.9 ms",
        "16/min, cached: answers 71%, features –, errors 0%",
        "66 watched, 12 too young, 31 skipped, rejected lately",
        PSI_WORDS,
    ]


@pytest.mark.parametrize(
    ("view", "role", "first"),
    [
        (
            tokens(mode="STRATEGY-ONLY", mode_reason="workers were lost.", model=DOWN),
            "warning",
            "STRATEGY-ONLY: workers were lost",
        ),
        (tokens(mode="DO NOT TRUST", mode_reason="simulated"), "alert", "DO NOT TRUST: simulated"),
        (tokens(holders_missing="no holders of 5 tokens in a row"), "warning", "ML"),
        (tokens(states_missing="not judged by prices older than 90 s"), "warning", "ML"),
    ],
)
def test_trouble_is_told_first_and_in_its_colour(view: object, role: str, first: str) -> None:
    text, drawn = ml_health_note(seen(judging(view)))  # type: ignore[arg-type]
    assert (text.split(" · ")[0], drawn) == (first, role)


def test_failures_and_refused_bundles_are_counted() -> None:
    model = msgspec.structs.replace(
        HEALTH, refused=2, refused_reason="a hash differs", uptime_pct=None, latency_ms_p50=None
    )
    text, _ = ml_health_note(seen(judging(tokens(failed={"dexscreener": 3}, refused_rows=7, model=model))))
    assert "2 bundles refused: a hash differs" in text
    assert "unanswered: dexscreener 3 · 7 rows of answers refused" in text
    assert "up –" in text
    assert "p50/p95/p99 –/3.4" in text


@pytest.mark.parametrize(
    ("wanted", "most", "workers", "words"),
    [
        (0, 2, 0, "workers 0 of 2, they start at the first token"),
        (1, 2, 1, "workers 1/1, at most 2, 1 restarts, up 100.0%"),
        (2, 2, 1, "workers 1/2, 1 restarts, up 100.0%"),
    ],
)
def test_workers_that_are_not_there_yet_are_not_told_as_missing(
    wanted: int, most: int, workers: int, words: str
) -> None:
    model = msgspec.structs.replace(HEALTH, workers=workers, workers_wanted=wanted, workers_most=most)
    text, _ = ml_health_note(seen(judging(tokens(model=model, feature_hit_pct=80.4))))
    assert words in text.split(" · ")
    assert "cached: answers 71%, features 80%" in text


def test_before_it_is_known_whether_the_model_counts_nothing_is_made_of_it() -> None:
    text, role = ml_health_note(seen(judging(tokens(mode="NOT YET", mode_reason="its bundle is being verified"))))
    assert (text.split(" · ")[0], role) == ("NOT YET: its bundle is being verified", "muted")


def test_a_job_is_told_while_it_runs() -> None:
    jobs = (JobView("tokens", "running", 0, "Scoring"),)
    assert " · scoring · " in ml_health_note(seen(judging(jobs=jobs)))[0]


def test_an_engine_without_tokens_and_an_empty_panel_say_so() -> None:
    assert ml_health_view(seen(snapshot())).empty == NO_TOKENS
    assert ml_health_note(seen(snapshot())) == ("", "muted")
    assert (
        ml_health_view(seen(judging(tokens(rows=(), waiting_for="Asking for new pools")))).empty
        == "Asking for new pools."
    )
    assert ml_health_view(DeckView()).rows == ()


def test_the_last_picture_of_an_engine_that_is_gone_is_dimmed() -> None:
    view = ended(judging())
    assert all(row.dimmed for row in ml_health_view(view).rows)
    assert ml_health_note(view)[1] == "stale"


def test_rows_are_asked_and_sorted_by_numbers_and_unknown_ones_come_last() -> None:
    table = ml_health_view(seen(judging()))
    by_rise = ordered(table.rows, table.columns, Ordering("rise%"))
    assert [row.key for row in by_rise] == [APPROVED.mint, token().mint, UNKNOWN.mint]
    asked = parse_filter("rug < 10", table.columns)
    assert asked is not None
    assert [row.key for row in filter(asked.passes, table.rows)] == [APPROVED.mint]


@given(st.text(), st.text(), st.floats())
def test_nothing_that_a_venue_says_reaches_the_terminal_unclean(name: str, reason: str, gain: float) -> None:
    hostile = token(
        name=name, exchange=name, reasons=(reason,), seen=(reason,), gain_pct=gain, price=gain, liquidity_usd=gain
    )
    view = tokens(rows=(hostile,), mode_reason=reason, failed={name: 1}, holders_missing=reason)
    table, (note, _) = ml_health_view(seen(judging(view))), ml_health_note(seen(judging(view)))
    for cell in table.rows[0].cells:
        assert clean(cell.text, 1_000) == cell.text
    assert clean(note, 10_000) == note


@pytest.mark.parametrize(
    ("trust", "says"),
    [
        ({"tokens": 12}, "drift: 12 of 30 tokens needed"),
        ({"drift": (), "reference_trouble": "the bundle is gone."}, "drift not known: the bundle is gone"),
        ({"drift": ()}, "drift not known: the bundle's reference is being read"),
    ],
)
def test_what_is_not_known_of_the_model_yet_says_why(trust: dict[str, object], says: str) -> None:
    view = tokens(trust=msgspec.structs.replace(TRUST, **trust), labelled=0, unlabelled=0, unknown={})
    parts = ml_health_note(seen(judging(view)))[0].split(" · ")
    assert says in parts
    assert not any(part.startswith("outcomes ") for part in parts)
