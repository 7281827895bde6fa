"""Figures of the truth: by hand, and counted again from its files."""

import json
from collections import defaultdict
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from service.simulate.evidence import PHYSICAL
from service.simulate.figures import customer_figures, spans_by_point
from service.simulate.network_building import build_network
from service.simulate.plan import plan_of
from tests.simulate.district import District, ms

MINUTE_MS = 60_000


def figures_of(district: District) -> dict[str, Any]:
    figures: dict[str, Any] = json.loads((district.out / "truth/figures.json").read_text())
    return figures


def length_ms(row: dict[str, str]) -> int:
    return ms(row["end"]) - ms(row["start"])


def test_a_small_case_by_hand() -> None:
    network = build_network(plan_of({"meters": 50, "feeders": 1}, ["grid.mv_share=0.02"]))
    points = network.points
    first, second = (
        points.customer.index(account) for account in sorted(filter(None, points.customer))[:2]
    )
    entrance, reserve = (points.code.index(f"F0001-U01-00{place}") for place in (1, 2))
    rows = [
        (first, 0, 10 * MINUTE_MS),
        (first, 5 * MINUTE_MS, 20 * MINUTE_MS),  # overlaps: one interruption of 20 minutes
        (second, 0, 5 * MINUTE_MS),  # exactly at the threshold: does not count
        (entrance, 0, 60 * MINUTE_MS),
        (reserve, 30 * MINUTE_MS, 90 * MINUTE_MS),  # both are out for 30 minutes
    ]

    figures = customer_figures(network, spans_by_point(rows), 300)

    n = network.n_customers
    assert figures == {
        "customers": n,
        "customer_interruptions": 2,
        "customers_interrupted": 2,
        "customer_minutes": 50.0,
        "saidi_min": pytest.approx(50 / n),
        "saifi": pytest.approx(2 / n),
    }


@pytest.mark.parametrize("of", ["all", "with_physical_evidence"])
@pytest.mark.parametrize("longer_than_s", [0, 180, 300])
def test_saidi_and_saifi_follow_from_the_outages_of_points(
    of: str, longer_than_s: int, district: District
) -> None:
    customers = {row["points"].split(";")[0] for row in district.rows("customers.csv")}
    dark_ms = n = 0
    for row in district.rows("truth/point_outages.csv"):
        if row["point"] not in customers:
            continue
        if of != "all" and not set(row["evidence"].split(";")) & set(PHYSICAL):
            continue  # a customer's first point speaks for its reserve entrance
        if length_ms(row) > 1000 * longer_than_s:
            dark_ms, n = dark_ms + length_ms(row), n + 1

    found = figures_of(district)[of][f"longer_than_{longer_than_s}_s"]

    assert found["customer_interruptions"] == n
    assert found["saidi_min"] == pytest.approx(dark_ms / MINUTE_MS / len(customers), rel=1e-12)
    assert found["saifi"] == pytest.approx(n / len(customers), rel=1e-12)


def test_rs_follows_from_the_outages_of_users(district: District) -> None:
    figures = figures_of(district)["medium_voltage"]
    transformers = {row["transformer"] for row in district.rows("points.csv")} - {""}
    rows = [row for row in district.rows("truth/user_outages.csv") if row["kind"] != "reclosed"]
    whole_ms = len(transformers) * district.plan.days * 86_400_000
    left_out: dict[str, Callable[[dict[str, str]], bool]] = {
        "rs_1": lambda row: row["kind"] == "reclosed",
        "rs_2": lambda row: row["cause"] == "fault_external",
        "rs_3": lambda row: row["cause"] == "supply_shortage",
        "rs_4": lambda row: length_ms(row) <= 180_000,
    }

    assert figures["users"] == len(transformers)
    assert {row["user"] for row in rows} <= transformers
    for index, is_left_out in left_out.items():
        dark_ms = sum(length_ms(row) for row in rows if not is_left_out(row))
        rate = float(100 * (1 - Fraction(dark_ms, whole_ms)))
        assert figures[f"{index}_percent"] == pytest.approx(rate, abs=1e-9)
    assert figures["rs_3_percent"] > figures["rs_1_percent"]


def test_planned_counts_are_of_maintenance_that_took_place(district: District) -> None:
    kinds = {row["outage"]: row["kind"] for row in district.rows("truth/outages.csv")}
    account_of = {
        point: row["customer"]
        for row in district.rows("customers.csv")
        for point in row["points"].split(";")
    }
    counted: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for row in district.rows("truth/point_outages.csv"):
        if kinds[row["outage"]] == "maintenance" and row["point"] in account_of:
            counted[account_of[row["point"]], row["start"][:4]].add(row["outage"])

    found = {
        (row["customer"], row["year"]): int(row["n_planned"])
        for row in district.rows("truth/planned_counts.csv")
    }

    assert found == {key: len(outages) for key, outages in counted.items()}
    assert found


def test_evidence_that_meters_read_is_there_in_the_readings(district: District) -> None:
    n_zero = 0
    for row in district.rows("truth/point_outages.csv"):
        if "zero_voltage" not in row["evidence"].split(";"):
            continue
        device = district.device_of[row["point"]]
        assert device["supply"] == "own"
        offset_ms = 1000 * int(device["clock_offset_s"])
        from_ms, to_ms = ms(row["start"]) + offset_ms, ms(row["end"]) + offset_ms
        zeros = [
            reading
            for reading in district.readings[device["device"]]
            if set(reading.volts) == {0.0}
            and from_ms <= district.begins_ms(device["device"], reading) < to_ms
        ]
        n_zero += bool(zeros)
    n_said = sum(
        "zero_voltage" in row["evidence"].split(";")
        for row in district.rows("truth/point_outages.csv")
    )
    assert n_said > 100
    assert n_zero >= 0.95 * n_said  # the rest got lost on its way
