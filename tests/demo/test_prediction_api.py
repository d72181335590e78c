"""The prediction APIs over HTTP: shapes, pages, limits, refusals, and nothing that gives the truth away."""

import base64
import json

import numpy as np
import pytest
from prediction_client import NOBODY, START_S, WALLETS, busy, running

from app.demo.prediction import data_api, gamma_api
from app.demo.prediction.legs import Leg

DAY_S = 86_400


@pytest.mark.asyncio
async def test_a_wallet_can_be_vetted_in_three_calls() -> None:
    async with running() as client:
        user = busy(client.world)
        stats = await client.data("/v2/user-stats", user=user)
        points = (await client.data("/v2/user-pnl", user=user, fidelity="1d"))["points"]
        positions = await client.pages("/v2/positions", user=user, limit=500)
        assert stats["trades"] == len(positions) == len({row["condition_id"] for row in positions})
        assert points[-1]["economic_pnl"] == pytest.approx(stats["all_time_pnl"]["economic_pnl"], abs=1e-4)
        assert len(points) >= (points[-1]["timestamp"] - points[0]["timestamp"]) // DAY_S
        realized = sum(row["realized_pnl"] for row in positions if row["status"] == "CLOSED")
        lost = await client.pages("/v2/positions", user=user, status="REDEEMABLE_LOST", limit=500)
        assert lost
        assert all(row["current_price"] == 0 and row["redeemable"] and row["current_size"] > 0 for row in lost)
        assert realized > stats["all_time_pnl"]["realized_pnl"]


@pytest.mark.asyncio
async def test_pages_follow_each_other_without_holes_or_doubles() -> None:
    async with running() as client:
        user = busy(client.world)
        for path in ("/v2/trades", "/v2/activity", "/v2/positions"):
            whole = await client.pages(path, user=user, limit=500)
            assert await client.pages(path, user=user, limit=37) == whole
            assert len(whole) > 100
        times = [row["timestamp"] for row in await client.pages("/v2/activity", user=user)]
        assert times == sorted(times, reverse=True)
        assert times[0] <= START_S


@pytest.mark.asyncio
async def test_statuses_part_the_positions() -> None:
    async with running() as client:
        user = busy(client.world)
        whole = await client.pages("/v2/positions", user=user)
        lists = {status: await client.pages("/v2/positions", user=user, status=status) for status in data_api.STATUSES}
        parts = [row for status in ("CLOSED", "REDEEMABLE_LOST", "OPEN") for row in lists[status]]
        assert sorted(row["token_id"] for row in parts) == sorted(row["token_id"] for row in whole)
        for status in ("REDEEMABLE", "MERGEABLE"):
            assert [row for row in lists["OPEN"] if row["status"] == status] == lists[status]
        assert lists["REDEEMABLE"]
        assert {row["status"] for row in lists["REDEEMABLE_LOST"]} == {"REDEEMABLE"}
        both = await client.pages("/v2/positions", user=user, status="CLOSED,REDEEMABLE_LOST")
        assert sorted(row["token_id"] for row in both) == sorted(
            row["token_id"] for status in ("CLOSED", "REDEEMABLE_LOST") for row in lists[status]
        )


@pytest.mark.asyncio
async def test_positions_come_in_the_order_of_the_venue() -> None:
    async with running() as client:
        user = busy(client.world)

        async def figures(name: str, **query: str) -> list[float]:
            return [row[name] or 0.0 for row in await client.pages("/v2/positions", user=user, **query)]

        for sort, name in data_api.SORTS.items():
            found = await figures(name, sort_by=sort)
            assert found == sorted(found, reverse=True), sort
        unasked = await figures("realized_pnl", status="CLOSED")
        assert unasked == sorted(unasked, reverse=True)
        assert unasked == await figures("realized_pnl", status="CLOSED", sort_by="tokens")
        newest = await figures("last_event_at", status="CLOSED", sort_by="TIMESTAMP")
        assert newest == sorted(newest, reverse=True)
        assert newest != await figures("last_event_at", status="CLOSED")
        status, _, _ = await client.ask("/v2/positions", user=user, status="CLOSED", include_archived="true")
        assert status == 400


