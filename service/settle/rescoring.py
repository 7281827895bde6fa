"""Judging again the pages that a change of registry, rules or declarations concerns."""

import asyncio
from typing import get_args

from service.domain.pages import PageColumns
from service.settle.knowledge import Knowledge
from service.store.page_batches import PageWriter
from service.store.pool import Pool
from service.store.rescoring import (
    BEFORE_ALL,
    Concerns,
    PageKey,
    close_changes,
    last_key,
    n_open_changes,
    stale_pages,
)

PAGES_AT_ONCE = 5000


async def rescore(pool: Pool, writer: PageWriter, knowledge: Knowledge) -> int:
    """Judge every page again that an open change concerns, then close the changes; return how many pages.

    Raises:
        JudgementMovedError: Another change came meanwhile; load the knowledge and call again.
        StoreError: The pages written before it stay; call again.
    """
    async with pool.connection() as connection:
        if not await n_open_changes(connection):
            return 0
    n_pages = 0
    for concerns in get_args(Concerns):
        n_pages += await _rescore(pool, writer, knowledge, concerns)
    async with pool.transaction() as connection:
        await close_changes(connection, knowledge.judgement)
    return n_pages


async def _rescore(pool: Pool, writer: PageWriter, knowledge: Knowledge, concerns: Concerns) -> int:
    """Read some pages while those before them are written."""
    n_pages, number = 0, knowledge.judgement
    pages = await _read(pool, concerns, number, BEFORE_ALL)
    while pages.n_pages:
        try:
            async with asyncio.TaskGroup() as tasks:
                following = tasks.create_task(_read(pool, concerns, number, last_key(pages)))
                await writer.write(pages, knowledge.judge)
        except ExceptionGroup as group:
            raise group.exceptions[0] from group
        n_pages += pages.n_pages
        pages = following.result()
    return n_pages


async def _read(pool: Pool, concerns: Concerns, number: int, after: PageKey) -> PageColumns:
    async with pool.connection() as connection:
        return await stale_pages(connection, concerns, number, after, PAGES_AT_ONCE)
