"""Promises read from the database, and judged as they stand: for the routes, the pages and the command line."""

import asyncio
from dataclasses import dataclass
from datetime import date, datetime

from service.domain.instants import epoch_us
from service.domain.promises.figures import (
    PromiseFigure,
    Unruled,
    deadline_figures,
    promise_figures,
    unruled,
)
from service.domain.rules import RuleSet
from service.store.deployment_reads import Snapshot
from service.store.promise_reads import read_register


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseFigures:
    """All promises of a rule set in a period."""

    promises: list[PromiseFigure]
    deadlines: list[PromiseFigure]
    unruled: list[Unruled]


async def promise_figures_of(
    snapshot: Snapshot, days: tuple[date, date], rule_set: RuleSet, now: datetime
) -> PromiseFigures:
    """Return the promises of half-open days of the deployment's zone, as they stand at ``now``."""
    register = await read_register(snapshot, days, rule_set)
    zone, now_us = snapshot.zone, epoch_us(now)

    def judge() -> PromiseFigures:
        return PromiseFigures(
            promises=promise_figures(rule_set.promises, register, now_us, zone),
            deadlines=deadline_figures(rule_set.deadlines, register.deadlines, now_us, zone),
            unruled=unruled(rule_set.promises, rule_set.deadlines, register),
        )

    return await asyncio.to_thread(judge)