@pytest.mark.asyncio
async def test_filters_choose_rows() -> None:
    async with running() as client:
        user = busy(client.world)
        whole = await client.pages("/v2/trades", user=user, limit=1000)
        sells = await client.pages("/v2/trades", user=user, side="SELL", limit=1000)
        assert sells == [row for row in whole if row["side"] == "SELL"]
        middle = whole[len(whole) // 2]["timestamp"]
        newer = await client.pages("/v2/trades", user=user, start=middle, limit=1000)
        assert newer == [row for row in whole if row["timestamp"] >= middle]
        older = await client.pages("/v2/trades", user=user, start=1, end=middle, limit=1000)
        assert older == [row for row in whole if row["timestamp"] <= middle]
        one = whole[3]["condition_id"]
        own = await client.pages("/v2/trades", user=user, conditionId=one, limit=1000)
        assert own == [row for row in whole if row["condition_id"] == one]
        large = await client.pages("/v2/trades", user=user, filter_type="CASH", filter_amount="50", limit=1000)
        assert 0 < len(large) < len(whole)
        assert all(row["size"] * row["price"] >= 49.99 for row in large)
        takers = await client.pages("/v2/trades", user=user, taker_only="true", limit=1000)
        assert 0 < len(takers) < len(whole)
        redeems = await client.pages("/v2/activity", user=user, type="REDEEM")
        assert redeems
        assert {row["type"] for row in redeems} == {"REDEEM"}


@pytest.mark.asyncio
async def test_a_cursor_is_good_for_its_own_question_only() -> None:
    async with running() as client:
        user, other = busy(client.world), busy(client.world, 1)
        _, body, _ = await client.ask("/v2/trades", user=user, limit=5)
        cursor = body["pagination"]["next_cursor"]
        wrong = base64.urlsafe_b64encode(base64.urlsafe_b64decode(cursor + "==").replace(b'"ts":1', b'"ts":2')).decode()
        assert wrong != cursor
        for path, parameters in (
            ("/v2/trades", {"user": other, "cursor": cursor}),
            ("/v2/trades", {"user": user, "side": "BUY", "cursor": cursor}),
            ("/v2/activity", {"user": user, "cursor": cursor}),
            ("/v2/trades", {"user": user, "cursor": wrong}),
            ("/v2/trades", {"user": user, "cursor": "no"}),
        ):
            status, body, _ = await client.ask(path, **parameters)
            assert (status, body["code"], body["parameter"]) == (400, "invalid_request", "cursor")
        status, body, _ = await client.ask("/v2/trades", user=user, limit=7, cursor=cursor)
        assert status == 200


@pytest.mark.parametrize(
    ("path", "parameters", "named"),
    [
        ("/v2/trades", {"user": NOBODY, "offset": "5"}, "offset"),
        ("/v2/user-stats", {}, "user"),
        ("/v2/user-stats", {"user": "0x12"}, "user"),
        ("/v2/activity", {"user": NOBODY, "limit": "1001"}, "limit"),
        ("/v2/positions", {"user": NOBODY, "status": "LOST"}, "status"),
        ("/v2/trades", {"user": NOBODY, "start": "-1"}, "start"),
        ("/v2/trades", {"user": NOBODY, "filter_amount": "nan"}, "filter_amount"),
        ("/v2/user-pnl", {"user": NOBODY, "fidelity": "2d"}, "fidelity"),
        ("/v2/trades", {"user": NOBODY, "condition": ",".join(["0x1"] * 21)}, "condition"),
    ],
)
@pytest.mark.asyncio
async def test_a_refusal_names_the_parameter(path: str, parameters: dict[str, str], named: str) -> None:
    async with running() as client:
        status, body, headers = await client.ask(path, **parameters)
        assert (status, body["code"], body["retryable"]) == (400, "invalid_request", False)
        assert body.get("parameter") == named
        assert headers["x-trace-id"] == body["trace_id"]


@pytest.mark.asyncio
async def test_unknown_routes_methods_and_strangers() -> None:
    async with running() as client:
        status, body, _ = await client.ask("/positions")
        assert (status, body["code"]) == (404, "not_found")
        status, body = await client.post("/v2/trades")
        assert (status, body["code"]) == (405, "method_not_allowed")
        for path in ("/v2/user-stats", "/v2/value", "/v2/user-volume"):
            assert await client.data(path, user=NOBODY) is None
        for path in ("/v2/trades", "/v2/activity", "/v2/positions"):
            assert await client.data(path, user=NOBODY) == []
        assert (await client.data("/v2/user-pnl", user=NOBODY)) == {"points": []}
        assert (await client.gamma("/markets", condition_ids="0x" + "1" * 64))[1] == []


@pytest.mark.asyncio
async def test_published_limits_slide() -> None:
    async with running(limited=True) as client:
        user = busy(client.world)
        for path, most in (("/v2/positions", 150), ("/v2/trades", 200)):
            statuses = [(await client.ask(path, user=NOBODY))[0] for _ in range(most)]
            assert set(statuses) == {200}
            status, body, headers = await client.ask(path, user=NOBODY)
            assert (status, body["code"], body["retryable"]) == (429, "rate_limited", True)
            assert headers["Retry-After"] == "10"
        assert (await client.ask("/v2/user-stats", user=user))[0] == 200
        client.clock.advance(9.9)
        assert (await client.ask("/v2/trades", user=NOBODY))[2]["Retry-After"] == "1"
        client.clock.advance(0.1)
        assert (await client.ask("/v2/trades", user=NOBODY))[0] == 200
        for path, most in (("/markets", 300), ("/tags", 200)):
            assert {(await client.gamma(path, limit="0"))[0] for _ in range(most)} == {200}
            assert (await client.gamma(path, limit="0"))[0] == 429
        assert (await client.gamma("/events", limit="1"))[0] == 200


@pytest.mark.asyncio
async def test_without_limits_everything_is_answered() -> None:
    async with running() as client:
        assert {(await client.ask("/v2/positions", user=NOBODY))[0] for _ in range(160)} == {200}


@pytest.mark.asyncio
async def test_the_clock_brings_new_trades_results_and_markets() -> None:
    async with running() as client:
        world = client.world
        history = next(
            history
            for history in world.histories.several(list(range(100)))
            if len(history.bets.who) and history.bets.entry_s[0] < START_S and
            ((history.legs.kind <= Leg.SELL) & (history.legs.time_s > START_S)).sum() > 3
        )  # fmt: skip
        user = world.people.address(history.wallet)
        row = int(np.flatnonzero((history.legs.kind <= Leg.SELL) & (history.legs.time_s > START_S))[0])
        before = await client.pages("/v2/trades", user=user, limit=1000)
        assert await client.pages("/v2/trades", user=user, limit=1000, end=START_S + 20 * DAY_S) == before
        client.clock.advance(int(history.legs.time_s[row]) - START_S - 1)
        assert await client.pages("/v2/trades", user=user, limit=1000) == before
        client.clock.advance(1)
        after = await client.pages("/v2/trades", user=user, limit=1000, start=START_S)
        assert after[-1]["timestamp"] == history.legs.time_s[row]
        assert after[-1]["timestamp"] not in [line["timestamp"] for line in before]


@pytest.mark.asyncio
async def test_a_market_opens_and_resolves_with_the_clock() -> None:
    async with running() as client:
        markets, names = client.world.markets, client.world.names
        soon = int(np.argmin(np.where(markets.opens_s > START_S, markets.opens_s, 1 << 60)))
        condition = names.condition_id(soon)
        assert (await client.gamma("/markets", condition_ids=condition))[1] == []
        client.clock.advance(int(markets.opens_s[soon]) - START_S)
        (opened,) = (await client.gamma("/markets", condition_ids=condition))[1]
        assert (opened["closed"], opened["acceptingOrders"]) == (False, True)
        client.clock.advance(int(markets.resolves_s[soon] - markets.opens_s[soon]))
        assert (await client.gamma("/markets", condition_ids=condition))[1] == []
        (closed,) = (await client.gamma("/markets", condition_ids=condition, closed="true"))[1]
        assert json.loads(closed["outcomePrices"]) == (["1", "0"] if markets.yes[soon] else ["0", "1"])
        assert closed["umaResolutionStatus"] == "resolved"


@pytest.mark.asyncio
async def test_categories_of_many_markets_come_in_one_answer() -> None:
    async with running() as client:
        world = client.world
        asked = [world.names.condition_id(number) for number in range(0, 12_000, 121)]
        found = []
        for closed in ("true", "false"):
            status, body, headers = await client.gamma(
                "/markets", condition_ids=asked, closed=closed, limit="100", include_tag="true"
            )
            assert (status, headers["deprecation"]) == (200, "true")
            found += body
        assert {market["conditionId"] for market in found} == {
            condition for condition in asked
            if world.markets.opens_s[world.names.number(condition)] <= START_S
        }  # fmt: skip
        for market in found[::9]:
            event = market["events"][0]
            assert "tags" not in event
            (whole,) = (await client.gamma("/events", slug=event["slug"], closed=""))[1]
            assert whole["tags"] == market["tags"]
            assert market["conditionId"] in {inner["conditionId"] for inner in whole["markets"]}
            assert (await client.gamma(f"/events/{event['id']}/tags"))[1] == market["tags"]
            assert (await client.gamma(f"/markets/{market['id']}/tags"))[1] == market["tags"]
            assert len(json.loads(market["clobTokenIds"])) == len(json.loads(market["outcomes"])) == 2


@pytest.mark.asyncio
async def test_the_bracket_form_is_ignored_and_closed_is_false_unless_asked_for() -> None:
    async with running() as client:
        condition = client.world.names.condition_id(0)
        _, body, _ = await client.gamma("/markets", **{"condition_ids[]": condition})
        assert len(body) == gamma_api.USUAL
        assert not any(market["closed"] for market in body)


@pytest.mark.asyncio
async def test_keysets_walk_through_all_open_events_and_markets() -> None:
    async with running() as client:
        for path, name in (("/markets/keyset", "markets"), ("/events/keyset", "events")):
            seen: list[str] = []
            cursor: dict[str, str] = {}
            while True:
                _, body, _ = await client.gamma(path, limit="500", tag_id="21", **cursor)
                assert len(body[name]) <= 100
                seen += [row["id"] for row in body[name]]
                if "next_cursor" not in body:
                    break
                cursor = {"after_cursor": body["next_cursor"]}
            assert len(seen) == len(set(seen)) > 0
        assert (await client.gamma("/markets/keyset", after_cursor="bm8"))[0] == 400
        assert (await client.gamma("/markets", offset="3000"))[0] == 400


@pytest.mark.asyncio
async def test_leaderboards_rank_and_page() -> None:
    async with running() as client:
        for period in ("day", "week", "month", "all"):
            rows = await client.pages("/v2/leaderboard", time_period=period, limit=40)
            assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))
            amounts = [row["pnl"] for row in rows]
            assert amounts == sorted(amounts, reverse=True)
        by_volume = await client.pages("/v2/leaderboard", time_period="all", sort_by="VOLUME", limit=100)
        assert len(by_volume) > 0.9 * WALLETS
        one = await client.data("/v2/leaderboard", time_period="all", user=by_volume[2]["user_id"])
        assert one["rank_volume"] == 3
        assert one["pnl"] == pytest.approx(by_volume[2]["pnl"], rel=1e-4, abs=0.05)
        stats = await client.data("/v2/user-stats", user=one["user_id"])
        assert one["volume"] == pytest.approx(stats["all_time_pnl"]["volume"], rel=1e-9)
        sports = await client.pages("/v2/leaderboard", time_period="all", category="sports", limit=100)
        assert 0 < len(sports) < len(by_volume)
        assert await client.data("/v2/leaderboard", category="esports") == []
        assert (await client.ask("/v2/leaderboard", category="gardening"))[0] == 400
        assert await client.data("/v2/leaderboard", user=NOBODY) is None


