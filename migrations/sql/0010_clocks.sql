-- Clocks of devices, as the delays of their readings show them.

-- The least delay of a device on a day: arrival less the end of the reading that came soonest after it.
CREATE TABLE device_clock (
    device_id integer NOT NULL REFERENCES device ON DELETE CASCADE,
    day       date NOT NULL,                     -- of arrival, UTC
    delay_ms  bigint NOT NULL,                   -- below 0: the reading ended after it arrived
    PRIMARY KEY (device_id, day)
);
CREATE INDEX device_clock_day ON device_clock (day);

-- Each device that serves, on the newest day of two on which it was heard; beside it what is usual behind its
-- concentrator, where five or more were heard.
CREATE VIEW v_device_clock AS
    WITH reached AS (
        SELECT max(day) AS day
          FROM device_clock
    ), newest AS (
        SELECT DISTINCT ON (device_clock.device_id) device_clock.device_id, device_clock.day, device_clock.delay_ms
          FROM reached
          JOIN device_clock ON device_clock.day > reached.day - 2
         ORDER BY device_clock.device_id, device_clock.day DESC
    ), heard AS (
        SELECT DISTINCT ON (device.device)
               device.device_id, device.device, device.concentrator, device.delivery_delay_s,
               point.point, point.organisation, point.region, point.feeder,
               newest.day, newest.delay_ms
          FROM newest
          JOIN device USING (device_id)
          JOIN point USING (point_id)
         WHERE device.valid_to > newest.day
         ORDER BY device.device, device.valid_from DESC
    ), usual AS (
        SELECT concentrator, percentile_disc(0.5) WITHIN GROUP (ORDER BY delay_ms) AS delay_ms
          FROM heard
         WHERE concentrator <> ''
         GROUP BY concentrator
        HAVING count(*) >= 5
    )
    SELECT heard.device_id, heard.device, heard.point, heard.organisation, heard.region, heard.feeder,
           heard.concentrator, heard.delivery_delay_s, heard.day, heard.delay_ms,
           usual.delay_ms AS usual_delay_ms
      FROM heard
      LEFT JOIN usual USING (concentrator);

CALL grant_rights();
