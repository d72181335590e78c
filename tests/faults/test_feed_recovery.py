"""One fault at a time, with the settings a user has, on virtual time: how soon it shows, and how soon it is over."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from itertools import pairwise
from typing import Any

import pytest
from checker import check_recovery
from day import Trial, Watched, usual_settings, watch_through
from fault_plan import Fault, FaultPlan, Kind

from app.config.settings import HyperliquidSettings, MarketsSettings, ScalperSettings, Settings
from app.config.whale_settings import WhalesSettings
from app.engine.freeze import freeze

BREAK_S = 200.0
STALE_AFTER_S = 15.0
SILENCE_LIMIT_S = 30.0


Beside = Callable[[Watched], Coroutine[Any, Any, None]]


def watch(
    *faults: Fault, day_s: float = 600.0, settings: Settings | None = None, beside: Beside | None = None, seed: int = 11
) -> Watched:
    """A venue that always has something to say, a user's settings, and some faults."""
    trial = Trial(FaultPlan(seed, faults), day_s, settings or usual_settings(), beat_s=2.0, always_busy=True)
    return watch_through(trial, beside)


def live(
    *faults: Fault, day_s: float = 600.0, settings: Settings | None = None, beside: Beside | None = None, seed: int = 11
) -> Watched:
    """As `watch`; nothing that was promised may be broken."""
    watched = watch(*faults, day_s=day_s, settings=settings, beside=beside, seed=seed)
    assert watched.violations() == [], "\n".join((str(watched.proxy.plan), *watched.violations()))
    return watched


def seconds(watched: Watched, times_ms: Sequence[int]) -> list[float]:
    """Wall times as virtual seconds."""
    return [(time_ms - watched.epoch_ms) / 1000 for time_ms in times_ms]


def test_a_day_without_faults_has_no_drop_no_hole_and_no_refusal() -> None:
    watched = live(day_s=3_600)
    assert (watched.tap.reasons, watched.tap.holes, watched.run.core.parse_errors) == ([], [], 0)
    assert watched.run.core.journal.candles_closed > 0


@pytest.mark.parametrize("kind", ["reset", "cut", "half_close"])
def test_after_a_drop_data_flows_again_within_five_seconds(kind: Kind) -> None:
    watched = live(Fault(kind, BREAK_S, direction="down"))
    (dropped_s,) = seconds(watched, watched.tap.dropped_ms)
    # A frame must come to be cut; the venue sends one every two seconds at least.
    assert BREAK_S <= dropped_s <= BREAK_S + 2.5
    assert not list(check_recovery(watched.tap.dropped_ms, [0], watched.tap.arrived_ms, [], 5_000))
    assert watched.tap.holes == []


def test_hazard_5_a_socket_that_is_open_and_silent_is_stale_in_time_and_made_again() -> None:
    states: list[tuple[float, bool]] = []

    async def look(watched: Watched) -> None:
        while True:
            await asyncio.sleep(0.25)
            snapshot = freeze(watched.run.core, watched.run.source, watched.run.outside())
            now_s = asyncio.get_running_loop().time()
            states.extend((now_s, row.stale) for row in snapshot.markets if row.coin == "BTC")

    lost = Fault("blackhole", BREAK_S, 3.0, direction="down", where="stream")
    watched = live(lost, day_s=400, beside=look)
    newest_s = max(at_s for at_s in seconds(watched, watched.tap.arrived_ms["BTC"]) if at_s <= BREAK_S)
    stale_s = min(at_s for at_s, stale in states if stale and at_s > BREAK_S)
    assert stale_s <= newest_s + STALE_AFTER_S + 1
    (dropped_s,) = seconds(watched, watched.tap.dropped_ms)
    assert dropped_s == pytest.approx(BREAK_S + SILENCE_LIMIT_S, abs=2.5)
    assert any(not stale for at_s, stale in states if dropped_s < at_s <= dropped_s + 5)


def test_hazard_5_a_venue_that_only_answers_pings_is_not_taken_for_live() -> None:
    async def fall_silent(watched: Watched) -> None:
        await asyncio.sleep(BREAK_S)
        watched.venue.is_mute = True
        await asyncio.sleep(60.0)
        watched.venue.is_mute = False

    watched = watch(day_s=400, beside=fall_silent)
    first_s = seconds(watched, watched.tap.dropped_ms)[0]
    assert first_s == pytest.approx(BREAK_S + SILENCE_LIMIT_S, abs=2.5)
    assert watched.tap.reasons[0] == "no data for 30 s"


def test_hazard_6_a_refused_handshake_waits_as_long_as_the_venue_asks() -> None:
    watched = live(
        Fault("reset", BREAK_S), Fault("handshake_429", BREAK_S, 5.0, amount=19.0, where="stream"), day_s=400
    )
    refused_s, back_s = watched.attempts_s()[1:]
    assert back_s - refused_s >= 19.0
    assert any("429" in reason for reason in watched.tap.reasons)


def test_hazard_6_a_ban_is_obeyed_even_when_it_names_no_time() -> None:
    watched = live(Fault("reset", BREAK_S), Fault("handshake_418", BREAK_S, 5.0, where="stream"), day_s=900)
    banned_s, back_s = watched.attempts_s()[1:]
    assert back_s - banned_s >= 300.0
    assert watched.is_live()