@pytest.mark.asyncio
async def test_boards_are_renewed_after_a_while() -> None:
    async with running() as client:
        before = await client.data("/v2/leaderboard", time_period="day", limit=100)
        client.clock.advance(2 * DAY_S)
        await client.data("/v2/leaderboard", time_period="day", limit=100)
        for _ in range(500):
            after = await client.data("/v2/leaderboard", time_period="day", limit=100)
            if after != before:
                break
        assert after != before


@pytest.mark.asyncio
async def test_the_plain_feed_is_up_to_five_minutes_old_and_a_filtered_one_is_not() -> None:
    async with running(wallets=2_000) as client:
        stale = START_S // 300 * 300
        plain = await client.data("/v2/trades", limit=50)
        assert plain[0]["timestamp"] <= stale
        fresh = await client.data("/v2/trades", limit=50, start=stale)
        assert all(stale <= row["timestamp"] <= START_S for row in fresh)
        everything = await client.pages("/v2/trades", limit=1000, start=START_S - DAY_S)
        assert len(everything) > 50
        large = await client.pages("/v2/trades", limit=1000, start=START_S - DAY_S, filter_amount="100", side="BUY")
        assert large == [row for row in everything if row["side"] == "BUY" and row["size"] * row["price"] >= 100]
        takers = await client.pages("/v2/trades", limit=1000, start=START_S - DAY_S, taker_only="true")
        assert 0 < len(takers) < len(everything)


