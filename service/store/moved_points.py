"""Interruptions that a registry file concerns: points that move, witnesses that come or go, other devices.

What is due is bounded by what is known of interruptions: a point without any, on feeders without
outages, asks for nothing.
"""

from service.store.pool import Connection

# Of points whose place, or whose word for their place, changes: their own interruptions, all of the outages that
# they are in, and the times at which the new feeder was out.
_MARK_MOVED = """
    INSERT INTO interruption_due (point_id, from_at, to_at)
    WITH moved AS (
        SELECT point.point_id, next_point.feeder AS next_feeder
          FROM next_point
          JOIN point USING (point)
         WHERE (next_point.feeder, next_point.transformer, next_point.is_terminal, next_point.is_feeder_head)
               <> (point.feeder, point.transformer, point.is_terminal, point.is_feeder_head)
    )
    SELECT DISTINCT point_id, from_at, greatest(to_at, from_at + interval '1 minute')
      FROM (
               SELECT other.point_id, other.earliest_at AS from_at, coalesce(other.latest_at, 'infinity') AS to_at
                 FROM moved
                 JOIN interruption AS mine ON mine.point_id = moved.point_id
                 JOIN interruption AS other
                   ON other.outage_id = mine.outage_id
                   OR (other.point_id = mine.point_id AND other.start_at = mine.start_at)
                UNION ALL
               SELECT moved.point_id, outage.earliest_at, coalesce(outage.last_end_at, 'infinity')
                 FROM moved
                 JOIN outage ON outage.feeder = moved.next_feeder
                WHERE moved.next_feeder <> ''
           ) AS concerned
     ORDER BY point_id
"""

# Of devices whose way to measure changes, or their time at a point: the interruptions of the points, as it was and
# as it will be, and the days on which minutes without voltage were measured there.
_MARK_DEVICES = """
    INSERT INTO interruption_due (point_id, from_at, to_at)
    WITH changed AS (
        SELECT DISTINCT unnest(ARRAY[device.point_id, next_device.point_id]) AS point_id
          FROM next_device
          JOIN device USING (device_id)
         WHERE (next_device.point_id, next_device.interval_s, next_device.reading_kind, next_device.self_powered,
                next_device.zero_means, next_device.valid_from, next_device.valid_to)
               <> (device.point_id, device.interval_s, device.reading_kind, device.self_powered,
                   device.zero_means, device.valid_from, device.valid_to)
    )
    SELECT point_id, from_at, greatest(to_at, from_at + interval '1 minute')
      FROM (
               SELECT point_id, earliest_at AS from_at, coalesce(latest_at, 'infinity') AS to_at
                 FROM changed
                 JOIN interruption USING (point_id)
                UNION ALL
               SELECT point_id, day_start(day, zone), day_start(day + 1, zone)
                 FROM changed
                 JOIN point_day USING (point_id)
                CROSS JOIN deployment
                WHERE n_interrupted > 0
           ) AS concerned
     ORDER BY point_id
"""


async def mark_moved_points(connection: Connection) -> None:
    """Mark what changes by the rows of ``next_point``, before they are merged."""
    await connection.execute(_MARK_MOVED)


async def mark_changed_devices(connection: Connection) -> None:
    """Mark what changes by the rows of ``next_device``, before they are merged."""
    await connection.execute(_MARK_DEVICES)
