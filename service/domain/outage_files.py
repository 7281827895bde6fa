"""Outages and abnormal states as CSV files: what their columns mean."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final, NamedTuple, TypeVar, cast
from zoneinfo import ZoneInfo

from service.domain import csv_fields
from service.domain.csv_fields import NotAllowedError
from service.domain.csv_rows import BadRow, Column, Rows, column, read_rows, write_rows
from service.domain.register import (
    NOTICE_FIELDS,
    OUTAGE_KINDS,
    PLACE_KINDS,
    NewDeclaration,
    NoticeField,
    OutageKind,
    Place,
    PlaceKind,
    ToldCustomer,
)
from service.domain.register_checks import Wrong, wrong_with_declaration
from service.domain.register_files import bad_row, time_column

V = TypeVar("V")
_CAUSE_LENGTH: Final = 2000
# Of fields whose column has another name.
_COLUMN_OF: Final = {
    "from_at": "off_at",
    "to_at": "on_at",
    "places": "codes",
    "outage_kind": "kind",
    "important_told": "important_customers",
    "made_at": "entered_at",
}


class OutageKey(NamedTuple):
    """By what a row finds the declaration that it stands for."""

    ticket: str
    kind: str  # the kind of outage; abnormal_state; outage for one without a kind


def key_of(told: NewDeclaration) -> OutageKey:
    """Return the key of a declaration."""
    return OutageKey(told.ticket, told.outage_kind or told.kind)


def read_outages(text: str, zone: ZoneInfo) -> Rows[NewDeclaration]:
    """Return the declarations of a file; times without offset are on the clocks of ``zone``."""
    raw = read_rows(text, _columns(zone), dict)
    found: Rows[NewDeclaration] = Rows(bad_rows=raw.bad_rows)
    first: dict[OutageKey, int] = {}
    for line, values in zip(raw.lines, raw.rows, strict=True):
        wrong = _uneven(values)
        if not wrong:
            told = _declaration(values)
            earlier = first.setdefault(key_of(told), line)
            wrong = wrong_with_declaration(told) + _repeated(told, line, earlier)
            found.rows.append(told)
            found.lines.append(line)
        found.bad_rows += (outage_bad_row(line, one) for one in wrong)
    return found


def write_outages(declarations: Iterable[NewDeclaration], zone: ZoneInfo) -> str:
    """Return a file that ``read_outages`` reads."""
    return write_rows(_columns(zone), map(_values, declarations))


def outage_bad_row(line: int, wrong: Wrong) -> BadRow:
    """Return what is wrong with a row as part of a report."""
    return bad_row(line, wrong, _COLUMN_OF.get(wrong.field))


def _columns(zone: ZoneInfo) -> tuple[Column, ...]:
    kinds = csv_fields.words(*OUTAGE_KINDS, "abnormal_state", "outage")
    return (
        column("ticket", csv_fields.read_name, is_required=True),
        column("kind", kinds, is_required=True),
        column("cause", _read_cause, default=""),
        _list_column("place", csv_fields.words(*PLACE_KINDS), is_required=True),
        _list_column("codes", csv_fields.read_code, is_required=True),
        time_column("window_from", zone),
        time_column("window_to", zone),
        time_column("notice_at", zone),
        _list_column("notice_fields", csv_fields.words(*NOTICE_FIELDS)),
        _list_column("important_customers", csv_fields.read_name),
        _list_column(
            "important_told_at",
            csv_fields.exact_instants(zone),
            partial(csv_fields.write_exact_instant, zone=zone),
        ),
        time_column("off_at", zone),
        time_column("on_at", zone),
        time_column("cancelled_at", zone),
        column("author", csv_fields.read_name, is_required=True),
        column("approver", csv_fields.read_name, is_required=True),
        time_column("entered_at", zone),
    )


def _list_column(
    name: str,
    read: Callable[[str], V],
    write: Callable[[V], str] = str,
    *,
    is_required: bool = False,
) -> Column:
    """Return a column of values with ; between them, in their order."""

    def read_all(text: str) -> tuple[V, ...]:
        return tuple(read(part.strip()) for part in text.split(";"))

    def write_all(values: Sequence[V]) -> str:
        return ";".join(map(write, values))

    return Column(
        name=name,
        read=read_all,
        write=cast("Callable[[object], str]", write_all),
        default=(),
        is_required=is_required,
    )


def _declaration(values: Mapping[str, object]) -> NewDeclaration:
    kind = cast("str", values["kind"])
    places, codes = _texts(values, "place"), _texts(values, "codes")
    customers = _texts(values, "important_customers")
    told_at = cast("Sequence[datetime]", values["important_told_at"])
    return NewDeclaration(
        kind="abnormal_state" if kind == "abnormal_state" else "outage",
        outage_kind=cast("OutageKind", kind) if kind in OUTAGE_KINDS else None,
        places=tuple(
            Place(cast("PlaceKind", place), code)
            for place, code in zip(_spread(places, len(codes)), codes, strict=True)
        ),
        ticket=cast("str", values["ticket"]),
        author=cast("str", values["author"]),
        approver=cast("str", values["approver"]),
        cause=cast("str", values["cause"]),
        from_at=_time(values, "off_at"),
        to_at=_time(values, "on_at"),
        window_from=_time(values, "window_from"),
        window_to=_time(values, "window_to"),
        notice_at=_time(values, "notice_at"),
        notice_fields=cast("Sequence[NoticeField]", values["notice_fields"]),
        important_told=tuple(
            ToldCustomer(*one)
            for one in zip(customers, _spread(told_at, len(customers)), strict=True)
        ),
        cancelled_at=_time(values, "cancelled_at"),
        made_at=_time(values, "entered_at"),
    )


def _values(told: NewDeclaration) -> list[object]:
    places = sorted(set(told.places))
    customers = sorted(told.important_told)
    return [
        told.ticket,
        key_of(told).kind,
        told.cause or None,
        _folded([one.place for one in places]),
        [one.code for one in places],
        told.window_from,
        told.window_to,
        told.notice_at,
        [one for one in NOTICE_FIELDS if one in told.notice_fields],
        [one.customer for one in customers],
        _folded([one.told_at for one in customers]),
        told.from_at,
        told.to_at,
        told.cancelled_at,
        told.author,
        told.approver,
        told.made_at,
    ]


def _uneven(values: Mapping[str, object]) -> list[Wrong]:
    """Return the lists of a row that do not belong together."""
    wrong = []
    places, codes = _texts(values, "place"), _texts(values, "codes")
    if len(places) not in (1, len(codes)):
        wrong.append(
            Wrong("place", ";".join(places), f"one for all, or one for each of {len(codes)} codes")
        )
    elif len(set(zip(_spread(places, len(codes)), codes, strict=True))) < len(codes):
        wrong.append(Wrong("codes", ";".join(codes), "each once"))
    customers = _texts(values, "important_customers")
    n_told = len(cast("Sequence[datetime]", values["important_told_at"]))
    if n_told not in (min(1, len(customers)), len(customers)):
        allowed = f"one time for all, or one for each of {len(customers)} customers"
        wrong.append(Wrong("important_told_at", f"{n_told} times", allowed))
    return wrong


def _repeated(told: NewDeclaration, line: int, earlier: int) -> list[Wrong]:
    if line == earlier:
        return []
    allowed = (
        f"once for each kind; line {earlier} is the {key_of(told).kind} of this ticket already"
    )
    return [Wrong("ticket", told.ticket, allowed)]


def _spread(values: Sequence[V], n_values: int) -> Sequence[V]:
    """Return one for each, where one stands for all."""
    return values if len(values) == n_values else list(values) * n_values


def _folded(values: list[V]) -> list[V]:
    """Return one where it stands for all."""
    return values[:1] if len(set(values)) == 1 else values


def _read_cause(text: str) -> str:
    if len(text) > _CAUSE_LENGTH or "\0" in text:
        raise NotAllowedError(f"up to {_CAUSE_LENGTH} characters")
    return text


def _texts(values: Mapping[str, object], name: str) -> Sequence[str]:
    return cast("Sequence[str]", values[name])


def _time(values: Mapping[str, object], name: str) -> datetime | None:
    return cast("datetime | None", values[name])
