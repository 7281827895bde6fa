"""Taking up dead letters of devices that were unknown when they came."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from kernels.layout import QUALITY_ESTIMATED, QUALITY_GOOD, QUALITY_INVALID
from service.domain.lanes import LaneDirectory, wall_clock_offset_ms
from service.domain.late import merge_late
from service.domain.letters import epoch_ms_of_wall_clock
from service.domain.reading_columns import LateReadings
from service.settle.knowledge import Knowledge
from service.settle.late import joined_with_stored, readings_of_minutes
from service.store.adoption import OrphanLetter, adoptable_letters, insert_late, mark_adopted
from service.store.late import LateSpan
from service.store.page_batches import PageWriter
from service.store.pool import Connection, Pool

LETTERS_AT_ONCE = 5000
_QUALITIES = {"good": QUALITY_GOOD, "estimated": QUALITY_ESTIMATED, "invalid": QUALITY_INVALID}
_NOWHERE = -1
KILO = 1000.0


async def adopt_letters(pool: Pool, writer: PageWriter, known: Knowledge) -> int:
    """Take up letters whose device is registered by now, as if they had come late; return how many.

    A letter whose device serves no point at its time becomes one for that reason.

    Raises:
        JudgementMovedError: Load the knowledge and call again.
        StoreError: What was taken up before it stays; call again.
    """
    async with pool.connection() as connection:
        letters = await adoptable_letters(connection, LETTERS_AT_ONCE)
    n_adopted = 0
    for (topic, partition), group in groupby(
        letters, key=lambda letter: (letter.topic, letter.partition)
    ):
        n_adopted += await _adopt(pool, writer, known, (topic, partition), list(group))
    return n_adopted


async def _adopt(
    pool: Pool,
    writer: PageWriter,
    known: Knowledge,
    home: tuple[str, int],
    letters: Sequence[OrphanLetter],
) -> int:
    starts = [_start(letter, known.directory) for letter in letters]
    fits = [row != _NOWHERE for row, _ in starts]
    late = _late(letters, starts, known.directory)
    whole = LateSpan(topic=home[0], partition=home[1], from_offset=0, to_offset=2**63 - 1)
    async with pool.connection() as connection:
        near = await readings_of_minutes(connection, known, whole, late)
        pages, _ = await joined_with_stored(connection, merge_late(near, known.directory).pages)

    async def note(connection: Connection) -> None:
        await insert_late(connection, *home, late)
        reasons = ["unknown_device" if fit else "outside_service" for fit in fits]
        await mark_adopted(connection, letters, reasons)

    await writer.write(pages, known.judge, note)
    return sum(fits)


def _start(letter: OrphanLetter, directory: LaneDirectory) -> tuple[int, int]:
    """Return the assignment that a letter's reading belongs to, _NOWHERE if none, and the start of its interval."""
    for row in directory.assignments(letter.device):
        at = np.array([row], np.int32)
        (settings,), (zone,) = directory.settings_of(at), directory.zones_of(at)
        start_ms = _stamp_ms(letter, zone) - int(settings["shift_ms"])
        if int(settings["from_ms"]) <= start_ms < int(settings["to_ms"]):
            return row, start_ms
    return _NOWHERE, 0


def _stamp_ms(letter: OrphanLetter, zone: str) -> int:
    stamp = letter.reading["ts"]
    if isinstance(stamp, int):
        return stamp
    wall_ms = epoch_ms_of_wall_clock(datetime.fromisoformat(stamp))
    return wall_ms - wall_clock_offset_ms(zone, wall_ms)


def _late(
    letters: Sequence[OrphanLetter], starts: Sequence[tuple[int, int]], directory: LaneDirectory
) -> LateReadings:
    chosen = [
        (letter, row, ms)
        for letter, (row, ms) in zip(letters, starts, strict=True)
        if row != _NOWHERE
    ]

    def floats(name: str, unit: float = 1.0) -> NDArray[np.float64]:
        found = [letter.reading.get(name) for letter, _, _ in chosen]
        return np.array([np.nan if value is None else value * unit for value in found], np.float64)

    return LateReadings(
        device_id=np.array([directory.devices.device_id[row] for _, row, _ in chosen], np.int32),
        start_ms=np.array([ms for _, _, ms in chosen], np.int64),
        offset=np.array([letter.offset for letter, _, _ in chosen], np.int64),
        index=np.array([letter.index for letter, _, _ in chosen], np.int32),
        quality=np.array(
            [_QUALITIES[letter.reading["quality"]] for letter, _, _ in chosen], np.uint8
        ),
        v1=floats("v1"),
        v2=floats("v2"),
        v3=floats("v3"),
        p_w=floats("p_kw", KILO),
        q_var=floats("q_kvar", KILO),
    )
