"""A call's id is a function of its content."""

import msgspec

from app.core.calls import Call, CostModel

CALL = Call(
    source="demo",
    claimant="rules",
    claimant_version="1",
    kind="continuation",
    subject="BTC",
    claim="mid of BTC at +60 s above 100",
    probability=0.55,
    direction=1,
    made_at_ms=1,
    available_at_ms=2,
    input_age_ms=1,
    reference_kind="mid",
    reference_price=100.0,
    bid=99.5,
    ask=100.5,
    horizon_s=60,
    cost=CostModel(4.5, 0.5),
)


def test_the_same_call_has_the_same_id() -> None:
    assert CALL.call_id == msgspec.structs.replace(CALL).call_id
    assert len(CALL.call_id) == 16


def test_any_other_field_makes_another_id() -> None:
    changed = {msgspec.structs.replace(CALL, **change).call_id for change in ({"probability": 0.56}, {"horizon_s": 61})}
    assert len(changed | {CALL.call_id}) == 3
