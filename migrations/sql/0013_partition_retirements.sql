-- Who said that nothing comes from a partition any more, or took that back. Rows are never changed; the newest one of a
-- partition counts, and only as long as nothing has come from it since.

CREATE TABLE partition_retirement (
    retirement_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic         text NOT NULL,
    partition     integer NOT NULL,
    is_retired    boolean NOT NULL,              -- false: taken back
    next_offset   bigint,                        -- of the partition, when it was said
    made_by       text NOT NULL CHECK (made_by <> ''),
    reason        text NOT NULL CHECK (reason <> ''),
    made_at       timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX partition_retirement_partition ON partition_retirement (topic, partition);

CALL grant_rights();
