"""A plan is a function of its seed and can be read by a person."""

from fault_plan import DAY_S, KINDS, Fault, FaultPlan, active, plan_of


def test_the_same_seed_gives_the_same_plan_and_another_another() -> None:
    assert plan_of(7) == plan_of(7)
    assert plan_of(7) != plan_of(8)


def test_every_kind_of_fault_occurs_and_days_end_in_peace() -> None:
    plans = [plan_of(seed) for seed in range(60)]
    assert {fault.kind for plan in plans for fault in plan.faults} == set(KINDS)
    assert all(fault.at_s > 0 and fault.ends_s < DAY_S - 300 for plan in plans for fault in plan.faults)


def test_a_printed_plan_names_its_seed_and_every_fault() -> None:
    plan = FaultPlan(3, (Fault("stall", 3_661.5, 12.25, 0.0, "down", "stream"),))
    assert str(plan) == "plan of seed 3\n  01:01:01.500 stall         down stream   for  12.250 s, amount 0.000"
    assert len(str(plan_of(3)).splitlines()) == 1 + len(plan_of(3).faults)


def test_only_what_lasts_now_is_active() -> None:
    plan = FaultPlan(1, (Fault("stall", 10, 5), Fault("latency", 12, 10, 0.5)))
    assert [[fault.kind for fault in active(plan, now_s)] for now_s in (9.9, 10, 13, 15, 22)] == [
        [], ["stall"], ["stall", "latency"], ["latency"], []
    ]  # fmt: skip
