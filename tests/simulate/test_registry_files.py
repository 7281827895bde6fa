"""The registry of the district is one that `voltpass import` takes."""

from collections import Counter, defaultdict
from zoneinfo import ZoneInfo

from service.domain.batch import Message
from service.domain.registry_files import read_customers, read_devices, read_points
from service.wire import Decoder
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


def test_heads_of_feeders_are_registered(district: District) -> None:
    points = read_points(_text(district, "points.csv"), CHINA).rows

    heads = {point.point for point in points if point.is_feeder_head}

    assert heads == {row["point"] for row in district.device_of.values() if row["role"] == "head"}
    assert len({point.feeder for point in points if point.is_feeder_head}) == len(heads)


def test_what_0_volts_of_a_device_mean_is_registered(district: District) -> None:
    meaning = {"normal": "no_supply", "sleeping": "asleep", "no_transformer_input": "no_input"}

    registered = {name: row["zero_means"] for name, row in district.registered.items()}

    assert registered == {
        row["device"]: meaning[row["behaviour"]] for row in district.device_of.values()
    }


def test_a_device_is_registered_with_the_concentrator_through_which_it_talks(
    district: District,
) -> None:
    decoder = Decoder()
    talks: defaultdict[str, set[str]] = defaultdict(set)
    for offset, frame in enumerate(district.frames()):
        decoded = decoder.decode([Message(offset, frame.arrives_ms, frame.value)])
        for batch in decoded.batches:
            for place in set(batch.device.tolist()):
                talks[batch.names[place]].add(frame.key.decode())

    registered = {name: row["concentrator"] or name for name, row in district.registered.items()}

    assert {name: {key} for name, key in registered.items()} == talks
    assert len({*registered.values()}) < len(registered)


def _text(district: District, name: str) -> str:
    return (district.out / name).read_text(encoding="utf-8")
