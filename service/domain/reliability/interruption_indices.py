"""The indices of IEEE 1366: how often, and for how long, customers are without supply."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from service.domain.reliability.causes import CauseNode
from service.domain.reliability.momentary_events import n_momentary_events
from service.domain.reliability.outages import HOUR_US, Definition, Service, Span, quotient
from service.domain.reliability.user_interruptions import (
    UserInterruption,
    by_known_user,
    parts_of,
)

_MINUTE_US = HOUR_US // 60
N = TypeVar("N", int, Fraction)
Customers = Mapping[str, Sequence[UserInterruption]] | None  # None: not known who they are


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """For which numbers the indices of customers with many, or long, interruptions are wanted."""

    many: tuple[int, ...] = ()  # n of CEMI_n and CEMSMI_n
    single_hours: tuple[Fraction, ...] = ()  # s of CELID_s
    total_hours: tuple[Fraction, ...] = ()  # t of CELID_t


@dataclass(frozen=True, slots=True, kw_only=True)
class Many:
    """Numbers of customers with many, or long, interruptions; None: they are not told apart."""

    cemi: dict[int, int | None]
    cemsmi: dict[int, int | None]
    celid_s: dict[Fraction, int | None]
    celid_t: dict[Fraction, int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class InterruptionIndices:
    """Indices of a period; None where there is no denominator, or customers are not told apart."""

    saidi_minutes: Fraction | None  # minutes without supply a customer, sustained
    saifi: Fraction | None  # sustained interruptions a customer
    caidi_minutes: Fraction | None  # minutes an interruption
    ctaidi_minutes: Fraction | None  # minutes a customer without supply in the period
    caifi: Fraction | None  # interruptions a customer interrupted, at least 1
    asai: Fraction | None  # share of customer time with supply, 0..1
    maifi: Fraction | None  # momentary interruptions a customer
    maifi_e: Fraction | None  # momentary events a customer
    asifi: Fraction | None  # sustained interruptions, weighted by capacity
    asidi_minutes: Fraction | None  # minutes without supply, weighted by capacity
    cemi: dict[int, Fraction | None]  # share with n or more sustained interruptions
    cemsmi: dict[int, Fraction | None]  # share with n or more, momentary ones included
    celid_s: dict[Fraction, Fraction | None]  # share with one of so many hours, to its end
    celid_t: dict[Fraction, Fraction | None]  # share with so many hours together, in the period
    many: Many  # how many customers these shares stand for
    n_customer_interruptions: int  # sustained
    customer_us: int  # time of sustained interruptions, summed over customers
    n_distinct: int | None  # customers with a sustained one that starts in it; None: not known


def interruption_indices(
    interruptions: Iterable[UserInterruption],
    service: Service,
    definition: Definition,
    asked: Asked,
    node: CauseNode = "all",
) -> InterruptionIndices:
    """Return the indices of the period of ``service``, as if the outages of a node were all there are.

    Time counts in every period that it touches, an interruption, with its whole length where that is
    asked for (CELID_s), in the one in which it starts.
    "n or more" is "more than n" where the definition says so.

    Source: IEEE 1366-2012, clause 3; ASAI by the real length of the period.
    """
    period = service.span
    known = list(interruptions)
    parts = parts_of(known, node)
    every = [one for one in parts if one.starts_in(period) or one.time_in(period) > 0]
    sustained = [one for one in every if one.is_sustained]
    n_interruptions = sum(one.n_users * one.starts_in(period) for one in sustained)
    customer_us = sum(one.n_users * one.time_in(period) for one in sustained)
    n_momentary = sum(one.n_users * one.starts_in(period) for one in every if not one.is_sustained)
    customers = by_known_user(sustained)
    counts, all_counts = _counts(customers, period), _counts(by_known_user(every), period)
    n_distinct = None if counts is None else sum(count > 0 for count in counts)
    dark_us = _dark_us(customers, period)
    n_dark = None if dark_us is None else sum(us > 0 for us in dark_us)
    minutes = Fraction(customer_us, _MINUTE_US)
    n_users = service.n_users
    asai = quotient(customer_us, service.user_us)
    asifi, asidi_minutes = _by_capacity(sustained, service)
    longest_us = _longest_us(customers, period)

    def n_many(found: Sequence[int] | None, asked_for: int | Fraction) -> int | None:
        return None if found is None else sum(definition.is_many(one, asked_for) for one in found)

    many = Many(
        cemi={n: n_many(counts, n) for n in asked.many},
        cemsmi={n: n_many(all_counts, n) for n in asked.many},
        celid_s={hours: n_many(longest_us, hours * HOUR_US) for hours in asked.single_hours},
        celid_t={hours: n_many(dark_us, hours * HOUR_US) for hours in asked.total_hours},
    )

    return InterruptionIndices(
        saidi_minutes=quotient(minutes, n_users),
        saifi=quotient(n_interruptions, n_users),
        caidi_minutes=quotient(minutes, n_interruptions),
        ctaidi_minutes=quotient(minutes, n_dark),
        caifi=quotient(n_interruptions, n_distinct),
        asai=None if asai is None else 1 - asai,
        maifi=quotient(n_momentary, n_users),
        maifi_e=quotient(n_momentary_events(known, definition, period, node), n_users),
        asifi=asifi,
        asidi_minutes=asidi_minutes,
        cemi=_shares(many.cemi, n_users),
        cemsmi=_shares(many.cemsmi, n_users),
        celid_s=_shares(many.celid_s, n_users),
        celid_t=_shares(many.celid_t, n_users),
        many=many,
        n_customer_interruptions=n_interruptions,
        customer_us=customer_us,
        n_distinct=n_distinct,
    )


def _shares(counts: Mapping[N, int | None], n_users: Fraction | None) -> dict[N, Fraction | None]:
    return {n: None if count is None else quotient(count, n_users) for n, count in counts.items()}


def _by_capacity(
    sustained: Sequence[UserInterruption], service: Service
) -> tuple[Fraction | None, Fraction | None]:
    """Return ASIFI and ASIDI, minutes; None if the capacity of an interruption is not known."""
    capacities = [one.kva for one in sustained if one.kva is not None]
    if len(capacities) < len(sustained):
        return None, None
    pairs = list(zip(sustained, capacities, strict=True))
    interrupted = sum((kva for one, kva in pairs if one.starts_in(service.span)), Fraction(0))
    kva_us = sum((kva * one.time_in(service.span) for one, kva in pairs), Fraction(0))
    return quotient(interrupted, service.kva), quotient(kva_us / _MINUTE_US, service.kva)


def _counts(customers: Customers, period: Span) -> list[int] | None:
    """Return how many interruptions of each customer start in the period."""
    if customers is None:
        return None
    return [sum(one.starts_in(period) for one in own) for own in customers.values()]


def _longest_us(customers: Customers, period: Span) -> list[int] | None:
    """Return the longest interruption of each customer that starts in the period, to its end; 0 without one."""
    if customers is None:
        return None
    return [
        max((one.length_us for one in own if one.starts_in(period)), default=0)
        for own in customers.values()
    ]


def _dark_us(customers: Customers, period: Span) -> list[int] | None:
    """Return each customer's time without supply in the period."""
    if customers is None:
        return None
    return [sum(one.time_in(period) for one in own) for own in customers.values()]
