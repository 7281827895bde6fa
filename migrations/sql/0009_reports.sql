-- Monthly reports that were signed off: who, when, and the figures as they were. Rows are never changed.

CREATE TABLE report_sign_off (
    sign_off_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    report            text NOT NULL CHECK (report IN ('voltage', 'supply')),
    month             text NOT NULL CHECK (month ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'),
    from_day          date NOT NULL,
    to_day            date NOT NULL,
    revision          integer NOT NULL CHECK (revision >= 1),
    signed_by         text NOT NULL CHECK (signed_by <> ''),
    approver          text NOT NULL CHECK (approver <> ''),
    signed_at         timestamptz NOT NULL DEFAULT now(),
    rule_set          text NOT NULL,
    rule_set_checksum text NOT NULL,
    judgement         bigint NOT NULL,
    data_through      timestamptz NOT NULL,
    digest            text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
    figures           jsonb NOT NULL,
    UNIQUE (report, from_day, to_day, revision),
    CHECK (from_day < to_day),
    CHECK (signed_by <> approver)
);

CALL grant_rights();
