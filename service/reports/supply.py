"""The figures of 供电可靠性月报: by DL/T 836 and IEEE 1366, by area, cause, region and feeder, with the outages."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Final

from service.domain.periods import day_start
from service.domain.reliability.causes import way_up
from service.domain.reliability.figures import CountedUsers, counted_users
from service.domain.reliability.grades import Declarations
from service.domain.reliability.interruption_indices import Asked
from service.domain.reliability.outages import HOUR_US, definition_of
from service.domain.reliability.users import User
from service.domain.rules import RuleSet
from service.reports.figures import Row, Tables, Value
from service.reports.major_events import major_event_tables
from service.reports.sources import source_rows
from service.reports.targets import target_rows
from service.store.deployment_reads import Snapshot
from service.store.interruption_reads import PlaceFilter
from service.store.outage_reads import OutageFilter, StoredOutage, list_outages
from service.store.reliability_reads import KnownNetwork, known_network
from service.store.report_reads import place_names

WORST: Final = 50
LISTED_MAX: Final = 5000  # outages that the list has, at most: the newest
_ALL: Final = "all"
_AREAS: Final = ("urban", "rural", "special_remote", "none")
_NOTHING_MORE: Final = Asked()
_DECLARATIONS: Final[tuple[Declarations, ...]] = ("with", "without")


async def supply_tables(snapshot: Snapshot, days: tuple[date, date], rule_set: RuleSet) -> Tables:
    """Return the tables of the report over half-open days; the figures are those that the API answers with."""
    first, last = (day_start(day, snapshot.zone) for day in days)
    known = await known_network(snapshot, (first, last), rule_set)
    names = await place_names(snapshot.connection)
    counted: dict[str, Sequence[Row]] = {}
    if known is not None:
        counted = await asyncio.to_thread(_counted_tables, known, names, rule_set)
    days_of_events, events = await major_event_tables(snapshot, days, rule_set)
    outages = await _outages(snapshot, (first, last))
    return {
        "summary": counted.get("summary", []),
        "targets": await target_rows(snapshot, days, rule_set, ("supply_reliability",)),
        "ieee": counted.get("ieee", []),
        "causes": counted.get("causes", []),
        "natures": counted.get("natures", []),
        "regions": counted.get("regions", []),
        "worst_feeders": counted.get("worst_feeders", []),
        "major_events": events,
        "major_event_days": days_of_events,
        "outages": [_outage(one, names) for one in outages],
        "sources": source_rows("supply", rule_set),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counting:
    """Counts groups of users of one network in one way."""

    known: KnownNetwork
    rule_set: RuleSet

    def users(self, declarations: Declarations) -> list[User]:
        return self.known.users(self.rule_set.reliability.users, declarations)

    def count(self, users: Sequence[User]) -> CountedUsers:
        definition = definition_of(self.rule_set.reliability)
        return counted_users(users, self.known.network.period, definition, self.known.through)


def _counted_tables(
    known: KnownNetwork, names: Mapping[tuple[str, str], str], rule_set: RuleSet
) -> dict[str, Sequence[Row]]:
    counting = _Counting(known=known, rule_set=rule_set)
    summary: list[Row] = []
    ieee: list[Row] = []
    natures: list[Row] = []
    causes: list[Row] = []
    for declarations in _DECLARATIONS:
        users = counting.users(declarations)
        for area, members in _by_area(users).items():
            counted = counting.count(members)
            key: Row = {"area": area, "declarations": declarations}
            summary.append({**key, **_reliability(counted)})
            ieee.append({**key, **_indices(counted)})
            if declarations == "with":
                natures += [{"area": area, **row} for row in _natures(counted)]
                causes += _causes(counted) if area == _ALL else []
    told = counting.users("with")
    regions = _placed(counting, told, lambda user: (user.region, user.area or "none"))
    feeders = _placed(counting, told, lambda user: (user.region, user.feeder))
    return {
        "summary": summary,
        "ieee": ieee,
        "natures": natures,
        "causes": causes,
        "regions": [
            {
                "region": region,
                "region_name": names.get(("region", region), ""),
                "area": area,
                **row,
            }
            for (region, area), row in sorted(regions.items())
        ],
        "worst_feeders": _worst(feeders, names),
    }


def _by_area(users: Sequence[User]) -> dict[str, list[User]]:
    """Return the users of each area, all of them first; urban and rural also where there are none."""
    found: dict[str, list[User]] = {_ALL: list(users), "urban": [], "rural": []}
    for area in _AREAS:
        if own := [user for user in users if (user.area or "none") == area]:
            found[area] = own
    return found


def _reliability(counted: CountedUsers) -> dict[str, Value]:
    figures = counted.figures(_NOTHING_MORE)
    row: dict[str, Value] = {
        "users": figures.bounds.n_users,
        "lower": figures.bounds.lower,
        "upper": figures.bounds.upper,
    }
    for number, one in enumerate(figures.four.in_order(), 1):
        row |= {
            f"rs_{number}": one.rs,
            f"aihc_{number}": one.aihc_hours,
            f"aitc_{number}": one.aitc,
        }
    return row


def _indices(counted: CountedUsers) -> dict[str, Value]:
    indices = counted.figures(_NOTHING_MORE).indices
    return {
        "users": counted.service.n_users,
        "saidi": indices.saidi_minutes,
        "saifi": indices.saifi,
        "caidi": indices.caidi_minutes,
        "asai": indices.asai,
        "ctaidi": indices.ctaidi_minutes,
        "caifi": indices.caifi,
        "maifi": indices.maifi,
        "interruptions": indices.n_customer_interruptions,
        "interrupted_users": indices.n_distinct,
    }


def _natures(counted: CountedUsers) -> list[Row]:
    return [
        {
            "nature": one.nature,
            "aihc_1": one.saidi_hours,
            "aitc_1": one.saifi,
            "maifi": one.maifi,
        }
        for one in counted.by_nature()
    ]


def _causes(counted: CountedUsers) -> list[Row]:
    """Return a row for each node of the tree under which there is an outage, each before what hangs under it."""
    rows: list[Row] = []
    whole_us = counted.figures(_NOTHING_MORE).four.all.outage_us
    for node in counted.nodes():
        figures = counted.figures(_NOTHING_MORE, node)
        first = figures.four.all
        rows.append(
            {
                "cause": node,
                "depth": len(way_up(node)) - 1,
                "user_hours": first.outage_us / HOUR_US,
                "share": first.outage_us / whole_us if whole_us else None,
                "aihc_1": first.aihc_hours,
                "aitc_1": first.aitc,
                "saidi": figures.indices.saidi_minutes,
                "saifi": figures.indices.saifi,
                "caidi": figures.indices.caidi_minutes,
            }
        )
    return rows


def _placed(
    counting: _Counting, users: Sequence[User], key_of: Callable[[User], tuple[str, str]]
) -> dict[tuple[str, str], Row]:
    groups: dict[tuple[str, str], list[User]] = defaultdict(list)
    for user in users:
        groups[key_of(user)].append(user)
    found: dict[tuple[str, str], Row] = {}
    for key, members in groups.items():
        counted = counting.count(members)
        figures = counted.figures(_NOTHING_MORE)
        first = figures.four.all
        found[key] = {
            "users": figures.bounds.n_users,
            "rs_1": first.rs,
            "lower": figures.bounds.lower,
            "upper": figures.bounds.upper,
            "user_hours": first.outage_us / HOUR_US,
            "aihc_1": first.aihc_hours,
            "aitc_1": first.aitc,
            "saidi": figures.indices.saidi_minutes,
            "saifi": figures.indices.saifi,
        }
    return found


def _worst(
    feeders: Mapping[tuple[str, str], Row], names: Mapping[tuple[str, str], str]
) -> list[Row]:
    """Return the feeders with the most user hours without supply; those without any are left out."""

    def hours(row: Row) -> Fraction:
        value = row["user_hours"]
        return value if isinstance(value, Fraction) else Fraction(0)

    dark = [(key, row) for key, row in feeders.items() if hours(row)]
    dark.sort(key=lambda one: (-hours(one[1]), one[0]))
    return [
        {
            "feeder": feeder,
            "feeder_name": names.get(("feeder", feeder), ""),
            "region": region,
            "region_name": names.get(("region", region), ""),
            **row,
        }
        for (region, feeder), row in dark[:WORST]
    ]


async def _outages(snapshot: Snapshot, span: tuple[datetime, datetime]) -> Sequence[StoredOutage]:
    """Return the outages that reach into a span, by their start; the newest where there are too many."""
    everywhere = OutageFilter(where=PlaceFilter())
    found = await list_outages(snapshot.connection, span, everywhere, None, LISTED_MAX)
    return list(reversed(found))


def _outage(one: StoredOutage, names: Mapping[tuple[str, str], str]) -> Row:
    minutes = None
    if one.last_end_at is not None:
        minutes = Fraction(str((one.last_end_at - one.start_at).total_seconds())) / 60
    return {
        "outage": one.outage_id,
        "place": one.place,
        "code": one.code,
        "feeder": one.feeder,
        "feeder_name": names.get(("feeder", one.feeder), ""),
        "start": one.start_at,
        "end": one.end_at,
        "last_end": one.last_end_at,
        "minutes": minutes,
        "cause": one.cause or "unknown",
        "evidence": one.evidence,
        "ticket": one.ticket or "",
        "outage_points": one.n_points,
        "customers": one.n_customers,
    }
