"""Users of supply in the sense of DL/T 836, and what the points of the network say of each.

A low- or high-voltage user is a customer. A medium-voltage user is a customer, or a public
transformer: one that supplies low-voltage points and belongs to no customer of a higher level.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from service.domain.registry import TargetArea, UserClass
from service.domain.reliability.agreement import Witness, agreed
from service.domain.reliability.causes import CAUSES, Cause
from service.domain.reliability.outages import Outage, Span, best_grade
from service.domain.reliability.spells import time_within, united, without
from service.domain.reliability.worst import worst_of_all, worst_of_share
from service.domain.supply.pieces import Grade

Area = TargetArea | None  # None: nobody says
_STRICTEST: Final[tuple[TargetArea, ...]] = ("urban", "rural", "special_remote")
_LOW_VOLTAGE_MV: Final = 1_000_000  # nominal below this is low voltage
_ALL: Final = Fraction(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PointOutage:
    """An interruption of one point."""

    earliest: int  # supply went in earliest .. start
    start: int
    end: int  # and came back in end .. latest; of an open one both are as far as is known
    latest: int
    cause: Cause
    evidence: Grade = "measured"  # the best that it rests on
    is_open: bool = False  # no end is known: supply may have come back any time after ``start``


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkPoint:
    """A point of the registry, and what is known of its supply."""

    point_id: int
    nominal_mv: int
    region: str
    feeder: str
    transformer: str
    is_terminal: bool
    service: Span
    outages: tuple[PointOutage, ...] = ()  # in order and disjoint
    inferred: tuple[
        PointOutage, ...
    ] = ()  # of which only the silence of others tells: no figure counts them
    unobserved_us: int = 0  # in the period, at most so long nobody saw whether there was supply

    @property
    def is_low_voltage(self) -> bool:
        """Whether it measures low voltage, between phases or to neutral."""
        return self.nominal_mv < _LOW_VOLTAGE_MV

    def seen(self) -> Witness:
        """Return when it is without supply on evidence."""
        return Witness(self.service, [Span(one.start, one.end) for one in self.outages])

    def certain(self) -> Witness:
        """Return when it is without supply, however early an open outage may have ended unseen."""
        ended = [Span(one.start, one.end) for one in self.outages if not one.is_open]
        return Witness(self.service, ended)

    def possible(self) -> Witness:
        """Return when it is without supply if every edge lies as badly as it may."""
        return Witness(self.service, united(Span(one.earliest, one.latest) for one in self.outages))


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkCustomer:
    """A customer of the registry."""

    customer: str
    user_class: UserClass
    area: TargetArea
    level_mv: int  # of its supply, between phases
    kva: Fraction | None
    point_ids: tuple[int, ...]
    service: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Who is counted: a customer or a public transformer."""

    user: str  # unique among all users
    region: str
    feeder: str
    area: Area  # of a transformer the strictest of its customers'
    level_mv: int | None  # of a customer's supply; None of a transformer: the registry does not say
    kva: Fraction | None
    service: tuple[Span, ...]  # disjoint; not cut to the period
    outages: tuple[Outage, ...] = field(default=())
    least_us: int  # in the period it was at least so long without supply
    worst_us: int = 0  # in the period it was at most so long without supply


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Everything in service in a period."""

    points: Mapping[int, NetworkPoint]
    customers: Sequence[NetworkCustomer]
    period: Span
    share_min: Fraction  # of its meters that say so: a transformer without a terminal is out


_WitnessOf = Callable[[NetworkPoint], Witness]


def users_of(network: Network, user_class: UserClass) -> list[User]:
    """Return the users of one class that are in service in the period.

    A customer is out while all of its points in service are. A transformer is out when its terminal
    is; while it has none, when at least ``share_min`` of its other low-voltage points are.

    Source: DL/T 836-2012, units of count: each customer; each public transformer as one
    medium-voltage user.
    """
    found = [_customer(one, network) for one in network.customers if one.user_class == user_class]
    if user_class == "MV":
        found += _transformers(network)
    return [
        user for user in found if any(span.cut(network.period).length_us for span in user.service)
    ]


def _customer(customer: NetworkCustomer, network: Network) -> User:
    points = [network.points[i] for i in customer.point_ids if i in network.points]

    def dark(witness_of: _WitnessOf) -> list[Span]:
        together = agreed((witness_of(point) for point in points), _ALL)
        return [cut for spell in together if (cut := spell.cut(customer.service)).length_us]

    spells = dark(NetworkPoint.seen)
    name = f"customer:{customer.customer}"
    place = min(points, key=lambda point: point.point_id, default=None)
    return User(
        user=name,
        region=place.region if place else "",
        feeder=place.feeder if place else "",
        area=customer.area,
        level_mv=customer.level_mv,
        kva=customer.kva,
        service=(customer.service,),
        outages=_outages(name, customer.kva, spells, points),
        least_us=_least_us(spells, dark, points, network.period),
        worst_us=worst_of_all(
            customer.service.cut(network.period),
            [(point.possible(), point.unobserved_us) for point in points],
        ),
    )


def _transformers(network: Network) -> Iterator[User]:
    """Yield the public transformers."""
    points_of: dict[str, list[NetworkPoint]] = defaultdict(list)
    for point in network.points.values():
        if point.transformer and (point.is_low_voltage or point.is_terminal):
            points_of[point.transformer].append(point)
    areas = _areas(network)
    for own in _dedicated(network):
        points_of.pop(own, None)
    for code, points in sorted(points_of.items()):
        if any(point.is_low_voltage for point in points):
            yield _transformer(code, sorted(points, key=lambda each: each.point_id), areas, network)


def _transformer(
    code: str, points: Sequence[NetworkPoint], areas: Mapping[int, Area], network: Network
) -> User:
    terminals = [point for point in points if point.is_terminal]
    meters = [point for point in points if not point.is_terminal]

    def dark(witness_of: _WitnessOf) -> list[Span]:
        by_terminal = agreed((witness_of(point) for point in terminals), _ALL)
        by_meters = agreed((witness_of(point) for point in meters), network.share_min)
        return united(by_terminal + without(by_meters, [point.service for point in terminals]))

    spells = dark(NetworkPoint.seen)
    service = united(point.service for point in points)
    found = {areas.get(point.point_id) for point in points}
    name = f"transformer:{code}"
    return User(
        user=name,
        region=points[0].region,
        feeder=points[0].feeder,
        area=next((area for area in _STRICTEST if area in found), None),
        level_mv=None,
        kva=None,  # the registry does not know what a transformer is built for
        service=tuple(service),
        outages=_outages(name, None, spells, points),
        least_us=_least_us(spells, dark, points, network.period),
        worst_us=worst_of_share(
            [cut for span in service if (cut := span.cut(network.period)).length_us],
            [(point.possible(), point.unobserved_us) for point in terminals],
            [(point.possible(), point.unobserved_us) for point in meters],
            network.share_min,
        ),
    )


def _least_us(
    spells: Sequence[Span],
    dark: Callable[[_WitnessOf], list[Span]],
    points: Sequence[NetworkPoint],
    period: Span,
) -> int:
    """Return how long in the period a user was dark at least: its spells, of open outages nothing after their start."""
    if any(one.is_open for point in points for one in point.outages):
        return time_within(dark(NetworkPoint.certain), period)
    return time_within(spells, period)


def _dedicated(network: Network) -> set[str]:
    """Return the transformers that belong to a customer of medium or high voltage."""
    return {
        network.points[i].transformer
        for customer in network.customers
        if customer.user_class != "LV"
        for i in customer.point_ids
        if i in network.points
    }


def _areas(network: Network) -> dict[int, Area]:
    """Return the area of each point that supplies a customer, the strictest where they differ."""
    found: dict[int, Area] = {}
    for area in reversed(_STRICTEST):
        for customer in network.customers:
            if customer.area == area:
                found |= dict.fromkeys(customer.point_ids, area)
    return found


def _outages(
    user: str, kva: Fraction | None, spells: Iterable[Span], points: Sequence[NetworkPoint]
) -> tuple[Outage, ...]:
    """Return the outages of a user; without end if one of its points' goes on as long as the spell."""
    open_to = {one.end for point in points for one in point.outages if one.is_open}
    found: list[Outage] = []
    for spell in spells:
        cause, evidence = _account(spell, points)
        found.append(
            Outage(
                start=spell.start,
                end=None if spell.end in open_to else spell.end,
                users=(user,),
                kva=kva,
                cause=cause,
                evidence=evidence,
            )
        )
    return tuple(found)


def _account(spell: Span, points: Sequence[NetworkPoint]) -> tuple[Cause, Grade | None]:
    """Return the known cause that most of the dark time of the points has, and their best evidence."""
    time_by: Counter[Cause] = Counter()
    grades: set[Grade] = set()
    for point in points:
        for one in point.outages:
            if one.start >= spell.end or one.end <= spell.start:
                continue
            grades.add(one.evidence)
            if one.cause != "unknown":
                time_by[one.cause] += Span(one.start, one.end).cut(spell).length_us
    if len(time_by) == 1:  # nearly always, and quick
        return next(iter(time_by)), best_grade(grades)
    known = [cause for cause in CAUSES if cause in time_by]
    most: Cause = max(known, key=lambda cause: time_by[cause], default="unknown")
    return most, best_grade(grades)
