"""What the prediction APIs say looks as recorded, gives no truth away, and answers or refuses anything."""

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prediction_client import START_S, Client, busy, running

from app.demo.prediction import data_api, gamma_api
from app.demo.prediction.kinds import Kind
from app.demo.prediction.questions import Question, Refusal
from app.demo.prediction.world import World

SAMPLES = Path(__file__).parents[2] / "../shared/wire/polymarket"


def keys(value: Any) -> Any:
    """The shape of a value: keys in their order, without what is in them."""
    if isinstance(value, dict):
        return [(key, keys(inner)) for key, inner in value.items()]
    if isinstance(value, list):
        return [keys(value[0])] if value else []
    return None


async def answers(client: Client) -> dict[str, Any]:
    """One good answer of every route."""
    user = busy(client.world)
    condition = (await client.data("/v2/positions", user=user, status="OPEN"))[0]["condition_id"]
    return {
        "GET /v2/leaderboard": await client.data("/v2/leaderboard"),
        "GET /v2/leaderboard?user=": await client.data("/v2/leaderboard", user=user),
        "GET /v2/trades": await client.data("/v2/trades", user=user),
        "GET /v2/activity?user=": await client.data("/v2/activity", user=user),
        "GET /v2/positions?user=": await client.data("/v2/positions", user=user),
        "GET /v2/user-stats?user=": await client.data("/v2/user-stats", user=user),
        "GET /v2/holders?condition=": await client.data("/v2/holders", condition=condition),
        "GET /v2/value?user=": await client.data("/v2/value", user=user),
        "GET /v2/user-volume?user=": await client.data("/v2/user-volume", user=user),
        "GET /v2/user-pnl?user=": await client.data("/v2/user-pnl", user=user),
        "gamma": (await client.gamma("/markets", limit="3", include_tag="true"))[1],
        "events": (await client.gamma("/events/keyset", limit="3"))[1],
    }


@pytest.mark.real
@pytest.mark.skipif(not SAMPLES.exists(), reason="the folder of real payloads is not here")
@pytest.mark.asyncio
async def test_answers_have_the_keys_of_recorded_ones() -> None:
    recorded = json.loads((SAMPLES / "v2_samples_pysdk.json").read_text())
    recorded.pop("_note")
    async with running() as client:
        ours = await answers(client)
        holders = ours["GET /v2/holders?condition="]
        ours["GET /v2/holders?condition="] = [token for token in holders if token["holders"]]
        for route, sample in recorded.items():
            assert keys(ours[route]) == keys(sample), route
        envelope = json.loads((SAMPLES / "v2_leaderboard_page_envelope.json").read_text())
        assert keys((await client.ask("/v2/leaderboard"))[1])[-1] == keys(envelope)[-1]


@pytest.mark.real
@pytest.mark.skipif(not SAMPLES.exists(), reason="the folder of real payloads is not here")
@pytest.mark.asyncio
async def test_gamma_has_no_key_that_the_recorded_ones_lack() -> None:
    market = json.loads((SAMPLES / "gamma_market_pscanner.json").read_text())
    event = json.loads((SAMPLES / "gamma_event_pscanner.json").read_text())
    known = set(market) | {key for inner in event["markets"] for key in inner} | {"tags"}
    async with running() as client:
        for closed in ("true", "false"):
            (ours, *_) = (await client.gamma("/markets", limit="1", closed=closed, include_tag="true"))[1]
            assert set(ours) <= known
            assert set(ours["events"][0]) <= set(event)
            for name in set(ours) & set(market) - {"events"}:
                assert type(ours[name]) is type(market[name]), name
        (whole, *_) = (await client.gamma("/events/keyset", limit="1"))[1]["events"]
        assert set(whole) <= set(event)
        assert set(whole["tags"][0]) <= {key for tag in event["tags"] for key in tag}


@pytest.mark.asyncio
async def test_no_answer_gives_a_kind_away() -> None:
    words = [kind.name.lower().replace("_", separator) for kind in Kind for separator in (" ", "_", "-")]
    async with running() as client:
        texts = json.dumps(await answers(client)).lower()
        assert not [word for word in (*words, '"kind"', '"edge"', 'label": "skilled') if word in texts]
        shapes = set()
        for kind in Kind:
            number = int(np.flatnonzero(client.world.people.kind == kind)[0])
            user = client.world.people.address(number)
            stats, trades = await client.data("/v2/user-stats", user=user), await client.data("/v2/trades", user=user)
            shapes.add(json.dumps([keys(stats), keys(trades)]))
            assert len(trades) > 0
        assert len(shapes) == 1


@pytest.mark.asyncio
async def test_what_answers_does_not_even_know_the_truth() -> None:
    code = "import sys, app.demo.prediction.server; print(*sys.modules)"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    loaded = out.decode().split()
    assert "app.demo.prediction.data_api" in loaded
    assert not {"app.demo.prediction.truth", "app.demo.prediction.oracle"} & set(loaded)


@pytest.fixture(scope="module")
def small() -> World:
    return World(5, START_S, wallets=20)


NAMES = st.sampled_from([
    "user", "limit", "cursor", "start", "end", "side", "condition", "status", "sort_by", "type", "fidelity", "closed",
    "condition_ids", "after_cursor", "offset", "id", "slug", "filter_amount", "takerOnly", "tag_id",
])  # fmt: skip
TEXTS = st.text(max_size=20) | st.integers(-5, 10**12).map(str) | st.sampled_from(["true", "CLOSED", "BUY", "0x1"])
Route = Callable[[World, Question, int], bytes]
ROUTES = [
    data_api.user_stats, data_api.user_pnl, data_api.wallet_trades, data_api.activity, data_api.wallet_positions,
    gamma_api.markets, gamma_api.markets_keyset, gamma_api.events,
]  # fmt: skip


@settings(deadline=None)
@given(st.sampled_from(ROUTES), st.dictionaries(NAMES, st.lists(TEXTS, min_size=1, max_size=2)), st.booleans())
def test_any_question_is_answered_or_refused(
    small: World, route: Route, values: dict[str, list[str]], known: bool
) -> None:
    if known:
        values["user"] = [small.people.address(3)]
    refusal = refused(small, route, values)
    assert refusal is None or (refusal.status == 400 and refusal.parameter in {"user", *map(snake, values)})


def refused(world: World, route: Route, values: dict[str, list[str]]) -> Refusal | None:
    """The refusal of a question, None when its answer is JSON."""
    try:
        json.loads(route(world, Question(values, 5), START_S))
    except Refusal as refusal:
        return refusal
    return None


def snake(name: str) -> str:
    return "taker_only" if name == "takerOnly" else name
