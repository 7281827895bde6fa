"""The plan carries what it is asked to carry, and names what breaks first."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.sizing.coefficients import Coefficients, load_coefficients
from service.domain.sizing.plan import Plan, plan_for
from service.domain.sizing.workload import Workload

KNOWN = load_coefficients()


def workloads() -> st.SearchStrategy[Workload]:
    return st.builds(
        Workload,
        n_points=st.integers(1000, 100_000_000),
        interval_s=st.sampled_from([1, 5, 60, 900, 3600]),
        encoding=st.sampled_from(["arrow", "json"]),
        per_message=st.integers(1, 1000),
        n_phases=st.sampled_from([1, 3]),
        retention_days=st.integers(3, 4000),
        log_days=st.integers(1, 30),
        headroom=st.decimals(1, 10, places=1),
        checkpoint_s=st.sampled_from([1, 5, 60]),
    )


@given(workloads())
def test_what_is_planned_carries_all_points(workload: Workload) -> None:
    plan = plan_for(workload, KNOWN)

    assert plan.n_databases * plan.points_per_database >= workload.n_points
    assert plan.points_per_database <= min(limit.n_points for limit in plan.limits)
    assert plan.consumers_per_database * plan.points_per_consumer >= plan.points_per_database
    assert plan.consumers_per_database >= 2
    assert plan.n_partitions == plan.n_consumers * 8
    assert [limit.n_points for limit in plan.limits] == sorted(
        limit.n_points for limit in plan.limits
    )


@given(workloads())
def test_no_database_is_asked_for_more_than_it_has(workload: Workload) -> None:
    plan = plan_for(workload, KNOWN)
    asked = {
        "database cores": ("database_cores", workload.headroom),
        "WAL": ("database_wal_bytes_s", workload.headroom),
        "pages repacked": ("database_disk_bytes", Decimal(1)),
    }

    for name, (has, times) in asked.items():
        assert plan.value(name) * times <= KNOWN[has] or plan.points_per_database == 1, name


@given(workloads(), st.integers(2, 10))
def test_twice_the_points_never_take_less(workload: Workload, times: int) -> None:
    more = replace(workload, n_points=workload.n_points * times)

    few, many = plan_for(workload, KNOWN), plan_for(more, KNOWN)

    assert few.n_databases <= many.n_databases
    assert few.n_brokers <= many.n_brokers
    assert many.value("consumer cores") == pytest.approx(few.value("consumer cores") * times)


def with_value(name: str, value: int) -> Coefficients:
    rows = dict(KNOWN.rows)
    rows[name] = replace(rows[name], value=Decimal(value))
    return replace(KNOWN, rows=rows)


@pytest.mark.parametrize(
    ("changed", "value", "first"),
    [
        ("database_disk_bytes", 10**9, "disk"),
        ("database_wal_bytes_s", 1000, "WAL"),
        ("database_connections", 40, "connections"),
        ("consumers_per_group", 1, "consumer group"),
        ("memory_registered", 10**9, "consumer memory"),
    ],
)
def test_what_there_is_least_of_breaks_first(changed: str, value: int, first: str) -> None:
    plan = plan_for(Workload(n_points=1_000_000, interval_s=1), with_value(changed, value))

    assert plan.limits[0].name == first
    assert plan.n_databases > 1


def lines_of(plan: Plan) -> dict[str, Decimal]:
    return {line.name: line.value for line in plan.lines}


def test_the_arithmetic_by_hand() -> None:
    """A million points, a reading a minute, in Arrow of 1,000, built for twice the load."""
    plan = plan_for(Workload(n_points=1_000_000, interval_s=60), KNOWN)

    lines = lines_of(plan)

    assert round(lines["readings"], 6) == round(Decimal(1_000_000) / 60, 6)
    assert round(lines["messages"], 6) == round(Decimal(1000) / 60, 6)
    assert plan.n_databases == 1
    assert round(lines["page rows"], 6) == round(Decimal(1_000_000) / 60, 6)
    assert round(lines["log in"], 3) == round(KNOWN["log_arrow_1000_lz4_1p"] * 1_000_000 / 60, 3)
    assert round(lines["log disk"], 0) == round(
        KNOWN["log_arrow_1000_lz4_1p"] * 1_000_000 / 60 * 86_400 * 7 * 3, 0
    )
    days = 2 * KNOWN["day_as_written_1p"] + 398 * KNOWN["day_repacked_1p"]
    assert lines["pages repacked"] == days * 1_000_000
    assert lines["connections"] == 7 * plan.n_consumers + 2 * 8 + 4
