"""What reliability figures rest on: points, customers and interruptions of a span of time."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any, Final
from zoneinfo import ZoneInfo

from service.domain.instants import epoch_us
from service.domain.periods import day_start
from service.domain.registry import TargetArea, UserClass
from service.domain.reliability.causes import leaf_of
from service.domain.reliability.figures import Bounds, bounds_of
from service.domain.reliability.grades import Declarations, undeclared
from service.domain.reliability.outages import Span
from service.domain.reliability.users import (
    Network,
    NetworkCustomer,
    NetworkPoint,
    PointOutage,
    User,
    users_of,
)
from service.domain.rules import RuleSet
from service.store.count_reads import counted
from service.store.deployment_reads import Snapshot
from service.store.statements import statement

_FOREVER: Final = 2**62  # microseconds: an open end
_MINUTE_US: Final = 60_000_000

# Of the minutes of whole days. In exempt months a minute is EXEMPT whether it was measured or not.
_POINTS = statement(
    "reliability_points",
    f"""
    {counted("''::text AS key_1, ''::text AS key_2", "true")}
    SELECT point_id, nominal_mv, region, feeder, transformer, is_terminal,
           valid_from, nullif(valid_to, 'infinity') AS valid_to,
           n_missing + n_invalid + CASE WHEN is_exempt THEN n_exempt ELSE 0 END AS n_unobserved
      FROM counted
      JOIN point USING (point_id)
     CROSS JOIN LATERAL (
               SELECT EXISTS (
                          SELECT
                            FROM power_factor_exemption AS exemption
                           WHERE exemption.point_id = point.point_id
                             AND exemption.month > $1 - interval '1 month'
                             AND exemption.month < $2
                      ) AS is_exempt
           ) AS exempt
     ORDER BY point_id
    """,  # noqa: S608 (SQL of ours)
)

_POINTS_ALONE = statement(
    "reliability_points_alone",
    """
    SELECT point_id, nominal_mv, region, feeder, transformer, is_terminal,
           valid_from, nullif(valid_to, 'infinity') AS valid_to, 0 AS n_unobserved
      FROM point
     WHERE valid_from < $2              -- timestamptz
       AND valid_to > $1                -- timestamptz
     ORDER BY point_id
    """,
)

_CUSTOMERS = statement(
    "reliability_customers",
    """
    SELECT customer, user_class, target_area, voltage_level_mv, capacity_kva, valid_from,
           nullif(valid_to, 'infinity') AS valid_to, array_agg(point_id ORDER BY point_id) AS point_ids
      FROM customer
      JOIN customer_point USING (customer_id)
     WHERE valid_from < $2              -- timestamptz
       AND valid_to > $1                -- timestamptz
     -- by every column: in a territory the table is a view, which has no key
     GROUP BY customer_id, customer, user_class, target_area, voltage_level_mv, capacity_kva, valid_from, valid_to
     ORDER BY customer COLLATE "C"
    """,
)

_OUTAGES = statement(
    "reliability_outages",
    """
    SELECT point_id, earliest_at, start_at, end_at, latest_at, evidence, cause
      FROM interruption
     WHERE earliest_at < $2             -- timestamptz
       AND coalesce(latest_at, 'infinity') > $1
     ORDER BY point_id, start_at
    """,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownNetwork:
    """The network of a span of time, and up to when its outages are known."""

    network: Network
    through: int  # microseconds since the Unix epoch

    def users(self, user_class: UserClass, declarations: Declarations = "with") -> list[User]:
        """Return the users of one class, with or without what people declared."""
        users = users_of(self.network, user_class)
        return users if declarations == "with" else undeclared(users, self.network, user_class)


async def known_network(
    snapshot: Snapshot,
    span: tuple[datetime, datetime],
    rule_set: RuleSet,
    *,
    with_bounds: bool = True,
) -> KnownNetwork | None:
    """Return the network of a span of time, cut to where the data reach; None if nothing is left.

    What nobody saw is counted in the whole days that the span touches: for parts of days it is a
    bound that may be too wide, never one that is too narrow.

    Args:
        snapshot: Of the database.
        span: Half-open.
        rule_set: Says when a transformer is out, and how far beside the span outages still matter.
        with_bounds: Whether to count what nobody saw; without, users have no worst time.
    """
    from_at, to_at = span
    if snapshot.data_through is None or snapshot.data_through <= from_at:
        return None
    end_at = min(to_at, snapshot.data_through)
    through = epoch_us(snapshot.data_through)
    rule = rule_set.reliability
    beside = timedelta(seconds=max(rule.merge_within_s, rule.momentary_event_s))
    outages = await snapshot.connection.fetch(_OUTAGES, from_at - beside, end_at + beside)
    if with_bounds:
        points = await snapshot.connection.fetch(_POINTS, *_days(from_at, end_at, snapshot.zone))
    else:
        points = await snapshot.connection.fetch(_POINTS_ALONE, from_at, end_at)
    customers = await snapshot.connection.fetch(_CUSTOMERS, from_at, end_at)

    def network() -> Network:
        outages_of = _outages(outages, through)
        found = [_point(row, outages_of.get(row["point_id"], ())) for row in points]
        return Network(
            points={point.point_id: point for point in found},
            customers=[_customer(row) for row in customers],
            period=Span(epoch_us(from_at), epoch_us(end_at)),
            share_min=Fraction(rule.transformer_share_min),
        )

    return KnownNetwork(network=await asyncio.to_thread(network), through=through)


async def reliability_figures(
    snapshot: Snapshot, span: tuple[datetime, datetime], rule_set: RuleSet
) -> dict[tuple[str, TargetArea | None], Bounds]:
    """Return RS-1 with its bounds by region and target area, of the users that the rule set publishes.

    Area None: users of whom no customer says where they are. Empty where the data do not reach.
    """
    known = await known_network(snapshot, span, rule_set)
    if known is None:
        return {}

    def figures() -> dict[tuple[str, TargetArea | None], Bounds]:
        groups: dict[tuple[str, TargetArea | None], list[User]] = defaultdict(list)
        for user in known.users(rule_set.reliability.users):
            groups[user.region, user.area].append(user)
        return {key: bounds_of(users, known.network.period) for key, users in groups.items()}

    return await asyncio.to_thread(figures)


def _days(from_at: datetime, end_at: datetime, zone: ZoneInfo) -> tuple[date, date]:
    """Return the days that a span touches, half-open."""
    first, last = (at.astimezone(zone).date() for at in (from_at, end_at))
    return first, last if day_start(last, zone) == end_at else last + timedelta(days=1)


def _outages(rows: Sequence[Any], through: int) -> dict[int, list[PointOutage]]:
    found: dict[int, list[PointOutage]] = defaultdict(list)
    for row in rows:
        start = epoch_us(row["start_at"])
        end = through if row["end_at"] is None else epoch_us(row["end_at"])
        latest = through if row["latest_at"] is None else epoch_us(row["latest_at"])
        found[row["point_id"]].append(
            PointOutage(
                earliest=epoch_us(row["earliest_at"]),
                start=start,
                end=max(start, end),
                latest=max(start, end, latest),
                cause=leaf_of(row["cause"]),
                evidence=row["evidence"],
                is_open=row["end_at"] is None,
            )
        )
    return found


def _point(row: Any, outages: Sequence[PointOutage]) -> NetworkPoint:
    return NetworkPoint(
        point_id=row["point_id"],
        nominal_mv=row["nominal_mv"],
        region=row["region"],
        feeder=row["feeder"],
        transformer=row["transformer"],
        is_terminal=row["is_terminal"],
        service=_validity(row),
        outages=tuple(one for one in outages if one.evidence != "inferred"),
        inferred=tuple(one for one in outages if one.evidence == "inferred"),
        unobserved_us=row["n_unobserved"] * _MINUTE_US,
    )


def _customer(row: Any) -> NetworkCustomer:
    kva = row["capacity_kva"]
    return NetworkCustomer(
        customer=row["customer"],
        user_class=row["user_class"],
        area=row["target_area"],
        level_mv=row["voltage_level_mv"],
        kva=None if kva is None else Fraction(kva),
        point_ids=tuple(row["point_ids"]),
        service=_validity(row),
    )


def _validity(row: Any) -> Span:
    end = row["valid_to"]
    return Span(epoch_us(row["valid_from"]), _FOREVER if end is None else epoch_us(end))
