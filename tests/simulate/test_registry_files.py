"""The registry of the district is one that `voltpass import` takes."""

from collections import Counter
from zoneinfo import ZoneInfo

from service.domain.registry_files import read_customers, read_devices, read_points
from tests.simulate.district import District

CHINA = ZoneInfo("Asia/Shanghai")


def test_every_row_is_accepted(district: District) -> None:
    points = read_points(_text(district, "points.csv"), CHINA)
    devices = read_devices(_text(district, "devices.csv"), CHINA)
    customers = read_customers(_text(district, "customers.csv"), CHINA)

    assert [points.bad_rows, devices.bad_rows, customers.bad_rows] == [[], [], []]
    known = {point.point for point in points.rows}
    assert len(known) == len(devices.rows) == district.plan.meters
    assert {row.point for row in devices.rows} == known
    assert {point for customer in customers.rows for point in customer.points} <= known


def test_the_district_has_all_that_a_district_has(district: District) -> None:
    roles = Counter(row["role"] for row in district.device_of.values())
    behaviours = Counter(row["behaviour"] for row in district.device_of.values())
    customers = district.rows("customers.csv")

    assert set(roles) == {"head", "terminal", "customer", "medium_voltage", "reserve"}
    assert set(behaviours) == {"normal", "sleeping", "no_transformer_input"}
    assert {row["residential"] for row in customers} == {"yes", "no"}
    assert {row["user_class"] for row in customers} == {"LV", "MV"}
    assert any(row["important"] == "yes" for row in customers)
    assert any(";" in row["points"] for row in customers)
    assert {row["wiring"] for row in district.rows("points.csv")} == {"1p", "3p4w", "3p3w"}
    assert {row["reading_kind"] for row in district.rows("devices.csv")} == {"mean", "instant"}


def test_terminals_and_capacities_are_registered(district: District) -> None:
    points = read_points(_text(district, "points.csv"), CHINA).rows
    customers = read_customers(_text(district, "customers.csv"), CHINA).rows

    terminals = {point.point for point in points if point.is_terminal}

    said = {row["point"] for row in district.device_of.values() if row["role"] == "terminal"}
    assert terminals == said
    assert all(customer.capacity_kva for customer in customers)


def test_a_meter_that_reads_its_own_outage_is_not_registered_as_self_powered(
    district: District,
) -> None:
    for row in district.device_of.values():
        flag = district.registered[row["device"]]["self_powered"]
        assert flag == ("yes" if row["supply"] == "self_powered" else "no")


def _text(district: District, name: str) -> str:
    return (district.out / name).read_text(encoding="utf-8")
