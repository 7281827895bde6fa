"""A file of interruption records as outages; whatever contradicts itself is said, with its line."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from service.domain.csv_fields import (
    NotAllowedError,
    read_codes,
    read_flag,
    read_name,
    read_whole,
)
from service.domain.csv_rows import BadRow, Column, Rows
from service.domain.instants import at_us
from service.domain.reliability.causes import LEAF_OF, Cause
from service.domain.reliability.outages import Outage
from service.errors import ScoreInputError
from service.offline.instants import instants
from service.offline.record_files import decimals, read_records, refuse_bad

_CUSTOMERS_MAX = 10**10
_REPLACED = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True, slots=True, kw_only=True)
class InterruptionFile:
    """The outages of a file, and what was left aside."""

    outages: list[Outage]
    ignored: tuple[str, ...]  # columns


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    """A row, as it stands there."""

    start: int
    end: int | None
    customers: int | None
    customer_ids: tuple[str, ...] | None
    kva: Decimal | None
    cause: Cause
    momentary: bool | None
    event_id: str
    served_share: Decimal | None


def read_interruptions(path: Path, zone: ZoneInfo, n_customers: int) -> InterruptionFile:
    """Return the outages of a file.

    Args:
        path: A CSV file, plain or gzip.
        zone: Of times without offset.
        n_customers: How many customers there are: no record may name more.

    Raises:
        ScoreInputError: The file cannot be read, or a row of it is wrong: every field that is wrong
        is named with line, column, value and what is allowed.
    """
    rows, ignored = read_records(path, _columns(zone), _record)
    outages = [
        outage
        for record, line in zip(rows.rows, rows.lines, strict=True)
        if (outage := _outage(record, line, n_customers, rows)) is not None
    ]
    refuse_bad(path, rows)
    _check_customers(path, outages, n_customers)
    return InterruptionFile(outages=outages, ignored=tuple(ignored))


def _columns(zone: ZoneInfo) -> list[Column]:
    read_instant = instants(zone)
    kva = decimals(Decimal(0), "kVA, 0 or more; or nothing")
    customers = read_whole(1, _CUSTOMERS_MAX)
    return [
        Column(name="start", read=read_instant, write=str, is_required=True),
        Column(name="end", read=read_instant, write=str),
        Column(name="customers", read=customers, write=str),
        Column(name="customer_ids", read=_ids, write=str),
        Column(name="kva", read=kva, write=str),
        Column(name="cause", read=_cause, write=str, default="unknown"),
        Column(name="momentary", read=read_flag, write=str),
        Column(name="event_id", read=read_name, write=str, default=""),
        Column(name="served_share", read=_served_share, write=str),
    ]


def _record(values: Mapping[str, object]) -> _Record:
    return msgspec.convert(dict(values), _Record)


def _outage(record: _Record, line: int, n_customers: int, rows: Rows[_Record]) -> Outage | None:
    """Return the outage of a record; None if its fields do not go together, which is noted."""
    ids = record.customer_ids
    n_users = record.customers or (None if ids is None else len(ids))
    if fault := _fault(record, n_users, n_customers):
        column, value, allowed = fault
        rows.bad_rows.append(BadRow(line, column, value, allowed))
        return None
    served = Fraction(record.served_share or 0)
    return Outage(
        start=record.start,
        end=record.end,
        n_users=n_users or 0,
        users=ids,
        kva=None if record.kva is None else Fraction(record.kva),
        cause=record.cause,
        event=record.event_id,
        is_momentary=record.momentary,
        unserved=1 - served,
    )


def _fault(record: _Record, n_users: int | None, n_customers: int) -> tuple[str, str, str] | None:
    """Return column, value and what is allowed, of the first thing that contradicts another one."""
    ids = record.customer_ids
    if n_users is None:
        return "customers", "", "a whole number from 1 on; or name the customers in customer_ids"
    if ids is not None and len(ids) != n_users:
        return "customers", str(n_users), f"{len(ids)}, as many as customer_ids names; or nothing"
    if n_users > n_customers:
        return "customers", str(n_users), f"up to {n_customers}, the --customers there are"
    if record.end is not None and record.end < record.start:
        return "end", str(at_us(record.end)), "a time that is not before start, or nothing"
    if record.end is None and record.momentary:
        return "momentary", "yes", "no, or nothing: the record has no end, so it still goes on"
    return None


def _ids(text: str) -> tuple[str, ...]:
    if _REPLACED in text:
        raise NotAllowedError("identifiers in UTF-8 with ; between them")
    return read_codes(text)


def _cause(text: str) -> Cause:
    try:
        return LEAF_OF[text.lower()]
    except KeyError:
        raise NotAllowedError(f"{', '.join(LEAF_OF)}; or nothing, if it is not known") from None


def _served_share(text: str) -> Decimal:
    allowed = "0 or more, below 1; or nothing"
    share = decimals(Decimal(0), allowed)(text)
    if share >= 1:
        raise NotAllowedError(allowed)
    return share


def _check_customers(path: Path, outages: Iterable[Outage], n_customers: int) -> None:
    """Refuse a file that names more customers than there are."""
    named = {user for outage in outages for user in outage.users or ()}
    if len(named) > n_customers:
        raise ScoreInputError(
            f"{path} names {len(named)} different customers in customer_ids, --customers is "
            f"{n_customers}; give the number of all customers who are supplied"
        )
