"""The register as CSV files: fault calls and deadlines, and what their columns have in common with outages."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from functools import partial
from typing import TYPE_CHECKING, Final, Literal, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from service.domain import csv_fields
from service.domain.csv_rows import BadRow, Column, Rows, column, read_rows, write_rows
from service.domain.register import RESPONSE_AREAS, NewDeadline, NewFaultCall
from service.domain.register_checks import Wrong, wrong_with_call, wrong_with_deadline
from service.domain.registry_checks import repeated

if TYPE_CHECKING:
    from collections.abc import Mapping

    from _typeshed import DataclassInstance

Kind = Literal["outages", "calls", "deadlines"]
KINDS: Final[tuple[Kind, ...]] = ("outages", "calls", "deadlines")

T = TypeVar("T")


def time_column(name: str, zone: ZoneInfo, *, is_required: bool = False) -> Column:
    """Return a column of instants; without offset they are on the clocks of ``zone``."""
    write = partial(csv_fields.write_exact_instant, zone=zone)
    return column(name, csv_fields.exact_instants(zone), write, is_required=is_required)


def read_calls(text: str, zone: ZoneInfo) -> Rows[NewFaultCall]:
    """Return the fault calls of a file, each number once."""
    found = read_rows(text, _call_columns(zone), _call)
    found.bad_rows += repeated(found, "call", lambda one: one.call)
    found.bad_rows += contradicting(found, wrong_with_call)
    return found


def read_deadlines(text: str, zone: ZoneInfo) -> Rows[NewDeadline]:
    """Return the dated promises of a file, each reference once."""
    found = read_rows(text, _deadline_columns(zone), _deadline)
    found.bad_rows += repeated(found, "reference", lambda one: one.reference)
    found.bad_rows += contradicting(found, wrong_with_deadline)
    return found


def write_calls(calls: Iterable[NewFaultCall], zone: ZoneInfo) -> str:
    """Return a file that ``read_calls`` reads."""
    return write_rows(_call_columns(zone), map(_values, calls))


def write_deadlines(deadlines: Iterable[NewDeadline], zone: ZoneInfo) -> str:
    """Return a file that ``read_deadlines`` reads."""
    return write_rows(_deadline_columns(zone), map(_values, deadlines))


def contradicting(found: Rows[T], wrong_with: Callable[[T], Iterable[Wrong]]) -> Iterator[BadRow]:
    """Yield what is wrong with rows in themselves."""
    for line, row in zip(found.lines, found.rows, strict=True):
        for wrong in wrong_with(row):
            yield bad_row(line, wrong)


def bad_row(line: int, wrong: Wrong, name: str | None = None) -> BadRow:
    """Return what is wrong as part of a report; ``name`` is the column, where it is not the field's."""
    return BadRow(line, name or wrong.field, wrong.shown, wrong.allowed)


def _call_columns(zone: ZoneInfo) -> tuple[Column, ...]:
    return (
        column("call", csv_fields.read_name, is_required=True),
        column("customer", csv_fields.read_account, default=""),
        column("point", csv_fields.read_code, default=""),
        column("response_area", csv_fields.words(*RESPONSE_AREAS), is_required=True),
        time_column("called_at", zone, is_required=True),
        time_column("arrived_at", zone),
        time_column("restored_at", zone),
        column("severe_weather", csv_fields.read_flag, csv_fields.write_flag, default=False),
    )


def _deadline_columns(zone: ZoneInfo) -> tuple[Column, ...]:
    return (
        column("reference", csv_fields.read_name, is_required=True),
        column("promise", csv_fields.read_name, is_required=True),
        column("subject", csv_fields.read_text, default=""),
        time_column("opened_at", zone, is_required=True),
        time_column("answered_at", zone),
    )


def _call(values: "Mapping[str, object]") -> NewFaultCall:
    return msgspec.convert(values, NewFaultCall)


def _deadline(values: "Mapping[str, object]") -> NewDeadline:
    return msgspec.convert(values, NewDeadline)


def _values(entry: "DataclassInstance") -> list[object]:
    """Return the fields of an entry, which stand in the order of its columns."""
    return [getattr(entry, one.name) for one in fields(entry)]
