"""Registry files: what is right comes in and goes out again, what is wrong is named, all of it."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.csv_rows import decode
from service.domain.registry import Customer, Device, Point, ZeroMeans
from service.domain.registry_checks import DeviceRow
from service.domain.registry_files import (
    read_customers,
    read_devices,
    read_points,
    write_customers,
    write_devices,
    write_points,
)
from service.errors import RegistryFileError

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
POINT = {
    "point": "P1",
    "nominal_v": "220",
    "wiring": "1p",
    "class": "D",
    "valid_from": "2026-01-01",
}
DEVICE = {"device": "D1", "point": "P1", "interval_s": "60", "valid_from": "2026-01-01"}
CUSTOMER = {
    "customer": "C1",
    "points": "P1",
    "voltage_level_v": "220",
    "residential": "yes",
    "user_class": "LV",
    "target_area": "urban",
    "valid_from": "2026-01-01",
}


def csv_of(*rows: dict[str, str]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = [names, *([row.get(name, "") for name in names] for row in rows)]
    return "".join(",".join(line) + "\n" for line in lines)


def test_a_point_needs_few_columns() -> None:
    found = read_points(csv_of(POINT), SHANGHAI)

    assert not found.bad_rows
    assert found.rows == [
        Point(
            point_id=0,
            point="P1",
            nominal_mv=220_000,
            wiring="1p",
            point_class="D",
            valid_from=datetime(2025, 12, 31, 16, tzinfo=UTC),
        )
    ]


def test_a_device_and_a_customer_need_few_columns() -> None:
    devices = read_devices(csv_of(DEVICE), SHANGHAI)
    customers = read_customers(csv_of(CUSTOMER | {"points": "P2; P1"}), SHANGHAI)

    start = datetime(2025, 12, 31, 16, tzinfo=UTC)
    device = Device(
        device_id=0, device="D1", point_id=0, interval_s=60, zone="Asia/Shanghai", valid_from=start
    )
    assert devices.rows == [DeviceRow("P1", device)]
    assert customers.rows == [
        Customer(
            customer_id=0,
            customer="C1",
            points=("P1", "P2"),
            voltage_level_mv=220_000,
            residential=True,
            important=False,
            user_class="LV",
            required_power_factor=None,
            target_area="urban",
            response_area="urban",
            valid_from=start,
        )
    ]


@pytest.mark.parametrize(
    ("column", "value", "allowed"),
    [
        ("point", "", "not empty"),
        ("point", "a;b", "no comma or semicolon"),
        ("point", "a\tb", "printable"),
        ("nominal_v", "0.5", "volts, 1 to 2000000"),
        ("nominal_v", "220.0001", "at most three decimals"),
        ("nominal_v", "NaN", "volts"),
        ("nominal_v", "1e400", "volts"),
        ("nominal_v", "220 V", "volts"),
        ("wiring", "3P4W", "1p, 3p4w, 3p3w"),
        ("class", "E", "A, B, C, D"),
        ("feeder_name", "x" * 201, "up to 200 printable characters"),
        ("terminal", "maybe", "yes, no"),
        ("feeder_head", "F1", "yes, no"),
        ("feeder_head", "yes", "whose head it measures"),
        ("band_percent", "7", "lower..upper"),
        ("band_percent", "7..-3", "lower..upper"),
        ("band_percent", "-3.001..7", "two decimals"),
        ("valid_from", "01.02.2026", "2026-01-31"),
        ("valid_from", "2026-02-30", "2026-01-31"),
        ("valid_from", "2026-01-01T00:00:30", "whole minutes"),
        ("valid_from", "1969-01-01", "from 1970"),
        ("valid_to", "2026-01-01", "after valid_from"),
    ],
)
def test_a_wrong_field_of_a_point_is_named_with_what_is_allowed(
    column: str, value: str, allowed: str
) -> None:
    found = read_points(csv_of(POINT | {column: value}), SHANGHAI)

    (bad,) = found.bad_rows
    assert (bad.line, bad.column) == (2, column)
    assert allowed in bad.allowed


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("device", "x" * 201),
        ("interval_s", "7"),
        ("interval_s", "90"),
        ("interval_s", "0"),
        ("interval_s", "7200"),
        ("interval_s", "\u0661"),
        ("voltage_ratio", "0"),
        ("voltage_ratio", "inf"),
        ("voltage_ratio", "-1"),
        ("reading_kind", "max"),
        ("stamp_at", "middle"),
        ("zone", "Asia/Beijing"),
        ("zone", "../etc/passwd"),
        ("delivery_delay_s", "-1"),
        ("self_powered", "perhaps"),
        ("zero_means", "sleeping"),
        ("zero_means", "asleep;no_input"),
        ("concentrator", "C1;C2"),
    ],
)
def test_a_wrong_field_of_a_device_is_named(column: str, value: str) -> None:
    found = read_devices(csv_of(DEVICE | {column: value}), SHANGHAI)

    assert [(bad.column, bad.value) for bad in found.bad_rows] == [(column, value)]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("customer", "C1;C2"),
        ("points", "P1;P1"),
        ("points", "P1;;P2"),
        ("residential", ""),
        ("required_power_factor", "0"),
        ("required_power_factor", "90"),
        ("required_power_factor", "0.9001"),
        ("capacity_kva", "0"),
        ("capacity_kva", "0.0001"),
        ("capacity_kva", "100000001"),
        ("target_area", "remote"),
        ("user_class", "lv"),
    ],
)
def test_a_wrong_field_of_a_customer_is_named(column: str, value: str) -> None:
    found = read_customers(csv_of(CUSTOMER | {column: value}), SHANGHAI)

    assert [(bad.column, bad.value) for bad in found.bad_rows] == [(column, value)]


def test_everything_that_is_wrong_is_named_at_once() -> None:
    wrong = POINT | {"nominal_v": "x", "wiring": "x", "class": "x"}

    found = read_points(csv_of(POINT, wrong, POINT | {"point": "P2"}, wrong), SHANGHAI)

    assert [bad.line for bad in found.bad_rows] == [3, 3, 3, 5, 5, 5]
    assert [row.point for row in found.rows] == ["P1", "P2"]
    assert str(found.bad_rows[0]) == (
        "line 3, nominal_v: 'x' is not allowed; allowed: volts, 1 to 2000000, at most three decimals"
    )


def test_the_header_is_checked_first() -> None:
    found = read_points("point,nominal_v,Feeder,point\nP1,220,x,P1\n", SHANGHAI)

    assert {bad.line for bad in found.bad_rows} == {1}
    assert sorted(bad.column for bad in found.bad_rows) == [
        "Feeder",
        "class",
        "point",
        "valid_from",
        "wiring",
    ]


def test_an_empty_file_lacks_its_header() -> None:
    assert {bad.allowed for bad in read_points("", SHANGHAI).bad_rows} == {
        "this column is required"
    }


def test_lines_are_counted_as_an_editor_does() -> None:
    text = csv_of(
        POINT | {"feeder_name": '"over\nmore\nlines"'}, POINT | {"class": "x", "point": "P2"}
    )

    found = read_points("\n" + text.replace("P2", "\nP2", 1) + "P3\n", SHANGHAI)

    assert [(bad.line, bad.column) for bad in found.bad_rows] == [
        (3, "feeder_name"),
        (7, "class"),
        (8, ""),
    ]


@pytest.mark.parametrize("text", ['point\n"P1', 'point\n"P1"x\n', "point\nP\0 1\n"])
def test_what_is_no_csv_is_reported(text: str) -> None:
    assert read_points(text, SHANGHAI).bad_rows


def test_a_point_stands_once_in_a_file() -> None:
    found = read_points(csv_of(POINT, POINT | {"point": " P1 "}), SHANGHAI)

    (bad,) = found.bad_rows
    assert (bad.line, bad.column) == (3, "point")
    assert "line 2" in bad.allowed


@pytest.mark.parametrize(
    ("spans", "bad_lines"),
    [
        ([("2026-01-01", "2026-02-01"), ("2026-02-01", "")], []),
        ([("2026-02-01", ""), ("2026-01-01", "2026-02-01")], []),
        ([("2026-01-01", ""), ("2026-02-01", "")], [3]),
        ([("2026-01-01", "2026-02-02"), ("2026-02-01", "2026-03-01")], [3]),
        ([("2026-02-01", "2026-03-01"), ("2026-01-01", "")], [2]),
        ([("2026-01-01", "2026-06-01"), ("2026-02-01", "2026-03-01"), ("2026-04-01", "")], [3, 4]),
    ],
)
def test_a_device_serves_one_point_at_a_time(
    spans: list[tuple[str, str]], bad_lines: list[int]
) -> None:
    rows = [
        DEVICE | {"valid_from": start, "valid_to": end, "point": f"P{start}"}
        for start, end in spans
    ]

    found = read_devices(csv_of(*rows), SHANGHAI)

    assert [bad.line for bad in found.bad_rows] == bad_lines


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-06-01", datetime(2026, 5, 31, 22, tzinfo=UTC)),
        ("2026-06-01 12:30", datetime(2026, 6, 1, 10, 30, tzinfo=UTC)),
        ("2026-06-01T12:30:00Z", datetime(2026, 6, 1, 12, 30, tzinfo=UTC)),
        ("2026-06-01T12:30+08:00", datetime(2026, 6, 1, 4, 30, tzinfo=UTC)),
        ("2026-10-25T02:30+01:00", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
    ],
)
def test_times_are_on_the_clocks_of_the_zone_unless_they_say_more(
    text: str, expected: datetime
) -> None:
    found = read_points(csv_of(POINT | {"valid_from": text}), BERLIN)

    assert found.rows[0].valid_from == expected


@pytest.mark.parametrize(
    ("text", "said"), [("2026-03-29T02:30", "skip"), ("2026-10-25T02:30", "twice")]
)
def test_times_that_are_skipped_or_come_twice_are_refused(text: str, said: str) -> None:
    (bad,) = read_points(csv_of(POINT | {"valid_from": text}), BERLIN).bad_rows

    assert said in bad.allowed


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
def test_utf_8_and_gbk_are_told_apart(encoding: str) -> None:
    text = csv_of(POINT | {"feeder": "F1", "feeder_name": "城东一线"})

    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize("content", [b"\xff\xfeP\x00", b"\xfe\xff\x00P", b"P1,\xff\xff", b"\x80"])
def test_other_encodings_are_refused(content: bytes) -> None:
    with pytest.raises(RegistryFileError, match="UTF-8"):
        decode(content)


TEXT = st.text(
    st.characters(exclude_categories=["C", "Z"], exclude_characters=",;"), min_size=1, max_size=9
)
INSTANT = st.integers(1_000_000, 110_000_000).map(
    lambda minute: datetime.fromtimestamp(60 * minute, tz=UTC)
)
VALIDITY = st.tuples(INSTANT, INSTANT | st.none()).filter(lambda v: v[1] is None or v[0] < v[1])


@st.composite
def points(draw: st.DrawFn) -> Point:
    valid_from, valid_to = draw(VALIDITY)
    edges = draw(st.none() | st.tuples(st.integers(-10_000, -1), st.integers(0, 10_000)))
    feeder = draw(TEXT | st.just(""))
    return Point(
        point_id=0,
        point=draw(TEXT),
        nominal_mv=draw(st.integers(1_000, 2_000_000_000)),
        wiring=draw(st.sampled_from(["1p", "3p4w", "3p3w"])),
        point_class=draw(st.sampled_from(["A", "B", "C", "D"])),
        region=draw(TEXT | st.just("")),
        region_name=draw(TEXT.map(lambda text: f'{text} "x", {text}') | st.just("")),
        feeder=feeder,
        is_terminal=draw(st.booleans()),
        is_feeder_head=bool(feeder) and draw(st.booleans()),
        band_lower=edges[0] if edges else None,
        band_upper=edges[1] if edges else None,
        valid_from=valid_from,
        valid_to=valid_to,
    )


@given(st.lists(points(), max_size=5, unique_by=lambda point: point.point))
def test_points_that_are_written_are_read_as_they_were(rows: list[Point]) -> None:
    text = write_points(rows, BERLIN)

    found = read_points(text, BERLIN)

    assert (found.rows, found.bad_rows) == (rows, [])
    assert write_points(found.rows, BERLIN) == text


@st.composite
def devices(draw: st.DrawFn) -> Device:
    valid_from, valid_to = draw(VALIDITY)
    return Device(
        device_id=0,
        device=draw(TEXT),
        point_id=0,
        interval_s=draw(st.sampled_from([1, 2, 15, 60, 900, 3600])),
        voltage_ratio=draw(st.floats(1e-6, 1e6)),
        self_powered=draw(st.booleans()),
        zero_means=draw(st.sampled_from(get_args(ZeroMeans))),
        concentrator=draw(TEXT | st.just("")),
        valid_from=valid_from,
        valid_to=valid_to,
    )


@given(devices())
def test_devices_that_are_written_are_read_as_they_were(device: Device) -> None:
    found = read_devices(write_devices([DeviceRow("P1", device)], SHANGHAI), SHANGHAI)

    assert (found.rows, found.bad_rows) == ([DeviceRow("P1", device)], [])


@given(
    st.lists(TEXT, min_size=1, max_size=4, unique=True),
    st.none() | st.integers(1, 1000).map(lambda n: Decimal(n) / 1000),
    st.none() | st.integers(1, 10**11).map(lambda n: Decimal(n) / 1000),
    VALIDITY,
)
def test_customers_that_are_written_are_read_as_they_were(
    supplied: list[str],
    factor: Decimal | None,
    capacity_kva: Decimal | None,
    validity: tuple[datetime, datetime | None],
) -> None:
    customer = Customer(
        customer_id=0,
        customer="C1",
        points=tuple(sorted(supplied)),
        voltage_level_mv=10_000_000,
        residential=False,
        important=True,
        user_class="MV",
        required_power_factor=factor,
        capacity_kva=capacity_kva,
        target_area="rural",
        response_area="remote",
        valid_from=validity[0],
        valid_to=validity[1],
    )

    found = read_customers(write_customers([customer], SHANGHAI), SHANGHAI)

    assert (found.rows, found.bad_rows) == ([customer], [])
