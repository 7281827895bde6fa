"""A process that freezes in a transaction must not hold anybody up: what a COPY waits for has no timeout."""

import asyncio
from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from service.domain.judging import Judge
from service.domain.pages import PageColumns
from service.store.pool import Pool
from tests.settle.plant import consumer, minutes, register, table

pytestmark = pytest.mark.integration

POINTS = "P1,220,1p,D,F1,2026-11-02T00:00+08:00\n"
DEVICES = "M1,P1,60,no,2026-01-01T00:00+08:00\n"
_LOCKED = """
    SELECT (SELECT count(*) FROM (SELECT FROM partition_progress FOR UPDATE SKIP LOCKED) AS free) AS n_progress,
           (SELECT count(*) FROM (SELECT FROM page FOR UPDATE SKIP LOCKED) AS free) AS n_pages,
           (SELECT count(*) FROM (SELECT FROM judgement FOR UPDATE SKIP LOCKED) AS free) AS n_judgements
"""


@dataclass(slots=True)
class LookingJudge:
    """A judge that looks at what is locked by others while it is asked to judge."""

    judge_: Judge
    pool: Pool
    loop: asyncio.AbstractEventLoop
    found: list[dict[str, object]]

    @property
    def judgement(self) -> int:
        return self.judge_.judgement

    def judge(self, pages: PageColumns) -> None:
        look = asyncio.run_coroutine_threadsafe(table(self.pool, _LOCKED), self.loop)
        self.found += look.result(timeout=10)
        self.judge_.judge(pages)

    def nominal_mv(self, point_ids: NDArray[np.int32]) -> NDArray[np.int32]:
        return self.judge_.nominal_mv(point_ids)


async def test_nothing_is_locked_while_pages_that_moved_on_are_copied_anew(pool: Pool) -> None:
    await register(pool, POINTS, DEVICES)
    first, second = await consumer(pool, 0), await consumer(pool, 1)
    first.fold("M1", minutes(0, 3, 220.0))
    second.fold("M1", minutes(3, 3, 220.0))
    await first.checkpoint()
    looking = LookingJudge(second.known.judge, pool, asyncio.get_running_loop(), [])
    second.known = replace(second.known, judge=looking)  # type: ignore[arg-type]  # it judges too

    await second.checkpoint()

    free = {"n_progress": 2, "n_pages": 1, "n_judgements": 1}
    assert looking.found == [free, free]  # before the transaction; and for the page that moved on
    assert await table(pool, "SELECT n_pass, revision FROM page") == [{"n_pass": 6, "revision": 2}]
