"""The registry as CSV files: what the columns of points, devices and customers mean."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Final, Literal
from zoneinfo import ZoneInfo

import msgspec

from service.domain import csv_fields as fields
from service.domain.csv_rows import Column, Rows, column, read_rows, write_rows
from service.domain.registry import Customer, Device, Point
from service.domain.registry_checks import (
    DeviceRow,
    ends_before_it_starts,
    heads_of_nothing,
    overlapping,
    repeated,
)

Kind = Literal["points", "devices", "customers"]
KINDS: Final[tuple[Kind, ...]] = ("points", "devices", "customers")

_PLACES: Final = ("organisation", "region", "substation", "feeder", "transformer")


def read_points(text: str, zone: ZoneInfo) -> Rows[Point]:
    """Return the points of a file, ``point_id`` 0; times without offset are on the clocks of ``zone``."""
    found = read_rows(text, _point_columns(zone), _point)
    found.bad_rows += repeated(found, "point", lambda point: point.point)
    found.bad_rows += ends_before_it_starts(found, lambda point: point)
    found.bad_rows += heads_of_nothing(found)
    return found


def read_devices(text: str, zone: ZoneInfo) -> Rows[DeviceRow]:
    """Return the devices of a file, ids 0; one device serves one point at a time."""
    found = read_rows(text, _device_columns(zone), _device)
    found.bad_rows += ends_before_it_starts(found, lambda row: row.device)
    found.bad_rows += overlapping(found)
    return found


def read_customers(text: str, zone: ZoneInfo) -> Rows[Customer]:
    """Return the customers of a file, ``customer_id`` 0."""
    found = read_rows(text, _customer_columns(zone), _customer)
    found.bad_rows += repeated(found, "customer", lambda customer: customer.customer)
    found.bad_rows += ends_before_it_starts(found, lambda customer: customer)
    return found


def write_points(points: Iterable[Point], zone: ZoneInfo) -> str:
    """Return a file that ``read_points`` reads."""
    columns = _point_columns(zone)
    return write_rows(columns, (_values(columns, one, _renamed(one)) for one in points))


def write_devices(rows: Iterable[DeviceRow], zone: ZoneInfo) -> str:
    """Return a file that ``read_devices`` reads."""
    columns = _device_columns(zone)
    return write_rows(columns, (_values(columns, row.device, {"point": row.point}) for row in rows))


def write_customers(customers: Iterable[Customer], zone: ZoneInfo) -> str:
    """Return a file that ``read_customers`` reads."""
    columns = _customer_columns(zone)
    return write_rows(
        columns,
        (_values(columns, one, {"voltage_level_v": one.voltage_level_mv}) for one in customers),
    )


def _validity(zone: ZoneInfo) -> tuple[Column, Column]:
    read, write = fields.instants(zone), partial(fields.write_instant, zone=zone)
    return column("valid_from", read, write, is_required=True), column("valid_to", read, write)


def _point_columns(zone: ZoneInfo) -> tuple[Column, ...]:
    places = [
        one
        for place in _PLACES
        for one in (
            column(place, fields.read_code, default=""),
            column(f"{place}_name", fields.read_text, default=""),
        )
    ]
    return (
        column("point", fields.read_code, is_required=True),
        column("nominal_v", fields.read_millivolts, fields.write_millivolts, is_required=True),
        column("wiring", fields.words("1p", "3p4w", "3p3w"), is_required=True),
        column("class", fields.words("A", "B", "C", "D"), is_required=True),
        *places,
        column("terminal", fields.read_flag, fields.write_flag, default=False),
        column("feeder_head", fields.read_flag, fields.write_flag, default=False),
        column("band_percent", fields.read_band, fields.write_band),
        *_validity(zone),
    )


def _device_columns(zone: ZoneInfo) -> tuple[Column, ...]:
    return (
        column("device", fields.read_name, is_required=True),
        column("point", fields.read_code, is_required=True),
        column("interval_s", fields.read_interval_s, is_required=True),
        column("voltage_ratio", fields.read_ratio, fields.write_ratio, 1.0),
        column("reading_kind", fields.words("mean", "instant"), default="mean"),
        column("stamp_at", fields.words("start", "end"), default="start"),
        column("zone", fields.read_zone, default=zone.key),
        column("delivery_delay_s", fields.read_whole(0, 31 * 86_400), default=0),
        column("self_powered", fields.read_flag, fields.write_flag, default=False),
        column("zero_means", fields.words("no_supply", "asleep", "no_input"), default="no_supply"),
        column("concentrator", fields.read_code, default=""),
        *_validity(zone),
    )


def _customer_columns(zone: ZoneInfo) -> tuple[Column, ...]:
    targets = ("urban", "rural", "special_remote")
    return (
        column("customer", fields.read_account, is_required=True),
        column("points", fields.read_codes, fields.write_codes, is_required=True),
        column(
            "voltage_level_v", fields.read_millivolts, fields.write_millivolts, is_required=True
        ),
        column("residential", fields.read_flag, fields.write_flag, is_required=True),
        column("important", fields.read_flag, fields.write_flag, default=False),
        column("user_class", fields.words("LV", "MV", "HV"), is_required=True),
        column("required_power_factor", fields.read_power_factor, fields.write_decimal),
        column("capacity_kva", fields.read_kva, fields.write_decimal),
        column("target_area", fields.words(*targets), is_required=True),
        column("response_area", fields.words(*targets, "remote")),
        *_validity(zone),
    )


def _point(values: Mapping[str, object]) -> Point:
    named = dict(values)
    named["point_id"] = 0
    named["nominal_mv"] = named.pop("nominal_v")
    named["point_class"] = named.pop("class")
    named["is_terminal"] = named.pop("terminal")
    named["is_feeder_head"] = named.pop("feeder_head")
    edges = named.pop("band_percent")
    named["band_lower"], named["band_upper"] = edges if isinstance(edges, tuple) else (None, None)
    return msgspec.convert(named, Point)


def _renamed(point: Point) -> dict[str, object]:
    has_band = point.band_lower is not None
    return {
        "nominal_v": point.nominal_mv,
        "class": point.point_class,
        "terminal": point.is_terminal,
        "feeder_head": point.is_feeder_head,
        "band_percent": (point.band_lower, point.band_upper) if has_band else None,
    }


def _device(values: Mapping[str, object]) -> DeviceRow:
    point = str(values["point"])
    device = msgspec.convert({**values, "device_id": 0, "point_id": 0}, Device)
    return DeviceRow(point, device)


def _customer(values: Mapping[str, object]) -> Customer:
    named = dict(values)
    named["customer_id"] = 0
    named["voltage_level_mv"] = named.pop("voltage_level_v")
    named["response_area"] = named["response_area"] or named["target_area"]
    return msgspec.convert(named, Customer)


def _values(
    columns: Iterable[Column], stored: object, changed: Mapping[str, object]
) -> list[object]:
    """Return a value for each column: of ``changed``, or the attribute of that name."""
    return [
        changed[one.name] if one.name in changed else getattr(stored, one.name) for one in columns
    ]
