"""Keeping the outages of the network in line with the interruptions of its points."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from service.domain.supply.outages import Outage, StoredOutage, match_outages, outages_of
from service.domain.supply_rows import EvidenceRow
from service.settle.feeder_jobs import Job
from service.settle.gathering import Group, gather
from service.settle.network import Network
from service.store.interruption_rows import Difference, StoredInterruption, interruptions_astray
from service.store.outage_rows import (
    Link,
    OutageRow,
    customers_of_outages,
    delete_outages,
    insert_outages,
    link_interruptions,
    partly_open_outages,
    update_outages,
)
from service.store.pool import Connection

_US: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouper:
    """Groups interruptions. ``through_us`` is where the data reach."""

    network: Network
    rule: EvidenceRow
    through_us: int

    @property
    def window_us(self) -> int:
        """Within which interruptions are one outage, microseconds."""
        return self.rule.outage_window_s * _US

    async def regroup(
        self,
        connection: Connection,
        differences: Sequence[tuple[Job, Difference]],
        due: Collection[int] = (),
    ) -> int:
        """Group anew what may have gone together with interruptions that changed; return how many outages changed.

        Call it in the transaction that wrote the interruptions. Outages that are the same are not touched.

        Args:
            connection: Inside that transaction.
            differences: What changed, by feeder.
            due: Points that may have come from another feeder: they leave its outages.
        """
        groups = [self._group(job, difference) for job, difference in differences]
        groups += [self._group_of(one) for one in await interruptions_astray(connection, due)]
        return await self._regroup(connection, _united(groups))

    async def regroup_open(self, connection: Connection) -> int:
        """Group anew the outages that have ended for some of their points: the others are nested after a while."""
        groups = [
            Group(
                feeder=one.feeder,
                alone=one.alone,
                from_us=one.from_us,
                to_us=one.to_us,
                points_of=defaultdict(set),
            )
            for one in await partly_open_outages(connection)
        ]
        return await self._regroup(connection, _united(groups))

    async def _regroup(self, connection: Connection, groups: Sequence[Group]) -> int:
        if not groups:
            return 0
        groups, stored = await gather(connection, groups, self.network, self.window_us)

        def find() -> None:
            for group in groups:
                group.found = outages_of(
                    group.feeder,
                    self.network.points,
                    [one.found for one in group.members.values()],
                    self.rule,
                    self.through_us,
                )
                before = [
                    StoredOutage(
                        outage_id=number,
                        earliest=stored[number].earliest,
                        last_end=stored[number].last_end,
                        point_ids=frozenset(points),
                    )
                    for number, points in sorted(group.points_of.items())
                    if number in stored
                ]
                group.ids = match_outages(group.found, before, self.rule)

        await asyncio.to_thread(find)
        return await _write(connection, groups, stored)

    def _group(self, job: Job, difference: Difference) -> Group:
        whole = [*(one.found for one in difference.before), *difference.after]
        points_of: defaultdict[int, set[int]] = defaultdict(set)
        for one in difference.before:
            if one.outage_id is not None:
                points_of[one.outage_id].add(one.found.point_id)
        return Group(
            feeder=job.feeder,
            alone=job.alone,
            from_us=min(one.earliest for one in whole) - self.window_us,
            to_us=max(one.start for one in whole) + self.window_us,
            points_of=points_of,
        )

    def _group_of(self, astray: StoredInterruption) -> Group:
        feeder = self.network.points[astray.found.point_id].feeder
        return Group(
            feeder=feeder,
            alone=None if feeder else astray.found.point_id,
            from_us=astray.found.earliest - self.window_us,
            to_us=astray.found.start + self.window_us,
            points_of=defaultdict(set),
        )


def _united(groups: Iterable[Group]) -> list[Group]:
    """Return one group for each feeder."""
    found: dict[tuple[str, int | None], Group] = {}
    for group in groups:
        whole = found.setdefault((group.feeder, group.alone), group)
        whole.widen(group)
    return list(found.values())


async def _write(
    connection: Connection, groups: Sequence[Group], stored: Mapping[int, OutageRow]
) -> int:
    """Store what differs, and which outage each interruption belongs to; return how many outages changed."""
    found = [
        (group, outage, number)
        for group in groups
        for outage, number in zip(group.found, group.ids, strict=True)
    ]
    customers = await customers_of_outages(
        connection, [sorted(outage.point_ids) for _, outage, _ in found]
    )
    rows = [
        _row(group.feeder, outage, n)
        for (group, outage, _), n in zip(found, customers, strict=True)
    ]
    new = [row for row, (_, _, number) in zip(rows, found, strict=True) if number is None]
    numbers = iter(await insert_outages(connection, new))
    final = [next(numbers) if number is None else number for _, _, number in found]
    changed = {
        number: row
        for number, row in zip(final, rows, strict=True)
        if number in stored and stored[number] != row
    }
    await update_outages(connection, changed)
    gone = stored.keys() - set(final)
    links = [
        link
        for (group, outage, _), number in zip(found, final, strict=True)
        for link in _links(group, outage, number)
    ]
    await link_interruptions(connection, links)
    await delete_outages(connection, gone)
    return len(new) + len(changed) + len(gone)


def _links(group: Group, outage: Outage, number: int) -> list[Link]:
    """Return the interruptions of an outage that were noted otherwise."""
    links = []
    for key in outage.members:
        member, is_nested = group.members[key], key in outage.nested
        if (member.outage_id, member.is_nested) != (number, is_nested):
            links.append(Link(*key, number, is_nested))
    return links


def _row(feeder: str, outage: Outage, n_customers: int) -> OutageRow:
    return OutageRow(
        place=outage.place,
        code=outage.code,
        feeder=feeder,
        earliest=outage.earliest,
        start=outage.start,
        end=outage.end,
        last_end=outage.last_end,
        evidence=outage.evidence,
        cause=outage.cause,
        declaration_id=outage.declaration_id,
        n_points=len(outage.point_ids),
        n_nested=len({point_id for point_id, _ in outage.nested}),
        n_customers=n_customers,
    )