@pytest.mark.asyncio
async def test_a_market_names_its_traders_and_holders() -> None:
    async with running() as client:
        user = busy(client.world)
        position = (await client.data("/v2/positions", user=user, status="OPEN", limit=1))[0]
        condition = position["condition_id"]
        trades = await client.pages("/v2/trades", condition=condition, limit=10)
        assert {row["condition_id"] for row in trades} == {condition}
        assert user in {row["proxy_wallet"] for row in trades}
        tokens = await client.data("/v2/holders", condition=condition, limit=100)
        amounts = {row["proxy_wallet"]: row["amount"] for token in tokens for row in token["holders"]}
        assert amounts[user] == position["current_size"]
        shared = await client.pages("/v2/positions", condition=condition, limit=3)
        assert user in {row["proxy_wallet"] for row in shared}


@pytest.mark.asyncio
async def test_some_rows_lack_labels_and_numbers_as_on_the_venue() -> None:
    async with running() as client:
        rows = await client.pages("/v2/trades", user=busy(client.world), limit=1000)
        bare = [row for row in rows if row["outcome_index"] == 999]
        assert 0.2 < len(bare) / len(rows) < 0.6
        assert all(row["event_slug"] == "" for row in bare)
        positions = [
            row for number in range(8) for row in await client.pages("/v2/positions", user=busy(client.world, number))
        ]
        assert 0 < sum(row["avg_price"] is None for row in positions) < 0.05 * len(positions)