def test_refused_requests_wait_and_are_asked_again() -> None:
    watched = live(Fault("requests_429", 0.0, 4.0, amount=17.0, where="requests"), day_s=120)
    weights_s = seconds(watched, [at_ms for at_ms, _ in watched.truth.weights_ms])
    assert min(weights_s) >= 17.0
    assert set(watched.run.core.markets) == {"BTC", "ETH"}


@pytest.mark.parametrize("kind", ["handshake_429", "blackhole"])
def test_hazard_6_a_venue_that_is_away_for_long_is_not_stormed(kind: Kind) -> None:
    away = Fault(kind, BREAK_S, 1_200.0, where="stream")
    watched = live(Fault("reset", BREAK_S), away, day_s=2_000)
    attempts = [at_s for at_s in watched.attempts_s() if at_s > BREAK_S]
    assert all(sum(start <= at_s < start + 60 for at_s in attempts) <= 30 for start in attempts)
    assert watched.tap.connected_ms[-1] > watched.epoch_ms + 1_000 * away.ends_s


def test_hazard_6_a_venue_that_hangs_up_at_once_is_not_stormed() -> None:
    hang_ups = [Fault("reset", BREAK_S + 0.2 * number) for number in range(1_500)]
    watched = live(*hang_ups, day_s=900)
    # The checker has counted the connections of every sliding minute; here it must have had something to count.
    assert len(watched.tap.dropped_ms) >= 10


def test_hazard_6_a_socket_is_renewed_without_a_drop_and_without_losing_a_trade() -> None:
    settings = Settings(
        markets=MarketsSettings(favourites=("BTC", "ETH"), tape_length=100_000),
        hyperliquid=HyperliquidSettings(renew_after_h=0.1),
        whales=WhalesSettings(enabled=False),
        scalper=ScalperSettings(enabled=False),
    )
    watched = live(day_s=3_500, settings=settings)
    ages_s = [later - earlier for earlier, later in pairwise(watched.attempts_s())]
    assert len(ages_s) >= 9
    # The rest is what the successor took until it delivered.
    assert all(0.95 * 360 <= age_s <= 360 + 2 for age_s in ages_s)
    assert watched.tap.reasons == []
    assert watched.tap.holes == []


def test_hazard_16_a_run_that_ends_while_its_socket_is_renewed_leaves_nothing_behind() -> None:
    settings = Settings(
        markets=MarketsSettings(favourites=("BTC", "ETH"), tape_length=100_000),
        hyperliquid=HyperliquidSettings(renew_after_h=0.1),
        whales=WhalesSettings(enabled=False),
        scalper=ScalperSettings(enabled=False),
    )
    left: list[str] = []

    async def look(watched: Watched) -> None:
        await asyncio.sleep(365.0)
        before = set(asyncio.all_tasks())
        await watched.run.stop()
        left.extend(task.get_name() for task in before if _is_a_feed(task))

    # The successor cannot deliver: nothing comes through while the run ends.
    silent = Fault("stall", 355.0, 60.0, direction="down", where="stream")
    watch(silent, day_s=380.0, settings=settings, beside=look)
    assert left == []


def _is_a_feed(task: "asyncio.Task[object]") -> bool:
    coroutine = task.get_coro()
    return not task.done() and "WebSocketConnection" in getattr(coroutine, "__qualname__", "")


@pytest.mark.parametrize("seed", [7, 11])
def test_hazard_8_an_answer_does_not_settle_a_break_that_came_after_the_question(seed: int) -> None:
    live(
        Fault("reset", 100), Fault("handshake_429", 100, 40, 3, where="stream"),
        Fault("requests_429", 120, 30, 25, where="requests"),
        Fault("reset", 160), Fault("handshake_429", 160, 70, 3, where="stream"), seed=seed,
    )  # fmt: skip


@pytest.mark.parametrize("seed", [1, 2])
def test_hazard_8_a_coin_without_a_trade_yet_is_in_doubt_too_after_a_break(seed: int) -> None:
    live(Fault("reset", 0.3), Fault("handshake_429", 0.3, 90, 3, where="stream"), day_s=400, seed=seed)


def test_hazard_8_trades_in_a_frame_that_cannot_be_read_are_fetched_again_or_flagged() -> None:
    live(Fault("corrupt", BREAK_S, 30.0, 0.5, "down", "stream"), day_s=400)


@pytest.mark.parametrize(
    ("hours", "words"), [(-1, "was set back by"), (1, "jumped ahead by 1 h"), (8, "jumped ahead by 8 h")]
)
def test_hazard_11_a_wall_clock_that_jumps_closes_no_candle_twice_and_is_not_lied_about(hours: int, words: str) -> None:
    # For a program on Linux a suspended machine is one whose wall clock alone goes on.
    async def jump(watched: Watched) -> None:
        await asyncio.sleep(BREAK_S)
        watched.clock.wall_offset_s = 3_600.0 * hours

    watched = watch(day_s=900, beside=jump)
    assert not [text for text in watched.tap.violations if "closed after" in text]
    (told,) = [line.text for line in watched.run.core.journal.log_tail if line.topic == "clock"]
    assert words in told
    assert watched.is_live()
    assert watched.tap.reasons == []
