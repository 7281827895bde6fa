"""How often a customer was without supply for planned maintenance: State Grid norm, art. 9(2)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from service.domain.promise_rows import PlannedCountRow
from service.domain.promises.cases import Breach, Case
from service.domain.promises.notice import AnnouncedOutage


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchedCustomer:
    """A customer in the scope of outages that took place."""

    customer_id: int
    customer: str  # account number
    region: str
    level_kv: Decimal
    declaration_ids: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedAhead:
    """Planned outages that are announced for a calendar year, what came in it so far, and whom they touch."""

    year_from: int  # microseconds since the Unix epoch
    came: Mapping[int, AnnouncedOutage]  # by number
    to_come: Mapping[int, AnnouncedOutage]  # by number; announced with a window
    touched: Sequence[TouchedCustomer]  # by either


@dataclass(frozen=True, slots=True, kw_only=True)
class Works:
    """When works of a year began: customers that were in the same outages had the same ones."""

    counted: tuple[int, ...]  # planned maintenance, as the row has it
    everything: tuple[int, ...]  # also what the customer asked for, construction, temporary ones


def works_of(row: PlannedCountRow, outages: Sequence[AnnouncedOutage], year_from: int) -> Works:
    """Return the works in the year from ``year_from`` on.

    Args:
        row: Which says what counts.
        outages: Those that somebody is in the scope of, from some time before the year on; none
            after the time that is asked about.
        year_from: When the year begins.
    """
    counted = starts_of_works([one for one in outages if is_maintenance(row, one)], year_from)
    return Works(counted=tuple(counted), everything=tuple(starts_of_works(outages, year_from)))


def count_case(
    row: PlannedCountRow, customer: TouchedCustomer, works: Works, year_from: int
) -> Case:
    """Return whether a customer was spared in a year.

    Only planned maintenance that took place counts. As if no exemption were claimed, what the
    customer asked for, construction and temporary maintenance count, too. While the year goes on
    the promise is kept as long as it is not broken.
    """
    n_excess = len(works.counted) - row.at_most
    is_kept = n_excess <= 0
    latest = max([year_from, *works.everything])
    return Case(
        subject=customer.customer,
        record_id=customer.customer_id,
        regions=(customer.region,),
        at=latest if is_kept else works.counted[row.at_most],
        is_kept=is_kept,
        would_be_kept=len(works.everything) <= row.at_most,
        breaches=() if is_kept else (Breach("planned_too_often", Fraction(n_excess), "outages"),),
    )


def would_be_too_often(
    row: PlannedCountRow,
    came: Sequence[AnnouncedOutage],
    to_come: Iterable[AnnouncedOutage],
    year_from: int,
) -> bool:
    """Return whether works to come, as announced, are more than a year allows, or more than it had beyond that.

    Args:
        row: Which says what counts, and how often.
        came: Outages that somebody was in the scope of, as ``works_of`` takes them.
        to_come: Announced with a window, in that year.
        year_from: When the year begins.
    """
    expected = [replace(one, from_at=one.window_from, to_at=one.window_to) for one in to_come]
    n_came = len(works_of(row, came, year_from).counted)
    n_works = len(works_of(row, [*came, *expected], year_from).counted)
    return n_works > max(n_came, row.at_most)


def is_maintenance(row: PlannedCountRow, outage: AnnouncedOutage) -> bool:
    """Return whether an outage is planned maintenance, by the row's word."""
    return outage.outage_kind == "planned" and outage.cause not in row.leaves_out_causes


def starts_of_works(outages: Iterable[AnnouncedOutage], year_from: int) -> list[int]:
    """Return when each work began, in order; those that began before ``year_from`` are left out.

    Outages of one ticket are one work, restored in steps, and so are outages that touch or overlap.
    A work belongs to the year in which the first of them began.
    """
    came = sorted(
        (one.from_at, one.ticket, _end(one, one.from_at))
        for one in outages
        if one.from_at is not None
    )
    first_of_ticket: dict[str, int] = {}
    root = list(range(len(came)))  # each points to an earlier one of its work, or to itself
    last, reach = 0, -1
    for nth, (start, ticket, end) in enumerate(came):
        _join(root, first_of_ticket.setdefault(ticket, nth), nth)
        if nth and start <= reach:
            _join(root, last, nth)
        last, reach = nth, max(reach, end)
    starts = [came[nth][0] for nth in range(len(came)) if root[nth] == nth]
    return [start for start in starts if start >= year_from]


def _end(outage: AnnouncedOutage, start: int) -> int:
    """Return up to when others are of the same work; nobody said the end: the announced one, else the start.

    An end that was forgotten would else make one work of all that come later.
    """
    if outage.to_at is not None:
        return outage.to_at
    return start if outage.window_to is None else max(start, outage.window_to)


def _join(root: list[int], one: int, other: int) -> None:
    """Let two outages be of one work: the earlier of their firsts is the first of both."""
    first, second = sorted((_first(root, one), _first(root, other)))
    root[second] = first


def _first(root: list[int], nth: int) -> int:
    while root[nth] != nth:
        nth = root[nth]
    return nth
