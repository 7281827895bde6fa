"""Gathering the interruptions of feeders that may have gone together, and the outages that they belonged to."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from service.domain.supply.outages import Outage
from service.settle.network import Network
from service.store.interruption_rows import StoredInterruption
from service.store.outage_rows import (
    Asked,
    OutageRow,
    interruptions_near,
    interruptions_of_outages,
    stored_outages,
)
from service.store.pool import Connection


@dataclass(slots=True)
class Group:
    """Interruptions of a feeder, or of a point without one, that may have gone together with some that changed."""

    feeder: str
    alone: int | None
    from_us: int
    to_us: int
    points_of: defaultdict[int, set[int]]  # of each stored outage concerned, as it was
    members: dict[tuple[int, int], StoredInterruption] = field(default_factory=dict)
    asked_for: set[int] = field(default_factory=set)  # outages whose interruptions were looked for
    found: tuple[Outage, ...] = ()
    ids: list[int | None] = field(default_factory=list)  # of each that was found

    def take(self, rows: Iterable[StoredInterruption], window_us: int) -> None:
        """Add interruptions of its points."""
        for one in rows:
            self.members[one.key] = one
            self.from_us = min(self.from_us, one.found.earliest - window_us)
            self.to_us = max(self.to_us, one.found.start + window_us)
            if one.outage_id is not None:
                self.points_of[one.outage_id].add(one.found.point_id)

    def widen(self, other: "Group") -> None:
        """Take over for what time, and of which outages, another group of the same feeder asks."""
        self.from_us = min(self.from_us, other.from_us)
        self.to_us = max(self.to_us, other.to_us)
        for number, points in other.points_of.items():
            self.points_of[number] |= points

    def has(self, point_id: int, network: Network) -> bool:
        """Return whether a point is of its feeder now; one that moved away is not."""
        if self.alone is not None:
            return point_id == self.alone
        return point_id in network.points and network.points[point_id].feeder == self.feeder


async def gather(
    connection: Connection, groups: Sequence[Group], network: Network, window_us: int
) -> tuple[list[Group], dict[int, OutageRow]]:
    """Fill groups with all that may have gone together; return them and what is stored of their outages.

    A point that came from another feeder leaves the outage that it was in there: a group for that
    feeder is returned, too. Each step takes in what may have gone with what the last one found,
    until nothing is added: at most all interruptions of the feeders.

    Args:
        connection: Inside the transaction that will write outages.
        groups: One for a feeder.
        network: Says which feeder a point belongs to.
        window_us: Within which interruptions are one outage, microseconds.
    """
    every = {(one.feeder, one.alone): one for one in groups}
    stored: dict[int, OutageRow] = {}
    growing = list(groups)
    while growing:
        before = {id(one): (one.from_us, one.to_us, len(one.points_of)) for one in growing}
        numbers = {n for one in growing for n in one.points_of.keys() - one.asked_for}
        also = await interruptions_of_outages(connection, numbers) if numbers else []
        asked = [Asked(one.feeder, one.alone, one.from_us, one.to_us) for one in growing]
        near = await interruptions_near(connection, asked)
        for group, rows in zip(growing, near, strict=True):
            group.asked_for |= group.points_of.keys()
            mine = [
                one
                for one in also
                if one.outage_id in group.points_of and group.has(one.found.point_id, network)
            ]
            group.take([*mine, *rows], window_us)
        unknown = {number for one in growing for number in one.points_of} - stored.keys()
        stored |= await stored_outages(connection, unknown) if unknown else {}
        left = [one for group in growing for one in _left(group, stored, window_us)]
        growing = [
            one
            for one in growing
            if (one.from_us, one.to_us, len(one.points_of)) != before[id(one)]
        ]
        for one in left:
            whole = every.setdefault((one.feeder, one.alone), one)
            if not one.points_of.keys() <= whole.points_of.keys() or whole is one:
                whole.points_of.update(
                    {number: whole.points_of[number] for number in one.points_of}
                )
                whole.from_us = min(whole.from_us, one.from_us)
                whole.to_us = max(whole.to_us, one.to_us)
                if not any(each is whole for each in growing):
                    growing.append(whole)
    return list(every.values()), stored


def _left(group: Group, stored: dict[int, OutageRow], window_us: int) -> list[Group]:
    """Take the outages of other feeders from a group; return groups of those feeders, to be grouped without its points.

    An outage of a point without a feeder has no other: it goes.
    """
    others = [
        number
        for number in group.points_of
        if number in stored and stored[number].feeder != group.feeder
    ]
    left = []
    for number in others:
        points, row = group.points_of.pop(number), stored[number]
        if row.feeder:
            of_it = defaultdict[int, set[int]](set, {number: points})
            left.append(
                Group(
                    feeder=row.feeder,
                    alone=None,
                    from_us=row.earliest - window_us,
                    to_us=row.start + window_us,
                    points_of=of_it,
                )
            )
    return left
