"""Taking up meter events of devices that were unknown when they came."""

from service.domain.event_checkpoint import Copies, count_event
from service.domain.event_letters import said_in
from service.domain.meter_events import EventPolicy, EventRefusal, PlacedEvent, placed
from service.store import meter_event_rows
from service.store.adoption import adoptable_event_letters, mark_adopted
from service.store.pool import Connection, Pool

LETTERS_AT_ONCE = 5000
_NO_PARTITION = 0  # what they are counted in stays a dead letter


async def adopt_event_letters(pool: Pool, policy: EventPolicy) -> int:
    """Take up events whose device is registered by now, as if they had come now; return how many.

    One that its device cannot have said at that time, or not by then, becomes a letter for that reason.

    Raises:
        StoreError: Nothing was taken up; call again.
    """
    async with pool.connection() as connection:
        await meter_event_rows.prepare(connection)
        async with connection.transaction():
            return await _adopt(connection, policy)


async def _adopt(connection: Connection, policy: EventPolicy) -> int:
    # The registry stays as it is until the letters are marked.
    await meter_event_rows.registry_number_for_share(connection)
    letters = await adoptable_event_letters(connection, LETTERS_AT_ONCE)
    if not letters:
        return 0
    devices = {letter.device for letter in letters}
    assignments = await meter_event_rows.assignments_of(connection, devices)
    events: dict[PlacedEvent, Copies] = {}
    reasons: list[str] = []
    for letter in letters:
        said = said_in(letter.reading, letter.offset, letter.index, letter.record_at)
        event = placed(said, assignments[letter.device], policy)
        if isinstance(event, EventRefusal):
            reasons.append(event.reason)
        else:
            reasons.append("unknown_device")
            count_event(events, event, _NO_PARTITION, said.record_ms)
    await meter_event_rows.copy_events(connection, events)
    await meter_event_rows.take_over_events(connection)
    await mark_adopted(connection, letters, reasons)
    return reasons.count("unknown_device")
