"""What readings and meters told of the supply of many points at once: voltage events, and the meters' own events."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from service.domain.instants import epoch_us, epoch_us_or_none
from service.domain.supply.measured import MeasuredEvent
from service.domain.supply.meter_events import MeterEvent
from service.store.interruption_due import Window
from service.store.pool import Connection
from service.store.statements import statement

_ASKED: Final = """unnest($1::integer[], $2::timestamptz[], $3::timestamptz[]) WITH ORDINALITY
           AS asked (point_id, from_at, to_at, place)"""

_EVENTS = statement(
    "interruption_events_of_points",
    f"""
    SELECT asked.place - 1 AS place, earliest_at, start_at, end_at, latest_at
      FROM {_ASKED}
      JOIN event USING (point_id)
     WHERE event.kind = 'interruption'
       AND event.start_at >= asked.from_at
       AND event.start_at < asked.to_at
     ORDER BY place, start_at
    """,  # noqa: S608 (SQL of ours)
)

_METER_EVENTS = statement(
    "meter_events_of_points",
    f"""
    SELECT asked.place - 1 AS place, device_id, event, at, until_at
      FROM {_ASKED}
      JOIN meter_event USING (point_id)
     WHERE meter_event.at < asked.to_at
       AND meter_event.until_at >= asked.from_at
     ORDER BY place, at, event, until_at, device_id
    """,  # noqa: S608 (SQL of ours)
)


async def read_voltage_events(
    connection: Connection, windows: Sequence[Window]
) -> list[list[MeasuredEvent]]:
    """Return, for each window, the events of kind interruption that start in it."""
    found: dict[int, list[MeasuredEvent]] = defaultdict(list)
    for place, earliest_at, start_at, end_at, latest_at in await connection.fetch(
        _EVENTS, *_columns(windows)
    ):
        event = MeasuredEvent(
            earliest=epoch_us(earliest_at),
            start=epoch_us(start_at),
            end=epoch_us_or_none(end_at),
            latest=epoch_us_or_none(latest_at),
        )
        found[place].append(event)
    return [found.get(place, []) for place in range(len(windows))]


async def read_meter_events(
    connection: Connection, windows: Sequence[Window]
) -> list[list[MeterEvent]]:
    """Return, for each window, the meter events that speak of a time in it, by their own time."""
    found: dict[int, list[MeterEvent]] = defaultdict(list)
    for place, device_id, event, at, until_at in await connection.fetch(
        _METER_EVENTS, *_columns(windows)
    ):
        one = MeterEvent(
            event=event, at=epoch_us(at), until=epoch_us(until_at), device_id=device_id
        )
        found[place].append(one)
    return [found.get(place, []) for place in range(len(windows))]


def _columns(windows: Sequence[Window]) -> tuple[list[int], list[datetime], list[datetime]]:
    return (
        [one.point_id for one in windows],
        [one.from_at for one in windows],
        [one.to_at for one in windows],
    )
