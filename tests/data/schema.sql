-- The schema that the migrations make on plain PostgreSQL. Written by: python -m tests.store.schema

CREATE TABLE alembic_version (
    version_num character varying(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

CREATE TABLE api_key (
    key_id text NOT NULL,
    secret_hash bytea NOT NULL,
    owner text NOT NULL,
    scopes text[] NOT NULL,
    regions text[],
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    expires_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    last_used_on date,
    CONSTRAINT api_key_check CHECK ((expires_at > created_at)),
    CONSTRAINT api_key_key_id_check CHECK ((key_id ~ '^[a-z2-7]{10}$'::text)),
    CONSTRAINT api_key_owner_check CHECK ((owner <> ''::text)),
    CONSTRAINT api_key_regions_check CHECK ((regions <> '{}'::text[])),
    CONSTRAINT api_key_scopes_check CHECK (((scopes <> '{}'::text[]) AND (scopes <@ ARRAY['read:aggregate'::text, 'read:customer'::text, 'write:declarations'::text, 'admin'::text]))),
    CONSTRAINT api_key_secret_hash_check CHECK ((length(secret_hash) = 32)),
    CONSTRAINT api_key_pkey PRIMARY KEY (key_id)
);

CREATE TABLE api_key_change (
    change_id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    key_id text NOT NULL,
    action text NOT NULL,
    made_by text NOT NULL,
    made_at timestamp with time zone NOT NULL DEFAULT now(),
    after jsonb NOT NULL,
    CONSTRAINT api_key_change_action_check CHECK ((action = ANY (ARRAY['created'::text, 'revoked'::text]))),
    CONSTRAINT api_key_change_made_by_check CHECK ((made_by <> ''::text)),
    CONSTRAINT api_key_change_pkey PRIMARY KEY (change_id)
);

CREATE TABLE beside_due (
    point_id integer NOT NULL,
    day date NOT NULL,
    CONSTRAINT beside_due_pkey PRIMARY KEY (day, point_id)
);

CREATE TABLE communication_incident (
    incident_id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    place text NOT NULL,
    code text NOT NULL,
    from_at timestamp with time zone NOT NULL,
    to_at timestamp with time zone,
    against text NOT NULL,
    n_due integer NOT NULL,
    n_usual integer NOT NULL,
    n_silent integer NOT NULL,
    CONSTRAINT communication_incident_against_check CHECK ((against = ANY (ARRAY['usual'::text, 'expected'::text]))),
    CONSTRAINT communication_incident_check CHECK ((from_at < to_at)),
    CONSTRAINT communication_incident_place_check CHECK ((place = ANY (ARRAY['concentrator'::text, 'transformer'::text, 'feeder'::text]))),
    CONSTRAINT communication_incident_pkey PRIMARY KEY (incident_id),
    CONSTRAINT communication_incident_place_code_from_at_key UNIQUE (place, code, from_at)
);

CREATE TABLE communication_incident_point (
    incident_id bigint NOT NULL,
    point_id integer NOT NULL,
    silent_from timestamp with time zone NOT NULL,
    silent_to timestamp with time zone NOT NULL,
    held text,
    CONSTRAINT communication_incident_point_held_check CHECK ((held = ANY (ARRAY['under'::text, 'over'::text, 'high'::text]))),
    CONSTRAINT communication_incident_point_incident_id_fkey FOREIGN KEY (incident_id) REFERENCES communication_incident(incident_id) ON DELETE CASCADE,
    CONSTRAINT communication_incident_point_pkey PRIMARY KEY (incident_id, point_id)
);

CREATE TABLE customer (
    customer_id integer NOT NULL GENERATED ALWAYS AS IDENTITY,
    customer text NOT NULL,
    voltage_level_mv bigint NOT NULL,
    residential boolean NOT NULL,
    important boolean NOT NULL,
    user_class text NOT NULL,
    required_power_factor numeric(4,3),
    target_area text NOT NULL,
    response_area text NOT NULL,
    valid_from timestamp with time zone NOT NULL,
    valid_to timestamp with time zone NOT NULL DEFAULT 'infinity'::timestamp with time zone,
    capacity_kva numeric(12,3),
    CONSTRAINT customer_capacity_kva_check CHECK ((capacity_kva > (0)::numeric)),
    CONSTRAINT customer_check CHECK ((valid_from < valid_to)),
    CONSTRAINT customer_required_power_factor_check CHECK (((required_power_factor >= (0)::numeric) AND (required_power_factor <= (1)::numeric))),
    CONSTRAINT customer_response_area_check CHECK ((response_area = ANY (ARRAY['urban'::text, 'rural'::text, 'remote'::text, 'special_remote'::text]))),
    CONSTRAINT customer_target_area_check CHECK ((target_area = ANY (ARRAY['urban'::text, 'rural'::text, 'special_remote'::text]))),
    CONSTRAINT customer_user_class_check CHECK ((user_class = ANY (ARRAY['LV'::text, 'MV'::text, 'HV'::text]))),
    CONSTRAINT customer_voltage_level_mv_check CHECK ((voltage_level_mv > 0)),
    CONSTRAINT customer_pkey PRIMARY KEY (customer_id),
    CONSTRAINT customer_customer_key UNIQUE (customer)
);

CREATE TABLE customer_point (
    customer_id integer NOT NULL,
    point_id integer NOT NULL,
    CONSTRAINT customer_point_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES customer(customer_id) ON DELETE CASCADE,
    CONSTRAINT customer_point_point_id_fkey FOREIGN KEY (point_id) REFERENCES point(point_id),
    CONSTRAINT customer_point_pkey PRIMARY KEY (customer_id, point_id)
);

CREATE TABLE data_gap (
    topic text NOT NULL,
    partition integer NOT NULL,
    from_offset bigint NOT NULL,
    to_offset bigint NOT NULL,
    found_at timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT data_gap_pkey PRIMARY KEY (topic, partition, from_offset)
);

CREATE TABLE dead_letter (
    dead_letter_id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    topic text NOT NULL,
    partition integer NOT NULL,
    kafka_offset bigint NOT NULL,
    index_in_message integer NOT NULL,
    reason text NOT NULL,
    detail text NOT NULL,
    device text,
    record_at timestamp with time zone NOT NULL,
    reading jsonb,
    payload bytea,
    payload_size integer,
    published_at timestamp with time zone,
    adopted_at timestamp with time zone,
    CONSTRAINT dead_letter_pkey PRIMARY KEY (topic, partition, kafka_offset, index_in_message)
);

CREATE TABLE deadline (
    deadline_id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    reference text NOT NULL,
    promise text NOT NULL,
    subject text NOT NULL DEFAULT ''::text,
    opened_at timestamp with time zone NOT NULL,
    answered_at timestamp with time zone,
    author text NOT NULL,
    made_at timestamp with time zone NOT NULL DEFAULT now(),
    withdrawn_at timestamp with time zone,
    CONSTRAINT deadline_check CHECK ((opened_at <= answered_at)),
    CONSTRAINT deadline_reference_check CHECK ((reference <> ''::text)),
    CONSTRAINT deadline_pkey PRIMARY KEY (deadline_id)
);

CREATE TABLE declaration (
    declaration_id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL,
    ticket text NOT NULL,
    author text NOT NULL,
    approver text NOT NULL,
    cause text NOT NULL DEFAULT ''::text,
    from_at timestamp with time zone,
    to_at timestamp with time zone,
    made_at timestamp with time zone NOT NULL DEFAULT now(),
    withdrawn_at timestamp with time zone,
    outage_kind text,
    window_from timestamp with time zone,
    window_to timestamp with time zone,
    notice_at timestamp with time zone,
    notice_fields text[] NOT NULL DEFAULT '{}'::text[],
    cancelled_at timestamp with time zone,
    CONSTRAINT declaration_check CHECK (((to_at IS NULL) OR (from_at < to_at))),
    CONSTRAINT declaration_check1 CHECK ((author <> approver)),
    CONSTRAINT declaration_check2 CHECK (((outage_kind IS NULL) OR (kind = 'outage'::text))),
    CONSTRAINT declaration_check3 CHECK (((from_at IS NOT NULL) OR ((kind = 'outage'::text) AND (window_from IS NOT NULL)))),
    CONSTRAINT declaration_check4 CHECK (((to_at IS NULL) OR (from_at IS NOT NULL))),
    CONSTRAINT declaration_check5 CHECK ((window_from < window_to)),
    CONSTRAINT declaration_check6 CHECK (((window_from IS NULL) = (window_to IS NULL))),
    CONSTRAINT declaration_check7 CHECK (((cancelled_at IS NULL) OR (from_at IS NULL))),
    CONSTRAINT declaration_kind_check CHECK ((kind = ANY (ARRAY['abnormal_state'::text, 'outage'::text]))),
    CONSTRAINT declaration_notice_fields_check CHECK ((notice_fields <@ ARRAY['area'::text, 'lines'::text, 'off'::text, 'restore'::text])),
    CONSTRAINT declaration_outage_kind_check CHECK ((outage_kind = ANY (ARRAY['planned'::text, 'temporary'::text, 'emergency'::text, 'customer_request'::text, 'rationing'::text, 'fault'::text]))),
    CONSTRAINT declaration_pkey PRIMARY KEY (declaration_id)
);

CREATE TABLE declaration_scope (
    declaration_id bigint NOT NULL,
    place text NOT NULL,
    code text NOT NULL,
    CONSTRAINT declaration_scope_place_check CHECK ((place = ANY (ARRAY['organisation'::text, 'region'::text, 'substation'::text, 'feeder'::text, 'transformer'::text, 'point'::text]))),
    CONSTRAINT declaration_scope_declaration_id_fkey FOREIGN KEY (declaration_id) REFERENCES declaration(declaration_id) ON DELETE CASCADE,
    CONSTRAINT declaration_scope_pkey PRIMARY KEY (declaration_id, place, code)
);

CREATE TABLE declaration_told (
    declaration_id bigint NOT NULL,
    customer text NOT NULL,
    told_at timestamp with time zone NOT NULL,
    CONSTRAINT declaration_told_declaration_id_fkey FOREIGN KEY (declaration_id) REFERENCES declaration(declaration_id) ON DELETE CASCADE,
    CONSTRAINT declaration_told_pkey PRIMARY KEY (declaration_id, customer)
);

CREATE TABLE declared_breach (
    declaration_id bigint NOT NULL,
    point_id integer NOT NULL,
    held text NOT NULL,
    held_at timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT declared_breach_held_check CHECK ((held = ANY (ARRAY['under'::text, 'over'::text]))),
    CONSTRAINT declared_breach_declaration_id_fkey FOREIGN KEY (declaration_id) REFERENCES declaration(declaration_id) ON DELETE CASCADE,
    CONSTRAINT declared_breach_pkey PRIMARY KEY (declaration_id, point_id)
);

CREATE TABLE deployment (
    singleton boolean NOT NULL DEFAULT true,
    zone text NOT NULL,
    rule_set text NOT NULL DEFAULT 'sgcc-2003'::text,
    rule_set_checksum text NOT NULL DEFAULT ''::text,
    short_marks_from timestamp with time zone NOT NULL DEFAULT '-infinity'::timestamp with time zone,
    added_from date,
    added_before date,
    CONSTRAINT deployment_added_from_check CHECK ((EXTRACT(day FROM added_from) = (1)::numeric)),
    CONSTRAINT deployment_check CHECK (((EXTRACT(day FROM added_before) = (1)::numeric) AND (added_before > added_from))),
    CONSTRAINT deployment_check1 CHECK (((added_from IS NULL) = (added_before IS NULL))),
    CONSTRAINT deployment_singleton_check CHECK (singleton),
    CONSTRAINT deployment_pkey PRIMARY KEY (singleton)
);

CREATE TABLE device (
    device_id integer NOT NULL GENERATED ALWAYS AS IDENTITY,
    device text NOT NULL,
    point_id integer NOT NULL,
    voltage_ratio double precision NOT NULL,
    reading_kind text NOT NULL,
    interval_s integer NOT NULL,
    stamp_at text NOT NULL,
    zone text NOT NULL,
    delivery_delay_s integer NOT NULL,
    self_powered boolean NOT NULL,
    valid_from timestamp with time zone NOT NULL,
    valid_to timestamp with time zone NOT NULL DEFAULT 'infinity'::timestamp with time zone,
    concentrator text NOT NULL DEFAULT ''::text,
    zero_means text NOT NULL DEFAULT 'no_supply'::text,
    CONSTRAINT device_check CHECK ((valid_from < valid_to)),
    CONSTRAINT device_delivery_delay_s_check CHECK ((delivery_delay_s >= 0)),
    CONSTRAINT device_interval_s_check CHECK (((interval_s >= 1) AND (interval_s <= 3600))),
    CONSTRAINT device_interval_s_check1 CHECK (((mod(60, interval_s) = 0) OR (mod(interval_s, 60) = 0))),
    CONSTRAINT device_reading_kind_check CHECK ((reading_kind = ANY (ARRAY['mean'::text, 'instant'::text]))),
    CONSTRAINT device_stamp_at_check CHECK ((stamp_at = ANY (ARRAY['start'::text, 'end'::text]))),
    CONSTRAINT device_voltage_ratio_check CHECK ((voltage_ratio > (0)::double precision)),
    CONSTRAINT device_zero_means_check CHECK ((zero_means = ANY (ARRAY['no_supply'::text, 'asleep'::text, 'no_input'::text]))),
    CONSTRAINT device_point_id_fkey FOREIGN KEY (point_id) REFERENCES point(point_id),
    CONSTRAINT device_pkey PRIMARY KEY (device_id),
    CONSTRAINT device_device_valid_from_key UNIQUE (device, valid_from)
);

CREATE TABLE device_clock (
    device_id integer NOT NULL,
    day date NOT NULL,
    delay_ms bigint NOT NULL,
    CONSTRAINT device_clock_device_id_fkey FOREIGN KEY (device_id) REFERENCES device(device_id) ON DELETE CASCADE,
    CONSTRAINT device_clock_pkey PRIMARY KEY (device_id, day)
);

CREATE TABLE dirty_day (
    point_id integer NOT NULL,
    day date NOT NULL,
    generation bigint NOT NULL,
    CONSTRAINT dirty_day_pkey PRIMARY KEY (point_id, day, generation)
);

CREATE TABLE event (
    point_id integer NOT NULL,
    kind text NOT NULL,
    start_at timestamp with time zone NOT NULL,
    earliest_at timestamp with time zone NOT NULL,
    end_at timestamp with time zone,
    latest_at timestamp with time zone,
    extreme_ppm integer NOT NULL,
    phases smallint NOT NULL,
    device_id integer NOT NULL,
    CONSTRAINT event_kind_check CHECK ((kind = ANY (ARRAY['dip'::text, 'swell'::text, 'interruption'::text, 'phase_loss'::text]))),
    CONSTRAINT event_pkey PRIMARY KEY (point_id, kind, start_at)
);

CREATE TABLE evidence (
    evidence_id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    point_id integer NOT NULL,
    grade text NOT NULL,
    start_at timestamp with time zone NOT NULL,
    earliest_at timestamp with time zone NOT NULL,
    end_at timestamp with time zone,
    latest_at timestamp with time zone,
    declaration_id bigint,
    place text NOT NULL DEFAULT ''::text,
    code text NOT NULL DEFAULT ''::text,
    CONSTRAINT evidence_check CHECK (((earliest_at <= start_at) AND (start_at <= end_at) AND (end_at <= latest_at))),
    CONSTRAINT evidence_check1 CHECK (((end_at IS NULL) = (latest_at IS NULL))),
    CONSTRAINT evidence_grade_check CHECK ((grade = ANY (ARRAY['measured'::text, 'meter_event'::text, 'feeder'::text, 'declared'::text, 'inferred'::text]))),
    CONSTRAINT evidence_pkey PRIMARY KEY (evidence_id)
);

CREATE TABLE fault_call (
    call_id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    call text NOT NULL,
    customer text NOT NULL DEFAULT ''::text,
    point_id integer,
    response_area text NOT NULL,
    called_at timestamp with time zone NOT NULL,
    arrived_at timestamp with time zone,
    restored_at timestamp with time zone,
    severe_weather boolean NOT NULL DEFAULT false,
    author text NOT NULL,
    made_at timestamp with time zone NOT NULL DEFAULT now(),
    withdrawn_at timestamp with time zone,
    CONSTRAINT fault_call_call_check CHECK ((call <> ''::text)),
    CONSTRAINT fault_call_check CHECK ((called_at <= arrived_at)),
    CONSTRAINT fault_call_check1 CHECK ((called_at <= restored_at)),
    CONSTRAINT fault_call_response_area_check CHECK ((response_area = ANY (ARRAY['urban'::text, 'rural'::text, 'remote'::text, 'special_remote'::text]))),
    CONSTRAINT fault_call_point_id_fkey FOREIGN KEY (point_id) REFERENCES point(point_id),
    CONSTRAINT fault_call_pkey PRIMARY KEY (call_id)
);

CREATE TABLE interruption (
    point_id integer NOT NULL,
    start_at timestamp with time zone NOT NULL,
    earliest_at timestamp with time zone NOT NULL,
    end_at timestamp with time zone,
    latest_at timestamp with time zone,
    evidence text NOT NULL,
    cause text NOT NULL DEFAULT ''::text,
    declaration_id bigint,
    grades text[] NOT NULL,
    outage_id bigint,
    is_nested boolean NOT NULL DEFAULT false,
    CONSTRAINT interruption_check CHECK ((grades[1] = evidence)),
    CONSTRAINT interruption_evidence_check CHECK ((evidence = ANY (ARRAY['measured'::text, 'meter_event'::text, 'feeder'::text, 'declared'::text, 'inferred'::text]))),
    CONSTRAINT interruption_pkey PRIMARY KEY (point_id, start_at)
);

CREATE TABLE interruption_due (
    due_id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    point_id integer NOT NULL,
    from_at timestamp with time zone NOT NULL,
    to_at timestamp with time zone NOT NULL,
    CONSTRAINT interruption_due_check CHECK ((from_at < to_at)),
    CONSTRAINT interruption_due_pkey PRIMARY KEY (due_id)
);

CREATE TABLE judgement (
    singleton boolean NOT NULL DEFAULT true,
    number bigint NOT NULL,
    registry_number bigint NOT NULL,
    rollup_generation bigint NOT NULL,
    CONSTRAINT judgement_singleton_check CHECK (singleton),
    CONSTRAINT judgement_pkey PRIMARY KEY (singleton)
);

CREATE TABLE judgement_change (
    change_id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    number bigint NOT NULL,
    point_id integer,
    from_at timestamp with time zone NOT NULL,
    to_at timestamp with time zone NOT NULL,
    reason text NOT NULL,
    made_at timestamp with time zone NOT NULL DEFAULT now(),
    rescored_at timestamp with time zone,
    CONSTRAINT judgement_change_check CHECK ((from_at < to_at)),
    CONSTRAINT judgement_change_pkey PRIMARY KEY (change_id)
);

CREATE TABLE kept_rule_set (
    rule_set_id smallint NOT NULL GENERATED ALWAYS AS IDENTITY,
    rule_set text NOT NULL,
    checksum text NOT NULL,
    is_beside boolean NOT NULL DEFAULT true,
    CONSTRAINT kept_rule_set_pkey PRIMARY KEY (rule_set_id),
    CONSTRAINT kept_rule_set_rule_set_key UNIQUE (rule_set)
);

CREATE TABLE lane_block (
    topic text NOT NULL,
    partition integer NOT NULL,
    block integer NOT NULL,
    layout_version smallint NOT NULL,
    device_ids bytea NOT NULL,
    states bytea NOT NULL STORAGE e,
    CONSTRAINT lane_block_pkey PRIMARY KEY (topic, partition, block)
);

CREATE TABLE late_progress (
    topic text NOT NULL,
    partition integer NOT NULL,
    next_offset bigint NOT NULL,
    merged bigint NOT NULL DEFAULT 0,
    duplicate bigint NOT NULL DEFAULT 0,
    CONSTRAINT late_progress_pkey PRIMARY KEY (topic, partition)
);

CREATE TABLE late_reading (
    start_at timestamp with time zone NOT NULL,
    kafka_offset bigint NOT NULL,
    partition integer NOT NULL,
    index_in_message integer NOT NULL,
    device_id integer NOT NULL,
    quality smallint NOT NULL,
    topic text NOT NULL,
    v1 double precision,
    v2 double precision,
    v3 double precision,
    p_w double precision,
    q_var double precision
);

CREATE TABLE meter_event (
    point_id integer NOT NULL,
    device_id integer NOT NULL,
    event text NOT NULL,
    at timestamp with time zone NOT NULL,
    until_at timestamp with time zone NOT NULL,
    arrived_at timestamp with time zone NOT NULL,
    n_copies integer NOT NULL DEFAULT 1,
    CONSTRAINT meter_event_check CHECK (((until_at = at) OR ((event = 'power_failure_log'::text) AND (until_at > at)))),
    CONSTRAINT meter_event_event_check CHECK ((event = ANY (ARRAY['power_off'::text, 'power_on'::text, 'last_gasp'::text, 'restored'::text, 'power_failure_log'::text]))),
    CONSTRAINT meter_event_pkey PRIMARY KEY (point_id, at, event, until_at, device_id)
);

CREATE TABLE month_due (
    point_id integer NOT NULL,
    month date NOT NULL,
    CONSTRAINT month_due_pkey PRIMARY KEY (point_id, month)
);

CREATE TABLE outage (
    outage_id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    place text NOT NULL,
    code text NOT NULL,
    feeder text NOT NULL,
    earliest_at timestamp with time zone NOT NULL,
    start_at timestamp with time zone NOT NULL,
    end_at timestamp with time zone,
    last_end_at timestamp with time zone,
    evidence text NOT NULL,
    cause text NOT NULL DEFAULT ''::text,
    declaration_id bigint,
    n_points integer NOT NULL,
    n_nested integer NOT NULL,
    n_customers integer NOT NULL,
    CONSTRAINT outage_place_check CHECK ((place = ANY (ARRAY['feeder'::text, 'transformer'::text, 'point'::text]))),
    CONSTRAINT outage_pkey PRIMARY KEY (outage_id)
);

CREATE TABLE outage_alert (
    alert_id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    outage_id bigint NOT NULL,
    kind text NOT NULL,
    organisation text NOT NULL,
    region text NOT NULL,
    feeder text NOT NULL,
    start_at timestamp with time zone NOT NULL,
    noted_at timestamp with time zone NOT NULL,
    ready_at timestamp with time zone,
    told_at timestamp with time zone,
    reason text,
    over_at timestamp with time zone,
    declaration_id bigint,
    n_points integer NOT NULL,
    n_customers integer NOT NULL,
    CONSTRAINT outage_alert_check CHECK (((told_at IS NULL) OR (reason IS NULL))),
    CONSTRAINT outage_alert_kind_check CHECK ((kind = ANY (ARRAY['interruption'::text, 'overrun'::text]))),
    CONSTRAINT outage_alert_reason_check CHECK ((reason = ANY (ARRAY['declared_window'::text, 'no_meter_evidence'::text, 'stale'::text, 'reclosed'::text, 'below_threshold'::text, 'feeder_outage'::text, 'storm'::text]))),
    CONSTRAINT outage_alert_pkey PRIMARY KEY (alert_id)
);

CREATE TABLE page (
    hour timestamp with time zone NOT NULL,
    judgement bigint NOT NULL,
    point_id integer NOT NULL,
    nominal_mv integer NOT NULL,
    revision integer NOT NULL,
    interval_s smallint NOT NULL,
    n_phases smallint NOT NULL,
    n_missing smallint NOT NULL,
    n_pass smallint NOT NULL,
    n_over smallint NOT NULL,
    n_under smallint NOT NULL,
    n_interrupted smallint NOT NULL,
    n_exempt smallint NOT NULL,
    n_invalid smallint NOT NULL,
    cell_min smallint,
    cell_max smallint,
    spread_min smallint,
    spread_max smallint,
    cells bytea NOT NULL STORAGE p,
    marks bytea NOT NULL STORAGE p,
    verdicts bytea,
    phase_counts bytea,
    power_s smallint,
    active_ws bigint,
    reactive_vars bigint,
    CONSTRAINT page_pkey PRIMARY KEY (point_id, hour)
) WITH (fillfactor=50);

CREATE TABLE partition_progress (
    topic text NOT NULL,
    partition integer NOT NULL,
    epoch bigint NOT NULL,
    next_offset bigint,
    owner text NOT NULL,
    consumed bigint NOT NULL DEFAULT 0,
    folded bigint NOT NULL DEFAULT 0,
    duplicate bigint NOT NULL DEFAULT 0,
    late bigint NOT NULL DEFAULT 0,
    invalid bigint NOT NULL DEFAULT 0,
    dead_lettered bigint NOT NULL DEFAULT 0,
    data_through timestamp with time zone,
    stored_at timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT partition_progress_check CHECK ((consumed = ((((folded + duplicate) + late) + invalid) + dead_lettered))),
    CONSTRAINT partition_progress_pkey PRIMARY KEY (topic, partition)
);

CREATE TABLE partition_retirement (
    retirement_id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    topic text NOT NULL,
    partition integer NOT NULL,
    is_retired boolean NOT NULL,
    next_offset bigint,
    made_by text NOT NULL,
    reason text NOT NULL,
    made_at timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT partition_retirement_made_by_check CHECK ((made_by <> ''::text)),
    CONSTRAINT partition_retirement_reason_check CHECK ((reason <> ''::text)),
    CONSTRAINT partition_retirement_pkey PRIMARY KEY (retirement_id)
);

CREATE TABLE point (
    point_id integer NOT NULL GENERATED ALWAYS AS IDENTITY,
    point text NOT NULL,
    nominal_mv bigint NOT NULL,
    wiring text NOT NULL,
    organisation text NOT NULL DEFAULT ''::text,
    organisation_name text NOT NULL DEFAULT ''::text,
    region text NOT NULL DEFAULT ''::text,
    region_name text NOT NULL DEFAULT ''::text,
    substation text NOT NULL DEFAULT ''::text,
    substation_name text NOT NULL DEFAULT ''::text,
    feeder text NOT NULL DEFAULT ''::text,
    feeder_name text NOT NULL DEFAULT ''::text,
    transformer text NOT NULL DEFAULT ''::text,
    transformer_name text NOT NULL DEFAULT ''::text,
    class text NOT NULL,
    band_lower smallint,
    band_upper smallint,
    valid_from timestamp with time zone NOT NULL,
    valid_to timestamp with time zone NOT NULL DEFAULT 'infinity'::timestamp with time zone,
    is_terminal boolean NOT NULL DEFAULT false,
    is_feeder_head boolean NOT NULL DEFAULT false,
    CONSTRAINT point_check CHECK ((valid_from < valid_to)),
    CONSTRAINT point_check1 CHECK (((band_lower IS NULL) = (band_upper IS NULL))),
    CONSTRAINT point_check2 CHECK ((band_lower < band_upper)),
    CONSTRAINT point_class_check CHECK ((class = ANY (ARRAY['A'::text, 'B'::text, 'C'::text, 'D'::text]))),
    CONSTRAINT point_nominal_mv_check CHECK (((nominal_mv >= 1000) AND (nominal_mv <= 2000000000))),
    CONSTRAINT point_point_check CHECK ((point <> ''::text)),
    CONSTRAINT point_wiring_check CHECK ((wiring = ANY (ARRAY['1p'::text, '3p4w'::text, '3p3w'::text]))),
    CONSTRAINT point_pkey PRIMARY KEY (point_id),
    CONSTRAINT point_point_key UNIQUE (point)
);

CREATE TABLE point_day (
    point_id integer NOT NULL,
    day date NOT NULL,
    n_pass integer NOT NULL,
    n_over integer NOT NULL,
    n_under integer NOT NULL,
    n_interrupted integer NOT NULL,
    n_exempt integer NOT NULL,
    n_invalid integer NOT NULL,
    cell_min smallint,
    cell_max smallint,
    spread_min smallint,
    spread_max smallint,
    interval_s smallint NOT NULL,
    CONSTRAINT point_day_pkey PRIMARY KEY (point_id, day)
);

CREATE TABLE point_day_beside (
    rule_set_id smallint NOT NULL,
    point_id integer NOT NULL,
    day date NOT NULL,
    n_pass smallint NOT NULL,
    n_over smallint NOT NULL,
    n_under smallint NOT NULL,
    n_interrupted smallint NOT NULL,
    n_exempt smallint NOT NULL,
    n_invalid smallint NOT NULL,
    CONSTRAINT point_day_beside_rule_set_id_fkey FOREIGN KEY (rule_set_id) REFERENCES kept_rule_set(rule_set_id) ON DELETE CASCADE,
    CONSTRAINT point_day_beside_pkey PRIMARY KEY (point_id, day, rule_set_id)
);

CREATE TABLE point_month (
    point_id integer NOT NULL,
    month date NOT NULL,
    n_pass integer NOT NULL,
    n_over integer NOT NULL,
    n_under integer NOT NULL,
    n_interrupted integer NOT NULL,
    n_exempt integer NOT NULL,
    n_invalid integer NOT NULL,
    interval_s smallint NOT NULL,
    CONSTRAINT point_month_month_check CHECK ((EXTRACT(day FROM month) = (1)::numeric)),
    CONSTRAINT point_month_pkey PRIMARY KEY (month, point_id)
);

CREATE TABLE point_week (
    point_id integer NOT NULL,
    week date NOT NULL,
    n_values integer NOT NULL,
    cell_v1 smallint,
    cell_v5 smallint,
    cell_v95 smallint,
    cell_v99 smallint,
    interval_s smallint NOT NULL,
    CONSTRAINT point_week_pkey PRIMARY KEY (point_id, week)
);

CREATE TABLE point_week_limit (
    rule_set_id smallint NOT NULL,
    point_id integer NOT NULL,
    week date NOT NULL,
    limit_no smallint NOT NULL,
    n_due integer NOT NULL,
    n_values integer NOT NULL,
    n_outside integer NOT NULL,
    n_flagged integer NOT NULL,
    CONSTRAINT point_week_limit_rule_set_id_fkey FOREIGN KEY (rule_set_id) REFERENCES kept_rule_set(rule_set_id) ON DELETE CASCADE,
    CONSTRAINT point_week_limit_pkey PRIMARY KEY (point_id, week, rule_set_id, limit_no)
);

CREATE TABLE power_factor_due (
    month date NOT NULL,
    CONSTRAINT power_factor_due_pkey PRIMARY KEY (month)
);

CREATE TABLE power_factor_exemption (
    point_id integer NOT NULL,
    month date NOT NULL,
    power_factor numeric(5,4) NOT NULL,
    required numeric(4,3) NOT NULL,
    CONSTRAINT power_factor_exemption_point_id_fkey FOREIGN KEY (point_id) REFERENCES point(point_id),
    CONSTRAINT power_factor_exemption_pkey PRIMARY KEY (point_id, month)
);

CREATE TABLE register_change (
    change_id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    record text NOT NULL,
    record_id bigint NOT NULL,
    action text NOT NULL,
    made_by text NOT NULL,
    made_at timestamp with time zone NOT NULL DEFAULT now(),
    before jsonb,
    after jsonb NOT NULL,
    CONSTRAINT register_change_action_check CHECK ((action = ANY (ARRAY['made'::text, 'changed'::text, 'withdrawn'::text, 'reclassified'::text]))),
    CONSTRAINT register_change_record_check CHECK ((record = ANY (ARRAY['declaration'::text, 'fault_call'::text, 'deadline'::text]))),
    CONSTRAINT register_change_pkey PRIMARY KEY (change_id)
);

CREATE TABLE report_sign_off (
    sign_off_id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    report text NOT NULL,
    month text NOT NULL,
    from_day date NOT NULL,
    to_day date NOT NULL,
    revision integer NOT NULL,
    signed_by text NOT NULL,
    approver text NOT NULL,
    signed_at timestamp with time zone NOT NULL DEFAULT now(),
    rule_set text NOT NULL,
    rule_set_checksum text NOT NULL,
    judgement bigint NOT NULL,
    data_through timestamp with time zone NOT NULL,
    digest text NOT NULL,
    figures jsonb NOT NULL,
    CONSTRAINT report_sign_off_approver_check CHECK ((approver <> ''::text)),
    CONSTRAINT report_sign_off_check CHECK ((from_day < to_day)),
    CONSTRAINT report_sign_off_check1 CHECK ((signed_by <> approver)),
    CONSTRAINT report_sign_off_digest_check CHECK ((digest ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT report_sign_off_month_check CHECK ((month ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'::text)),
    CONSTRAINT report_sign_off_report_check CHECK ((report = ANY (ARRAY['voltage'::text, 'supply'::text]))),
    CONSTRAINT report_sign_off_revision_check CHECK ((revision >= 1)),
    CONSTRAINT report_sign_off_signed_by_check CHECK ((signed_by <> ''::text)),
    CONSTRAINT report_sign_off_pkey PRIMARY KEY (sign_off_id),
    CONSTRAINT report_sign_off_report_from_day_to_day_revision_key UNIQUE (report, from_day, to_day, revision)
);

CREATE TABLE reporting (
    place text NOT NULL,
    code text NOT NULL,
    slot_at timestamp with time zone NOT NULL,
    n_due integer NOT NULL,
    n_reporting integer NOT NULL,
    n_interrupted integer NOT NULL,
    is_short boolean NOT NULL,
    CONSTRAINT reporting_place_check CHECK ((place = ANY (ARRAY['concentrator'::text, 'transformer'::text, 'feeder'::text, 'deployment'::text]))),
    CONSTRAINT reporting_pkey PRIMARY KEY (place, code, slot_at)
);

CREATE TABLE reporting_partition (
    topic text NOT NULL,
    partition integer NOT NULL,
    data_through timestamp with time zone NOT NULL,
    moved_at timestamp with time zone NOT NULL,
    CONSTRAINT reporting_partition_pkey PRIMARY KEY (topic, partition)
);

CREATE TABLE week_due (
    point_id integer NOT NULL,
    week date NOT NULL,
    CONSTRAINT week_due_pkey PRIMARY KEY (week, point_id)
);

CREATE INDEX api_key_change_key ON public.api_key_change USING btree (key_id);

CREATE INDEX communication_incident_from ON public.communication_incident USING btree (from_at);

CREATE UNIQUE INDEX communication_incident_open ON public.communication_incident USING btree (place, code) WHERE (to_at IS NULL);

CREATE INDEX customer_point_point ON public.customer_point USING btree (point_id);

CREATE INDEX dead_letter_unknown ON public.dead_letter USING btree (device) WHERE ((reason = 'unknown_device'::text) AND (adopted_at IS NULL));

CREATE INDEX dead_letter_unpublished ON public.dead_letter USING btree (topic, partition) WHERE (published_at IS NULL);

CREATE INDEX deadline_opened ON public.deadline USING btree (opened_at);

CREATE UNIQUE INDEX deadline_reference ON public.deadline USING btree (reference) WHERE (withdrawn_at IS NULL);

CREATE INDEX declaration_ticket ON public.declaration USING btree (ticket);

CREATE UNIQUE INDEX declaration_ticket_kind ON public.declaration USING btree (ticket, outage_kind) WHERE ((outage_kind IS NOT NULL) AND (withdrawn_at IS NULL));

CREATE INDEX device_clock_day ON public.device_clock USING btree (day);

CREATE INDEX device_concentrator ON public.device USING btree (concentrator);

CREATE INDEX device_point ON public.device USING btree (point_id);

CREATE INDEX event_start ON public.event USING btree (start_at);

CREATE INDEX evidence_point ON public.evidence USING btree (point_id, start_at);

CREATE UNIQUE INDEX fault_call_call ON public.fault_call USING btree (call) WHERE (withdrawn_at IS NULL);

CREATE INDEX fault_call_called ON public.fault_call USING btree (called_at);

CREATE INDEX interruption_declaration ON public.interruption USING btree (declaration_id) WHERE (declaration_id IS NOT NULL);

CREATE INDEX interruption_due_point ON public.interruption_due USING btree (point_id);

CREATE INDEX interruption_open ON public.interruption USING btree (point_id) WHERE (end_at IS NULL);

CREATE INDEX interruption_outage ON public.interruption USING btree (outage_id);

CREATE INDEX interruption_start ON public.interruption USING btree (start_at);

CREATE INDEX judgement_change_open ON public.judgement_change USING btree (number) WHERE (rescored_at IS NULL);

CREATE INDEX late_reading_device ON public.late_reading USING btree (device_id, start_at);

CREATE INDEX late_reading_offset ON public.late_reading USING btree (topic, partition, kafka_offset);

CREATE INDEX meter_event_until ON public.meter_event USING btree (until_at);

CREATE INDEX outage_alert_noted ON public.outage_alert USING btree (noted_at);

CREATE UNIQUE INDEX outage_alert_open ON public.outage_alert USING btree (outage_id, kind) WHERE (over_at IS NULL);

CREATE INDEX outage_alert_ready ON public.outage_alert USING btree (ready_at) WHERE (ready_at IS NOT NULL);

CREATE INDEX outage_feeder ON public.outage USING btree (feeder, start_at);

CREATE INDEX outage_open ON public.outage USING btree (outage_id) WHERE (last_end_at IS NULL);

CREATE INDEX outage_start ON public.outage USING btree (start_at);

CREATE INDEX partition_retirement_partition ON public.partition_retirement USING btree (topic, partition);

CREATE INDEX point_feeder ON public.point USING btree (feeder);

CREATE INDEX point_transformer ON public.point USING btree (transformer);

CREATE INDEX point_valid_from ON public.point USING btree (valid_from);

CREATE INDEX register_change_record ON public.register_change USING btree (record, record_id);

CREATE INDEX reporting_slot ON public.reporting USING btree (slot_at);

CREATE VIEW v_announced_outage AS
 SELECT outage.declaration_id,
    outage.ticket,
    outage.outage_kind,
    outage.cause,
    outage.window_from,
    outage.window_to,
    outage.notice_at,
    outage.notice_fields,
    (EXTRACT(epoch FROM COALESCE(outage.window_from, outage.from_at) - outage.notice_at) / 3600::numeric)::double precision AS notice_hours,
    outage.is_cancelled,
    outage.from_at,
    outage.to_at,
        CASE
            WHEN outage.from_at IS NOT NULL THEN (EXTRACT(epoch FROM GREATEST(outage.window_from - outage.from_at, '00:00:00'::interval)) / 60::numeric)::double precision
            ELSE NULL::double precision
        END AS early_minutes,
        CASE
            WHEN outage.from_at IS NOT NULL THEN (EXTRACT(epoch FROM GREATEST(COALESCE(outage.to_at, v_watermark.data_through) - outage.window_to, '00:00:00'::interval)) / 60::numeric)::double precision
            ELSE NULL::double precision
        END AS late_minutes,
    (( SELECT count(*) AS count
           FROM declaration_told told
          WHERE told.declaration_id = outage.declaration_id))::integer AS n_told
   FROM v_register_outage outage
     CROSS JOIN v_watermark
  WHERE outage.outage_kind = ANY (ARRAY['planned'::text, 'temporary'::text]);

CREATE VIEW v_calendar AS
 SELECT beginning.first_day + nth.nth AS day,
    bounds.from_at,
    bounds.to_at,
    v_watermark.data_through
   FROM deployment
     CROSS JOIN v_watermark
     CROSS JOIN LATERAL ( SELECT (min(point.valid_from) AT TIME ZONE deployment.zone)::date AS first_day
           FROM point) beginning
     CROSS JOIN LATERAL generate_series(0, ((v_watermark.data_through - '00:00:00.000001'::interval) AT TIME ZONE deployment.zone)::date - beginning.first_day) nth(nth)
     CROSS JOIN LATERAL ( SELECT day_start(beginning.first_day + nth.nth, deployment.zone) AS from_at,
            day_start(beginning.first_day + nth.nth + 1, deployment.zone) AS to_at
         OFFSET 0) bounds
  WHERE bounds.from_at < bounds.to_at;

CREATE VIEW v_communication_incident AS
 SELECT incident.incident_id,
    incident.place,
    incident.code,
    incident.from_at,
    incident.to_at,
    incident.to_at IS NULL AS is_open,
    EXTRACT(epoch FROM COALESCE(incident.to_at, GREATEST(v_watermark.data_through, incident.from_at)) - incident.from_at)::double precision AS duration_s,
    incident.against,
    incident.n_due,
    incident.n_usual,
    incident.n_silent,
    listed.n_points,
    listed.n_held,
    listed.n_interrupted
   FROM communication_incident incident
     CROSS JOIN v_watermark
     CROSS JOIN LATERAL ( SELECT count(*)::integer AS n_points,
            count(silent.held)::integer AS n_held,
            count(*) FILTER (WHERE (EXISTS ( SELECT
                   FROM interruption
                  WHERE interruption.point_id = silent.point_id AND interruption.earliest_at < silent.silent_to AND COALESCE(interruption.latest_at, 'infinity'::timestamp with time zone) > silent.silent_from)))::integer AS n_interrupted
           FROM communication_incident_point silent
          WHERE silent.incident_id = incident.incident_id) listed;

CREATE VIEW v_counted_interruption AS
 SELECT point_id,
    start_at,
    earliest_at,
    end_at,
    latest_at,
    evidence,
    cause,
    declaration_id,
    grades,
    outage_id,
    is_nested
   FROM interruption
  WHERE evidence <> 'inferred'::text;

CREATE VIEW v_customer_place AS
 SELECT DISTINCT ON (customer.customer_id) customer.customer_id,
    customer.customer,
    customer.voltage_level_mv,
    customer.residential,
    customer.important,
    customer.user_class,
    customer.required_power_factor,
    customer.target_area,
    customer.response_area,
    customer.valid_from,
    customer.valid_to,
    customer.capacity_kva,
    point.organisation,
    point.region,
    point.substation,
    point.feeder,
    point.transformer
   FROM customer
     JOIN customer_point USING (customer_id)
     JOIN point USING (point_id)
  ORDER BY customer.customer_id, customer_point.point_id;

CREATE VIEW v_dark_interruption AS
 SELECT point_id,
    start_at,
    earliest_at,
    end_at,
    latest_at,
    evidence,
    cause,
    declaration_id,
    grades,
    outage_id,
    is_nested
   FROM interruption
  WHERE grades && ARRAY['meter_event'::text, 'feeder'::text] OR grades && ARRAY['measured'::text] AND end_at IS NOT NULL;

CREATE VIEW v_declaration_point AS
 SELECT declaration.declaration_id,
    declaration.kind,
    declaration.from_at,
    COALESCE(declaration.to_at, 'infinity'::timestamp with time zone) AS to_at,
    place_point.point_id
   FROM declaration
     JOIN declaration_scope USING (declaration_id)
     JOIN v_place_point place_point USING (place, code)
  WHERE declaration.withdrawn_at IS NULL AND declaration.from_at IS NOT NULL;

CREATE VIEW v_declared_window AS
 SELECT declaration_id,
    kind,
    made_at,
    COALESCE(window_from, from_at) AS from_at,
    COALESCE(window_to, to_at, 'infinity'::timestamp with time zone) AS to_at
   FROM declaration
  WHERE withdrawn_at IS NULL AND cancelled_at IS NULL AND outage_kind IS DISTINCT FROM 'fault'::text;

CREATE VIEW v_device_clock AS
 WITH reached AS (
         SELECT max(device_clock.day) AS day
           FROM device_clock
        ), newest AS (
         SELECT DISTINCT ON (device_clock.device_id) device_clock.device_id,
            device_clock.day,
            device_clock.delay_ms
           FROM reached
             JOIN device_clock ON device_clock.day > (reached.day - 2)
          ORDER BY device_clock.device_id, device_clock.day DESC
        ), heard AS (
         SELECT DISTINCT ON (device.device) device.device_id,
            device.device,
            device.concentrator,
            device.delivery_delay_s,
            point.point,
            point.organisation,
            point.region,
            point.feeder,
            newest.day,
            newest.delay_ms
           FROM newest
             JOIN device USING (device_id)
             JOIN point USING (point_id)
          WHERE device.valid_to > newest.day
          ORDER BY device.device, device.valid_from DESC
        ), usual AS (
         SELECT heard_1.concentrator,
            percentile_disc(0.5::double precision) WITHIN GROUP (ORDER BY heard_1.delay_ms) AS delay_ms
           FROM heard heard_1
          WHERE heard_1.concentrator <> ''::text
          GROUP BY heard_1.concentrator
         HAVING count(*) >= 5
        )
 SELECT heard.device_id,
    heard.device,
    heard.point,
    heard.organisation,
    heard.region,
    heard.feeder,
    heard.concentrator,
    heard.delivery_delay_s,
    heard.day,
    heard.delay_ms,
    usual.delay_ms AS usual_delay_ms
   FROM heard
     LEFT JOIN usual USING (concentrator);

CREATE VIEW v_event AS
 SELECT point.point,
    event.point_id,
    point.organisation,
    point.region,
    point.substation,
    point.feeder,
    point.transformer,
    point.class,
    event.kind,
    event.start_at,
    event.end_at,
    event.end_at IS NULL AS is_open,
    EXTRACT(epoch FROM COALESCE(event.end_at, GREATEST(v_watermark.data_through, event.start_at)) - event.start_at)::double precision AS duration_s,
    event.earliest_at,
    event.latest_at,
    event.extreme_ppm::double precision / 10000.0::double precision AS extreme_percent,
    (event.phases::integer & 1) = 1 AS phase_1,
    (event.phases::integer & 2) = 2 AS phase_2,
    (event.phases::integer & 4) = 4 AS phase_3,
    device.device
   FROM event
     JOIN point USING (point_id)
     CROSS JOIN v_watermark
     LEFT JOIN device USING (device_id, point_id);

CREATE VIEW v_exemption AS
 SELECT point_id,
    month
   FROM power_factor_exemption exemption
  WHERE NOT (EXISTS ( SELECT
           FROM customer_point
             JOIN customer USING (customer_id)
          WHERE customer_point.point_id = exemption.point_id AND customer.residential));

CREATE VIEW v_fault_call AS
 SELECT fault_call.call_id,
    fault_call.call,
    COALESCE(point.organisation, place.organisation, ''::text) AS organisation,
    COALESCE(point.region, place.region, ''::text) AS region,
    COALESCE(point.substation, place.substation, ''::text) AS substation,
    COALESCE(point.feeder, place.feeder, ''::text) AS feeder,
    COALESCE(point.transformer, place.transformer, ''::text) AS transformer,
    fault_call.response_area,
    fault_call.called_at,
    fault_call.arrived_at,
    fault_call.restored_at,
    fault_call.severe_weather,
    COALESCE(fault_call.arrived_at, fault_call.restored_at) IS NULL AS is_waiting,
    (EXTRACT(epoch FROM COALESCE(fault_call.arrived_at, fault_call.restored_at, GREATEST(v_watermark.data_through, fault_call.called_at)) - fault_call.called_at) / 60::numeric)::double precision AS arrival_minutes,
    (EXTRACT(epoch FROM GREATEST(COALESCE(fault_call.restored_at, v_watermark.data_through), fault_call.arrived_at) - fault_call.arrived_at) / 60::numeric)::double precision AS restoration_minutes
   FROM fault_call
     CROSS JOIN v_watermark
     LEFT JOIN point USING (point_id)
     LEFT JOIN v_customer_place place USING (customer)
  WHERE fault_call.withdrawn_at IS NULL;

CREATE VIEW v_held_alert AS
 SELECT 'interruption'::text AS rule,
    'outage-'::text || outage_alert.alert_id AS held_alert,
    outage_alert.kind = 'overrun'::text AS is_overrun,
    outage_alert.organisation,
    outage_alert.region,
    outage_alert.feeder,
    NULL::text AS point,
    outage_alert.reason,
    COALESCE(outage_alert.ready_at, outage_alert.noted_at) AS held_from,
    outage_alert.over_at AS held_to,
    outage_alert.start_at,
    outage_alert.outage_id,
    outage_alert.declaration_id,
    NULL::bigint AS incident_id,
    outage_alert.n_points,
    outage_alert.n_customers
   FROM outage_alert
  WHERE outage_alert.reason IS NOT NULL AND outage_alert.told_at IS NULL
UNION ALL
 SELECT
        CASE silent.held
            WHEN 'high'::text THEN 'high_voltage'::text
            ELSE 'tolerance_breach'::text
        END AS rule,
    (('incident-'::text || silent.incident_id) || '-'::text) || silent.point_id AS held_alert,
    false AS is_overrun,
    point.organisation,
    point.region,
    point.feeder,
    point.point,
    'communication_incident'::text AS reason,
    silent.silent_from AS held_from,
        CASE
            WHEN incident.to_at IS NULL THEN NULL::timestamp with time zone
            ELSE silent.silent_to
        END AS held_to,
    silent.silent_from AS start_at,
    NULL::bigint AS outage_id,
    NULL::bigint AS declaration_id,
    silent.incident_id,
    1 AS n_points,
    (( SELECT count(*) AS count
           FROM customer_point
          WHERE customer_point.point_id = silent.point_id))::integer AS n_customers
   FROM communication_incident_point silent
     JOIN communication_incident incident USING (incident_id)
     JOIN point USING (point_id)
  WHERE silent.held IS NOT NULL
UNION ALL
 SELECT 'tolerance_breach'::text AS rule,
    (('declared-'::text || declared_breach.declaration_id) || '-'::text) || declared_breach.point_id AS held_alert,
    false AS is_overrun,
    point.organisation,
    point.region,
    point.feeder,
    point.point,
    'declared_window'::text AS reason,
    declared_breach.held_at AS held_from,
        CASE
            WHEN w.to_at > now() THEN NULL::timestamp with time zone
            ELSE w.to_at
        END AS held_to,
    declared_breach.held_at AS start_at,
    NULL::bigint AS outage_id,
    declared_breach.declaration_id,
    NULL::bigint AS incident_id,
    1 AS n_points,
    (( SELECT count(*) AS count
           FROM customer_point
          WHERE customer_point.point_id = declared_breach.point_id))::integer AS n_customers
   FROM declared_breach
     JOIN point USING (point_id)
     LEFT JOIN v_declared_window w USING (declaration_id);

CREATE VIEW v_interruption AS
 SELECT point.point,
    interruption.point_id,
    point.organisation,
    point.region,
    point.substation,
    point.feeder,
    point.transformer,
    point.class,
    interruption.start_at,
    interruption.end_at,
    interruption.end_at IS NULL AS is_open,
    EXTRACT(epoch FROM COALESCE(interruption.end_at, GREATEST(v_watermark.data_through, interruption.start_at)) - interruption.start_at)::double precision AS duration_s,
    interruption.earliest_at,
    interruption.latest_at,
    interruption.evidence,
    interruption.cause,
    declaration.ticket,
    ( SELECT count(*) AS count
           FROM customer_point
          WHERE customer_point.point_id = interruption.point_id) AS n_customers,
    interruption.grades,
    interruption.outage_id,
    interruption.is_nested
   FROM interruption
     JOIN point USING (point_id)
     CROSS JOIN v_watermark
     LEFT JOIN declaration USING (declaration_id);

CREATE VIEW v_interruption_month AS
 SELECT month.from_day AS month,
    v_interruption.organisation,
    v_interruption.region,
    v_interruption.substation,
    v_interruption.feeder,
    COALESCE(NULLIF(v_interruption.cause, ''::text), 'unknown'::text) AS cause,
    v_interruption.evidence,
    COALESCE(sum(v_interruption.n_customers) FILTER (WHERE v_interruption.start_at >= month.from_at), 0::numeric)::bigint AS n_customer_interruptions,
    sum(v_interruption.n_customers::numeric * EXTRACT(epoch FROM LEAST(dark.to_at, month.to_at) - GREATEST(v_interruption.start_at, month.from_at)) / 60::numeric)::double precision AS customer_minutes
   FROM v_interruption
     CROSS JOIN deployment
     CROSS JOIN LATERAL ( SELECT v_interruption.start_at + v_interruption.duration_s * '00:00:01'::interval AS to_at) dark
     CROSS JOIN LATERAL ( SELECT first.first::date AS from_day,
            day_start(first.first::date, deployment.zone) AS from_at,
            day_start((first.first + '1 mon'::interval)::date, deployment.zone) AS to_at
           FROM generate_series(date_trunc('month'::text, (v_interruption.start_at AT TIME ZONE deployment.zone)), ((dark.to_at - '00:00:00.000001'::interval) AT TIME ZONE deployment.zone), '1 mon'::interval) first(first)) month
  WHERE v_interruption.evidence <> 'inferred'::text
  GROUP BY month.from_day, v_interruption.organisation, v_interruption.region, v_interruption.substation, v_interruption.feeder, v_interruption.cause, v_interruption.evidence;

CREATE VIEW v_outage AS
 SELECT outage.outage_id,
    outage.place,
    outage.code,
    outage.feeder,
    outage.earliest_at,
    outage.start_at,
    outage.end_at,
    outage.last_end_at,
    outage.evidence,
    outage.cause,
    outage.declaration_id,
    outage.n_points,
    outage.n_nested,
    outage.n_customers,
    outage.end_at IS NULL AS is_open,
    EXTRACT(epoch FROM COALESCE(outage.end_at, GREATEST(v_watermark.data_through, outage.start_at)) - outage.start_at)::double precision AS duration_s,
    declaration.ticket
   FROM outage
     CROSS JOIN v_watermark
     LEFT JOIN declaration USING (declaration_id);

CREATE VIEW v_place_point AS
 SELECT 'point'::text AS place,
    point.point AS code,
    point.point_id
   FROM point
UNION ALL
 SELECT 'transformer'::text AS place,
    point.transformer AS code,
    point.point_id
   FROM point
  WHERE point.transformer <> ''::text
UNION ALL
 SELECT 'feeder'::text AS place,
    point.feeder AS code,
    point.point_id
   FROM point
  WHERE point.feeder <> ''::text
UNION ALL
 SELECT 'substation'::text AS place,
    point.substation AS code,
    point.point_id
   FROM point
  WHERE point.substation <> ''::text
UNION ALL
 SELECT 'region'::text AS place,
    point.region AS code,
    point.point_id
   FROM point
  WHERE point.region <> ''::text
UNION ALL
 SELECT 'organisation'::text AS place,
    point.organisation AS code,
    point.point_id
   FROM point
  WHERE point.organisation <> ''::text;

CREATE VIEW v_point_day AS
 SELECT point,
    point_id,
    day,
    organisation,
    region,
    substation,
    feeder,
    transformer,
    class,
    n_due,
    n_pass,
    n_over,
    n_under,
    n_interrupted,
    n_exempt,
    n_invalid,
    n_missing,
    n_pass::double precision / NULLIF(n_pass + n_over + n_under, 0)::double precision AS rate,
    n_pass::double precision / NULLIF(n_pass + n_over + n_under + n_missing + n_invalid, 0)::double precision AS lower,
    (n_pass + n_missing)::double precision / NULLIF(n_pass + n_over + n_under + n_missing + n_invalid, 0)::double precision AS upper,
    (n_pass + n_over + n_under)::double precision / NULLIF(n_pass + n_over + n_under + n_missing + n_invalid, 0)::double precision AS coverage,
    cell_min::double precision / 100.0::double precision AS deviation_min_percent,
    cell_max::double precision / 100.0::double precision AS deviation_max_percent,
    spread_min::double precision / 100.0::double precision AS spread_min_percent,
    spread_max::double precision / 100.0::double precision AS spread_max_percent,
    interval_s,
        CASE
            WHEN interval_s <= 60 THEN 'continuous'::text
            WHEN interval_s > 60 THEN 'sampled'::text
            ELSE NULL::text
        END AS method
   FROM ( SELECT point.point_id,
            point.point,
            point.nominal_mv,
            point.wiring,
            point.organisation,
            point.organisation_name,
            point.region,
            point.region_name,
            point.substation,
            point.substation_name,
            point.feeder,
            point.feeder_name,
            point.transformer,
            point.transformer_name,
            point.class,
            point.band_lower,
            point.band_upper,
            point.valid_from,
            point.valid_to,
            calendar.day,
            span.n_due,
            tally.n_pass,
            tally.n_over,
            tally.n_under,
            tally.n_interrupted,
            tally.n_exempt,
            tally.n_invalid,
            tally.cell_min,
            tally.cell_max,
            tally.spread_min,
            tally.spread_max,
            tally.interval_s,
            GREATEST(0, span.n_due - tally.n_pass - tally.n_over - tally.n_under - tally.n_interrupted - tally.n_exempt - tally.n_invalid) AS n_missing
           FROM v_calendar calendar
             JOIN point ON point.valid_from < LEAST(calendar.to_at, calendar.data_through) AND point.valid_to > calendar.from_at
             CROSS JOIN LATERAL ( SELECT GREATEST(point.valid_from, calendar.from_at) AS from_at,
                    LEAST(point.valid_to, calendar.to_at) AS to_at,
                    (EXTRACT(epoch FROM LEAST(point.valid_to, calendar.to_at, calendar.data_through) - GREATEST(point.valid_from, calendar.from_at)) / 60::numeric)::integer AS n_due
                 OFFSET 0) span
             LEFT JOIN point_day stored ON stored.point_id = point.point_id AND stored.day = calendar.day AND calendar.to_at <= calendar.data_through AND NOT (EXISTS ( SELECT
                   FROM dirty_day dirty
                  WHERE dirty.point_id = stored.point_id AND dirty.day = stored.day))
             CROSS JOIN LATERAL count_minutes(
                CASE
                    WHEN stored.point_id IS NULL THEN point.point_id
                    ELSE NULL::integer
                END, span.from_at, span.to_at, calendar.data_through) live(n_pages, n_pass, n_over, n_under, n_interrupted, n_exempt, n_invalid, cell_min, cell_max, spread_min, spread_max, interval_s)
             CROSS JOIN LATERAL ( SELECT COALESCE(stored.n_pass, live.n_pass) AS n_pass,
                    COALESCE(stored.n_over, live.n_over) AS n_over,
                    COALESCE(stored.n_under, live.n_under) AS n_under,
                    COALESCE(stored.n_interrupted, live.n_interrupted) AS n_interrupted,
                    COALESCE(stored.n_exempt, live.n_exempt) AS n_exempt,
                    COALESCE(stored.n_invalid, live.n_invalid) AS n_invalid,
                    COALESCE(stored.cell_min, live.cell_min) AS cell_min,
                    COALESCE(stored.cell_max, live.cell_max) AS cell_max,
                    COALESCE(stored.spread_min, live.spread_min) AS spread_min,
                    COALESCE(stored.spread_max, live.spread_max) AS spread_max,
                    COALESCE(stored.interval_s, live.interval_s) AS interval_s) tally) days;

CREATE VIEW v_point_minute AS
 SELECT point.point,
    page.point_id,
    page.hour,
    page.hour + minute_of_hour.minute_of_hour::double precision * '00:01:00'::interval AS minute,
    verdict_name(mark_at(COALESCE(page.verdicts, page.marks), minute_of_hour.minute_of_hour) & 7) AS verdict,
    page.nominal_mv::double precision / 1000.0::double precision AS nominal_v,
    page.interval_s,
    page.judgement,
    page.nominal_mv::double precision * (10000 + phases.cell_1)::double precision / 10000000::double precision AS voltage_1_v,
    page.nominal_mv::double precision * (10000 + phases.cell_2)::double precision / 10000000::double precision AS voltage_2_v,
    page.nominal_mv::double precision * (10000 + phases.cell_3)::double precision / 10000000::double precision AS voltage_3_v,
    phases.cell_1::double precision / 100.0::double precision AS deviation_1_percent,
    phases.cell_2::double precision / 100.0::double precision AS deviation_2_percent,
    phases.cell_3::double precision / 100.0::double precision AS deviation_3_percent,
    verdict_name(phases.mark_1 & 7) AS verdict_1,
    verdict_name(phases.mark_2 & 7) AS verdict_2,
    verdict_name(phases.mark_3 & 7) AS verdict_3,
    source_name((phases.mark_1 >> 3) & 3) AS source_1,
    source_name((phases.mark_2 >> 3) & 3) AS source_2,
    source_name((phases.mark_3 >> 3) & 3) AS source_3,
    phases.mark_1 >> 5 AS share_1_eighths,
    phases.mark_2 >> 5 AS share_2_eighths,
    phases.mark_3 >> 5 AS share_3_eighths
   FROM page
     JOIN point USING (point_id)
     CROSS JOIN v_watermark
     CROSS JOIN generate_series(0, 59) minute_of_hour(minute_of_hour)
     CROSS JOIN LATERAL ( SELECT cell_at(page.cells, minute_of_hour.minute_of_hour) AS cell_1,
            cell_at(page.cells, minute_of_hour.minute_of_hour + 60) AS cell_2,
            cell_at(page.cells, minute_of_hour.minute_of_hour + 120) AS cell_3,
            mark_at(page.marks, minute_of_hour.minute_of_hour) AS mark_1,
                CASE
                    WHEN page.n_phases > 1 THEN mark_at(page.marks, minute_of_hour.minute_of_hour + 60)
                    ELSE NULL::integer
                END AS mark_2,
                CASE
                    WHEN page.n_phases > 2 THEN mark_at(page.marks, minute_of_hour.minute_of_hour + 120)
                    ELSE NULL::integer
                END AS mark_3) phases
  WHERE (page.hour + minute_of_hour.minute_of_hour::double precision * '00:01:00'::interval) >= point.valid_from AND (page.hour + minute_of_hour.minute_of_hour::double precision * '00:01:00'::interval) < point.valid_to AND (page.hour + minute_of_hour.minute_of_hour::double precision * '00:01:00'::interval) < v_watermark.data_through;

CREATE VIEW v_point_month AS
 SELECT point,
    point_id,
    month,
    organisation,
    region,
    substation,
    feeder,
    transformer,
    class,
    n_due,
    n_pass,
    n_over,
    n_under,
    n_interrupted,
    n_exempt,
    n_invalid,
    n_missing,
    n_pass::double precision / NULLIF(n_pass + n_over + n_under, 0)::double precision AS rate,
    n_pass::double precision / NULLIF(n_pass + n_over + n_under + n_missing + n_invalid, 0)::double precision AS lower,
    (n_pass + n_missing)::double precision / NULLIF(n_pass + n_over + n_under + n_missing + n_invalid, 0)::double precision AS upper,
    (n_pass + n_over + n_under)::double precision / NULLIF(n_pass + n_over + n_under + n_missing + n_invalid, 0)::double precision AS coverage,
    deviation_min_percent,
    deviation_max_percent,
    interval_s,
        CASE
            WHEN interval_s <= 60 THEN 'continuous'::text
            WHEN interval_s > 60 THEN 'sampled'::text
            ELSE NULL::text
        END AS method
   FROM ( SELECT v_point_day.point,
            v_point_day.point_id,
            date_trunc('month'::text, v_point_day.day::timestamp without time zone)::date AS month,
            v_point_day.organisation,
            v_point_day.region,
            v_point_day.substation,
            v_point_day.feeder,
            v_point_day.transformer,
            v_point_day.class,
            sum(v_point_day.n_due) AS n_due,
            sum(v_point_day.n_pass) AS n_pass,
            sum(v_point_day.n_over) AS n_over,
            sum(v_point_day.n_under) AS n_under,
            sum(v_point_day.n_interrupted) AS n_interrupted,
            sum(v_point_day.n_exempt) AS n_exempt,
            sum(v_point_day.n_invalid) AS n_invalid,
            sum(v_point_day.n_missing) AS n_missing,
            min(v_point_day.deviation_min_percent) AS deviation_min_percent,
            max(v_point_day.deviation_max_percent) AS deviation_max_percent,
            max(v_point_day.interval_s) AS interval_s
           FROM v_point_day
          GROUP BY v_point_day.point, v_point_day.point_id, (date_trunc('month'::text, v_point_day.day::timestamp without time zone)::date), v_point_day.organisation, v_point_day.region, v_point_day.substation, v_point_day.feeder, v_point_day.transformer, v_point_day.class) months;

CREATE VIEW v_register_outage AS
 SELECT declaration.declaration_id,
    declaration.ticket,
    declaration.outage_kind,
    declaration.cause,
    declaration.window_from,
    declaration.window_to,
    declaration.notice_at,
    declaration.notice_fields,
    declaration.cancelled_at IS NOT NULL AS is_cancelled,
    COALESCE(declaration.from_at, seen.from_at) AS from_at,
    COALESCE(declaration.to_at, seen.to_at) AS to_at
   FROM declaration
     CROSS JOIN LATERAL ( SELECT min(interruption.start_at) AS from_at,
                CASE
                    WHEN count(*) = count(interruption.end_at) THEN max(interruption.end_at)
                    ELSE NULL::timestamp with time zone
                END AS to_at
           FROM v_counted_interruption interruption
          WHERE interruption.declaration_id = declaration.declaration_id AND declaration.from_at IS NULL AND declaration.cancelled_at IS NULL) seen
  WHERE declaration.kind = 'outage'::text AND declaration.withdrawn_at IS NULL;

CREATE VIEW v_watermark AS
 SELECT date_bin('00:01:00'::interval, max(data_through) + '00:00:59.999999'::interval, '1970-01-01 00:00:00+00'::timestamp with time zone) AS data_through
   FROM partition_progress;

CREATE OR REPLACE FUNCTION public.cell_at(cells bytea, place integer)
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN ((2 * place) < length(cells)) THEN NULLIF((((get_byte(cells, (2 * place)) | (get_byte(cells, ((2 * place) + 1)) << 8)) # 32768) - 32768), '-32768'::integer) ELSE NULL::integer END;

CREATE OR REPLACE FUNCTION public.count_minutes(point_id integer, from_at timestamp with time zone, to_at timestamp with time zone, due_before timestamp with time zone)
 RETURNS TABLE(n_pages integer, n_pass integer, n_over integer, n_under integer, n_interrupted integer, n_exempt integer, n_invalid integer, cell_min smallint, cell_max smallint, spread_min smallint, spread_max smallint, interval_s smallint)
 LANGUAGE sql
 STABLE
AS $function$
    SELECT count(*)::integer,
           coalesce(sum(CASE WHEN is_edge THEN edge.n_pass ELSE page.n_pass END), 0)::integer,
           coalesce(sum(CASE WHEN is_edge THEN edge.n_over ELSE page.n_over END), 0)::integer,
           coalesce(sum(CASE WHEN is_edge THEN edge.n_under ELSE page.n_under END), 0)::integer,
           coalesce(sum(CASE WHEN is_edge THEN edge.n_interrupted ELSE page.n_interrupted END), 0)::integer,
           coalesce(sum(CASE WHEN is_edge THEN edge.n_exempt ELSE page.n_exempt END), 0)::integer,
           coalesce(sum(CASE WHEN is_edge THEN edge.n_invalid ELSE page.n_invalid END), 0)::integer,
           min(CASE WHEN is_edge THEN edge.cell_min ELSE page.cell_min END)::smallint,
           max(CASE WHEN is_edge THEN edge.cell_max ELSE page.cell_max END)::smallint,
           min(CASE WHEN is_edge THEN edge.spread_min ELSE page.spread_min END)::smallint,
           max(CASE WHEN is_edge THEN edge.spread_max ELSE page.spread_max END)::smallint,
           max(page.interval_s)
      FROM (
               SELECT greatest(count_minutes.from_at, point.valid_from) AS from_at,
                      least(count_minutes.to_at, point.valid_to) AS to_at
                 FROM point
                WHERE point.point_id = count_minutes.point_id
               OFFSET 0
           ) AS span
     CROSS JOIN page
     CROSS JOIN LATERAL (
               SELECT page.hour < span.from_at
                   OR page.hour + interval '1 hour' > span.to_at
                   OR (page.n_interrupted + page.n_exempt > 0
                       AND page.hour + interval '1 hour' > count_minutes.due_before) AS is_edge
               OFFSET 0
           ) AS place
     CROSS JOIN LATERAL (
               SELECT count(*) FILTER (WHERE plane = 0 AND verdict = 1) AS n_pass,
                      count(*) FILTER (WHERE plane = 0 AND verdict = 2) AS n_over,
                      count(*) FILTER (WHERE plane = 0 AND verdict = 3) AS n_under,
                      count(*) FILTER (WHERE plane = 0 AND verdict = 4) AS n_interrupted,
                      count(*) FILTER (WHERE plane = 0 AND verdict = 5) AS n_exempt,
                      count(*) FILTER (WHERE plane = 0 AND verdict = 6) AS n_invalid,
                      min(cell) AS cell_min,
                      max(cell) AS cell_max,
                      min(cell) FILTER (WHERE is_ordinary) AS spread_min,
                      max(cell) FILTER (WHERE is_ordinary) AS spread_max
                 FROM (
                          SELECT is_edge
                             AND (EXISTS (
                                     SELECT
                                       FROM v_declaration_point AS state
                                      WHERE state.point_id = page.point_id
                                        AND state.kind = 'abnormal_state'
                                        AND state.from_at < page.hour + interval '1 hour'
                                        AND state.to_at > page.hour
                                 )
                              OR EXISTS (
                                     SELECT
                                       FROM v_exemption AS exemption
                                      WHERE exemption.point_id = page.point_id
                                 )) AS are_some_not
                          OFFSET 0  -- once a page, not once a minute
                      ) AS ordinary
                CROSS JOIN generate_series(0, CASE WHEN is_edge THEN 59 ELSE -1 END) AS m
                CROSS JOIN generate_series(0, page.n_phases - 1) AS plane
                CROSS JOIN LATERAL (
                          SELECT mark_at(coalesce(page.verdicts, page.marks), m) & 7 AS verdict,
                                 -- measured (rank good), and not interrupted
                                 CASE
                                     WHEN mark_at(page.marks, plane * 60 + m) & 24 = 24
                                      AND mark_at(page.marks, plane * 60 + m) & 7 <> 4
                                     THEN cell_at(page.cells, plane * 60 + m)
                                 END AS cell,
                                 CASE
                                     WHEN ordinary.are_some_not
                                     THEN NOT EXISTS (
                                              SELECT
                                                FROM v_declaration_point AS state
                                               WHERE state.point_id = page.point_id
                                                 AND state.kind = 'abnormal_state'
                                                 -- the minute's midpoint is covered
                                                 AND state.from_at <= page.hour + (m + 0.5) * interval '1 minute'
                                                 AND state.to_at > page.hour + (m + 0.5) * interval '1 minute'
                                          )
                                      AND NOT EXISTS (
                                              SELECT
                                                FROM v_exemption AS exemption
                                               CROSS JOIN deployment
                                               WHERE exemption.point_id = page.point_id
                                                 AND exemption.month = date_trunc('month',
                                                         (page.hour + m * interval '1 minute') AT TIME ZONE zone
                                                     )::date
                                          )
                                     ELSE true
                                 END AS is_ordinary
                      ) AS seen
                WHERE page.hour + m * interval '1 minute' >= span.from_at
                  AND page.hour + m * interval '1 minute' < least(span.to_at, count_minutes.due_before)
           ) AS edge
     WHERE count_minutes.point_id IS NOT NULL  -- known before the scan, which then is left out
       AND page.point_id = count_minutes.point_id
       AND page.hour > span.from_at - interval '1 hour'
       AND page.hour < span.to_at
$function$;

CREATE OR REPLACE FUNCTION public.customer_interruptions(from_at timestamp with time zone, to_at timestamp with time zone)
 RETURNS TABLE(customer_id integer, start_at timestamp with time zone, end_at timestamp with time zone, minutes double precision)
 LANGUAGE sql
 STABLE
AS $function$
    WITH dark AS (
        SELECT point_id,
               range_agg(tstzrange(interruption.start_at, coalesce(interruption.end_at, 'infinity'))) AS spans
          FROM v_counted_interruption AS interruption
         WHERE interruption.start_at < customer_interruptions.to_at
           AND coalesce(interruption.end_at, 'infinity') >= customer_interruptions.from_at
         GROUP BY point_id
    ), concerned AS (
        SELECT DISTINCT customer_point.customer_id
          FROM dark
          JOIN customer_point USING (point_id)
    ), together AS (
        -- while a point is not in service, it supplies nobody: the others decide
        SELECT customer_point.customer_id,
               range_agg(service) AS service,
               range_intersect_agg(coalesce(spans, '{}') + ('{(,)}' - tstzmultirange(service))) AS spans
          FROM concerned
          JOIN customer_point USING (customer_id)
          JOIN point USING (point_id)
          LEFT JOIN dark USING (point_id)
         CROSS JOIN LATERAL (SELECT tstzrange(point.valid_from, point.valid_to) AS service) AS its
         GROUP BY customer_point.customer_id
    )
    SELECT customer.customer_id,
           lower(span),
           nullif(upper(span), 'infinity'),
           (extract(epoch FROM least(upper(span), customer_interruptions.to_at, data_through)
               - greatest(lower(span), customer_interruptions.from_at)) / 60)::double precision
      FROM together
      JOIN customer USING (customer_id)
     CROSS JOIN v_watermark
     CROSS JOIN LATERAL unnest(
               together.spans * together.service
                   * tstzmultirange(tstzrange(customer.valid_from, customer.valid_to))
           ) AS span
     WHERE lower(span) < least(customer_interruptions.to_at, data_through)
       AND upper(span) > customer_interruptions.from_at
$function$;

CREATE OR REPLACE FUNCTION public.day_start(day date, zone text)
 RETURNS timestamp with time zone
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (((((day)::timestamp without time zone AT TIME ZONE zone) - '01:00:00'::interval) AT TIME ZONE zone) >= (day)::timestamp without time zone) THEN (((day)::timestamp without time zone AT TIME ZONE zone) - '01:00:00'::interval) ELSE ((day)::timestamp without time zone AT TIME ZONE zone) END;

CREATE OR REPLACE FUNCTION public.drop_rows_before(relation text, before timestamp with time zone)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO '$user', 'public'
AS $function$
BEGIN
    IF relation NOT IN ('page', 'late_reading') OR relation IS NULL OR before IS NULL THEN
        RAISE EXCEPTION 'rows of % before % are not dropped', relation, before
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN
        PERFORM FROM drop_chunks(relation::regclass, older_than => before);
    ELSIF relation = 'page' THEN
        DELETE FROM page WHERE hour <= before - interval '1 hour';
    ELSE
        DELETE FROM late_reading WHERE start_at < before;
    END IF;
    RETURN FOUND;
END
$function$;

CREATE OR REPLACE FUNCTION public.full_marks(marks bytea, n_bytes integer)
 RETURNS bytea
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (length(marks) = 1) THEN decode(repeat(encode(marks, 'hex'::text), n_bytes), 'hex'::text) ELSE marks END;

CREATE OR REPLACE PROCEDURE public.grant_rights()
 LANGUAGE plpgsql
AS $procedure$
DECLARE
    came  CONSTANT text := current_setting('search_path');
    view  record;
BEGIN
    CALL grant_rights_to_tables();
    CALL limit_territory();
    PERFORM set_config('search_path', came, true);
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'voltpass_reader') THEN
        GRANT USAGE ON SCHEMA territory TO voltpass_reader, voltpass_writer;
        GRANT SELECT ON ALL TABLES IN SCHEMA territory TO voltpass_reader, voltpass_writer;
    END IF;
    BEGIN
        GRANT USAGE, CREATE ON SCHEMA territory TO voltpass_migrator;
        FOR view IN
            SELECT oid::regclass AS name
              FROM pg_class
             WHERE relnamespace = 'territory'::regnamespace AND relowner = current_user::regrole
        LOOP
            EXECUTE format('ALTER VIEW %s OWNER TO voltpass_migrator', view.name);
        END LOOP;
    EXCEPTION WHEN insufficient_privilege OR undefined_object THEN
        RAISE NOTICE 'the views of the schema territory stay with %: %', current_user, SQLERRM;
    END;
END
$procedure$;

CREATE OR REPLACE PROCEDURE public.grant_rights_to_tables()
 LANGUAGE plpgsql
AS $procedure$
DECLARE
    place  CONSTANT text := current_schema();
    name   text;
    object record;
BEGIN
    FOREACH name IN ARRAY ARRAY['voltpass_writer', 'voltpass_reader', 'voltpass_migrator'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', name);
            EXCEPTION
                -- Roles belong to the whole server: another database may be migrated at this moment.
                WHEN duplicate_object OR unique_violation THEN NULL;
                WHEN insufficient_privilege THEN
                    RAISE NOTICE 'no rights are granted: % may not create the role %', current_user, name;
                    RETURN;
            END;
        END IF;
    END LOOP;

    EXECUTE format('GRANT USAGE ON SCHEMA %I TO voltpass_writer, voltpass_reader', place);
    EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO voltpass_writer, voltpass_reader', place);
    EXECUTE format('GRANT EXECUTE ON FUNCTION drop_rows_before TO voltpass_writer');
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO voltpass_writer', current_database());
    FOR object IN
        SELECT oid::regclass AS name
          FROM pg_class
         WHERE relnamespace = place::regnamespace AND relkind IN ('r', 'p') AND relname <> 'alembic_version'
    LOOP
        EXECUTE format('GRANT INSERT, UPDATE, DELETE ON %s TO voltpass_writer', object.name);
    END LOOP;

    BEGIN
        EXECUTE format('GRANT USAGE, CREATE ON SCHEMA %I TO voltpass_migrator', place);
        IF NOT pg_has_role(current_user, 'voltpass_migrator', 'MEMBER') THEN
            EXECUTE format('GRANT voltpass_migrator TO %I', current_user);
        END IF;
        FOR object IN
            SELECT CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind,
                   oid::regclass::text AS name
              FROM pg_class
             WHERE relnamespace = place::regnamespace
               AND relkind IN ('r', 'p', 'v')
               AND relowner = current_user::regrole
               AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')
             UNION ALL
            SELECT CASE prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END, oid::regprocedure::text
              FROM pg_proc
             WHERE pronamespace = place::regnamespace
               AND proowner = current_user::regrole
               AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
        LOOP
            EXECUTE format('ALTER %s %s OWNER TO voltpass_migrator', object.kind, object.name);
        END LOOP;
        -- What later migrations make, whichever of the two makes it.
        FOREACH name IN ARRAY ARRAY[current_user::text, 'voltpass_migrator'] LOOP
            EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I'
                ' GRANT SELECT ON TABLES TO voltpass_reader, voltpass_writer', name, place);
            EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I'
                ' GRANT INSERT, UPDATE, DELETE ON TABLES TO voltpass_writer', name, place);
        END LOOP;
    EXCEPTION WHEN insufficient_privilege THEN
        RAISE NOTICE 'the tables stay with %: %', current_user, SQLERRM;
    END;
END
$procedure$;

CREATE OR REPLACE PROCEDURE public.limit_territory()
 LANGUAGE plpgsql
AS $procedure$
DECLARE
    place   CONSTANT text := current_schema();
    inside  CONSTANT text := 'point_id IN (SELECT point_id FROM territory.point)';
    listed  CONSTANT text := '(SELECT nullif(current_setting(''voltpass.regions'', true), '''')::text[])::text[]';
    rules   CONSTANT jsonb := jsonb_build_object(
        -- of the whole deployment, and the same for everybody
        'alembic_version', 'true',
        'deployment', 'true',
        'judgement', 'true',
        'kept_rule_set', 'true',
        'v_watermark', 'true',
        'point', format('region = ANY (%s)', listed),
        'customer', 'customer_id IN (SELECT customer_id FROM territory.customer_point)',
        'dead_letter', 'device IN (SELECT device FROM territory.device)',
        -- An entry is there where it reaches inside; of its places and customers those that do.
        'declaration', 'declaration_id IN (SELECT declaration_id FROM territory.declaration_scope)',
        'declaration_scope', '(place, code) IN (SELECT place, code FROM territory.v_place_point)',
        'declaration_told', 'declaration_id IN (SELECT declaration_id FROM territory.declaration_scope)
            AND customer IN (SELECT customer FROM territory.customer)',
        'fault_call', inside || ' OR (point_id IS NULL AND customer IN (SELECT customer FROM territory.customer))',
        -- A row of the trail has all of an entry: it is there where nothing in it lies outside.
        'register_change', '(record = ''declaration'' AND record_id IN (SELECT declaration_id FROM territory.declaration)
              OR record = ''fault_call'' AND record_id IN (SELECT call_id FROM territory.fault_call))
            AND NOT EXISTS (
                SELECT
                  FROM (VALUES (before), (after)) AS entry (content)
                 WHERE EXISTS (
                           SELECT
                             FROM jsonb_to_recordset(coalesce(content -> ''places'', ''[]'')) AS one (place text, code text)
                            WHERE (one.place, one.code) NOT IN (SELECT place, code FROM territory.v_place_point)
                       )
                    OR EXISTS (
                           SELECT
                             FROM jsonb_to_recordset(coalesce(content -> ''important_told'', ''[]'')) AS one (customer text)
                            WHERE one.customer NOT IN (SELECT customer FROM territory.customer)
                       )
                    OR nullif(content ->> ''point'', '''') NOT IN (SELECT point FROM territory.point)
                    OR nullif(content ->> ''customer'', '''') NOT IN (SELECT customer FROM territory.customer)
            )',
        -- Counts of a place cannot be divided: it is there where all of the place lies inside.
        'communication_incident', format('incident_id IN (SELECT incident_id FROM territory.communication_incident_point)
            AND NOT EXISTS (
                SELECT
                  FROM %1$I.v_place_point AS member
                  JOIN %1$I.point USING (point_id)
                 WHERE member.place = communication_incident.place
                   AND member.code = communication_incident.code
                   AND point.region <> ALL (%2$s)
            )
            AND NOT EXISTS (
                SELECT
                  FROM %1$I.communication_incident_point AS silent
                  JOIN %1$I.point USING (point_id)
                 WHERE silent.incident_id = communication_incident.incident_id
                   AND point.region <> ALL (%2$s)
            )
            AND NOT EXISTS (
                SELECT
                  FROM %1$I.device
                  JOIN %1$I.point USING (point_id)
                 WHERE communication_incident.place = ''concentrator''
                   AND device.concentrator = communication_incident.code
                   AND point.region <> ALL (%2$s)
            )', place, listed)
    );
    -- The counts of an outage are those of its points that lie inside.
    counted CONSTANT text := 'CROSS JOIN LATERAL (
            SELECT count(DISTINCT member.point_id)::integer AS n_points,
                   count(DISTINCT member.point_id) FILTER (WHERE is_nested)::integer AS n_nested,
                   count(DISTINCT customer_id)::integer AS n_customers
              FROM territory.interruption AS member
              LEFT JOIN territory.customer_point USING (point_id)
             WHERE member.outage_id = outage.outage_id
        ) AS inside';
    object  record;
BEGIN
    -- At first each twin is empty, so that the definitions find one another whatever comes first.
    FOR object IN
        SELECT relname AS name
          FROM pg_class
         WHERE relnamespace = place::regnamespace
           AND relkind IN ('r', 'p', 'v')
           AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')
           AND to_regclass(format('territory.%I', relname)) IS NULL
    LOOP
        EXECUTE format('CREATE VIEW territory.%2$I AS SELECT * FROM %1$I.%2$I WHERE false', place, object.name);
    END LOOP;

    FOR object IN
        SELECT relname AS name,
               CASE WHEN relkind = 'v' AND NOT rules ? relname THEN pg_get_viewdef(oid) END AS definition,
               coalesce(rules ->> relname, CASE
                   WHEN columns ? 'point_id' THEN inside
                   WHEN columns ? 'device_id' THEN 'device_id IN (SELECT device_id FROM territory.device)'
                   WHEN columns ? 'region' THEN format('region = ANY (%s)', listed)
                   ELSE 'false'
               END) AS rule
          FROM pg_class
         CROSS JOIN LATERAL (
                   SELECT jsonb_agg(attname) AS columns
                     FROM pg_attribute
                    WHERE attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
               ) AS described
         WHERE relnamespace = place::regnamespace
           AND relkind IN ('r', 'p', 'v')
           AND relname <> 'outage'
           AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')
    LOOP
        IF object.definition IS NULL THEN
            EXECUTE format('CREATE OR REPLACE VIEW territory.%2$I AS SELECT * FROM %1$I.%2$I WHERE %3$s',
                place, object.name, object.rule);
        ELSE  -- a view over the twins of what it reads
            PERFORM set_config('search_path', format('territory, %I', place), true);
            EXECUTE format('CREATE OR REPLACE VIEW territory.%I AS %s', object.name, object.definition);
            PERFORM set_config('search_path', format('%I', place), true);
        END IF;
    END LOOP;
    EXECUTE (
        SELECT format('CREATE OR REPLACE VIEW territory.outage AS SELECT %s FROM %I.outage %s WHERE inside.n_points > 0',
            string_agg(
                CASE WHEN attname IN ('n_points', 'n_nested', 'n_customers') THEN 'inside.' ELSE 'outage.' END
                    || quote_ident(attname), ', ' ORDER BY attnum),
            place, counted)
          FROM pg_attribute
         WHERE attrelid = format('%I.outage', place)::regclass AND attnum > 0 AND NOT attisdropped
    );
END
$procedure$;

CREATE OR REPLACE FUNCTION public.mark_at(marks bytea, place integer)
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (length(marks) = 1) THEN get_byte(marks, 0) WHEN (place < length(marks)) THEN get_byte(marks, place) ELSE NULL::integer END;

CREATE OR REPLACE FUNCTION public.point_minutes(point text, from_at timestamp with time zone, to_at timestamp with time zone)
 RETURNS SETOF v_point_minute
 LANGUAGE sql
 STABLE
AS $function$
    SELECT *
      FROM v_point_minute
     WHERE v_point_minute.point = point_minutes.point
       AND hour > point_minutes.from_at - interval '1 hour'
       AND hour < point_minutes.to_at
       AND minute >= point_minutes.from_at
       AND minute < point_minutes.to_at
$function$;

CREATE OR REPLACE FUNCTION public.repack_pages(before timestamp with time zone)
 RETURNS timestamp with time zone
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO '$user', 'public'
AS $function$
DECLARE
    caller CONSTANT text := coalesce(nullif(current_setting('role'), 'none'), session_user);
    chunk  record;
BEGIN
    IF NOT has_table_privilege(caller, 'page', 'DELETE') THEN
        RAISE EXCEPTION '% may not rewrite pages', caller
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN
        RETURN NULL;
    END IF;
    SELECT relation.oid::regclass AS name,
           key.oid::regclass AS key_name,
           key.relname AS key,
           range_start
      INTO chunk
      FROM timescaledb_information.chunks
      JOIN pg_class AS relation ON relation.oid = format('%I.%I', chunk_schema, chunk_name)::regclass
      JOIN pg_index ON indrelid = relation.oid AND indisprimary
      JOIN pg_class AS key ON key.oid = indexrelid
     WHERE format('%I.%I', hypertable_schema, hypertable_name)::regclass = 'page'::regclass
       AND range_end <= before
       AND NOT is_compressed
       AND NOT 'fillfactor=100' = ANY (coalesce(relation.reloptions, '{}'))
     ORDER BY range_start
     LIMIT 1;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    EXECUTE format('ALTER TABLE %s SET (fillfactor = 100)', chunk.name);
    EXECUTE format('ALTER INDEX %s SET (fillfactor = 100)', chunk.key_name);
    EXECUTE format('CLUSTER %s USING %I', chunk.name, chunk.key);
    RETURN chunk.range_start;
END
$function$;

CREATE OR REPLACE FUNCTION public.short_marks(marks bytea)
 RETURNS bytea
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN ((get_byte(marks, 0) = get_byte(marks, (length(marks) - 1))) AND (btrim(marks, SUBSTRING(marks FROM 1 FOR 1)) = '\x'::bytea)) THEN SUBSTRING(marks FROM 1 FOR 1) ELSE marks END;

CREATE OR REPLACE FUNCTION public.source_name(code integer)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN (ARRAY['missing'::text, 'invalid'::text, 'estimated'::text, 'good'::text])[(code + 1)];

CREATE OR REPLACE FUNCTION public.take_months_away()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    added record;
BEGIN
    LOCK TABLE point_month IN ROW EXCLUSIVE MODE;  -- so that what follows sees what was added up until now
    IF TG_OP = 'TRUNCATE' THEN
        DELETE FROM point_month;
        DELETE FROM month_due;
        RETURN NULL;
    END IF;
    SELECT added_from, added_before INTO added FROM deployment;
    IF NOT EXISTS (SELECT FROM written WHERE day >= added.added_from AND day < added.added_before) THEN
        RETURN NULL;  -- mostly: what is written is the open day
    END IF;
    DELETE FROM point_month
     USING written
     WHERE point_month.point_id = written.point_id
       AND point_month.month = date_trunc('month', written.day)::date;
    INSERT INTO month_due (point_id, month)
    SELECT DISTINCT point_id, date_trunc('month', day)::date
      FROM written
     WHERE day >= added.added_from
       AND day < added.added_before
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$function$;

CREATE OR REPLACE PROCEDURE public.use_timescale()
 LANGUAGE plpgsql
AS $procedure$
DECLARE
    chunk          CONSTANT interval := '1 day';
    -- Later than the lateness window, and later than most re-judging: rows of compressed chunks are slow to change.
    compress_after CONSTANT interval := '35 days';
BEGIN
    -- The second setting exists only where the library is preloaded; without that, the extension
    -- would end this session.
    IF NOT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb')
    OR current_setting('timescaledb.bgw_launcher_poll_time', true) IS NULL THEN
        RETURN;
    END IF;
    BEGIN
        CREATE EXTENSION IF NOT EXISTS timescaledb;
    EXCEPTION WHEN OTHERS THEN
        RAISE NOTICE 'timescaledb is not used: %', SQLERRM;
        RETURN;
    END;

    -- No default indexes: a chunk is a day, so the time alone needs none.
    PERFORM create_hypertable('page', by_range('hour', chunk),
        create_default_indexes => false, if_not_exists => true, migrate_data => true);
    PERFORM create_hypertable('late_reading', by_range('start_at', chunk),
        create_default_indexes => false, if_not_exists => true, migrate_data => true);

    -- The Apache edition has the functions below too, but they fail when called.
    IF current_setting('timescaledb.license', true) IS DISTINCT FROM 'timescale' THEN
        RETURN;
    END IF;
    BEGIN
        ALTER TABLE page SET (
            timescaledb.compress,
            timescaledb.compress_segmentby = 'point_id',
            timescaledb.compress_orderby = 'hour'
        );
        PERFORM add_compression_policy('page', compress_after, if_not_exists => true);
    EXCEPTION WHEN OTHERS THEN
        RAISE WARNING 'pages are not compressed: %', SQLERRM;
    END;
END
$procedure$;

CREATE OR REPLACE FUNCTION public.verdict_name(code integer)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN (ARRAY['missing'::text, 'pass'::text, 'over'::text, 'under'::text, 'interrupted'::text, 'exempt'::text, 'invalid'::text])[(code + 1)];

CREATE TRIGGER point_day_deleted AFTER DELETE ON public.point_day REFERENCING OLD TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION take_months_away();

CREATE TRIGGER point_day_inserted AFTER INSERT ON public.point_day REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION take_months_away();

CREATE TRIGGER point_day_truncated AFTER TRUNCATE ON public.point_day FOR EACH STATEMENT EXECUTE FUNCTION take_months_away();

CREATE TRIGGER point_day_updated AFTER UPDATE ON public.point_day REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION take_months_away();

-- alembic_version: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer SELECT
-- api_key: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- api_key_change: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- beside_due: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- communication_incident: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- communication_incident_point: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- customer: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- customer_point: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- data_gap: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- dead_letter: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- deadline: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- declaration: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- declaration_scope: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- declaration_told: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- declared_breach: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- deployment: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- device: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- device_clock: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- dirty_day: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- event: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- evidence: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- fault_call: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- interruption: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- interruption_due: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- judgement: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- judgement_change: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- kept_rule_set: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- lane_block: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- late_progress: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- late_reading: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- meter_event: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- month_due: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- outage: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- outage_alert: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- page: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- partition_progress: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- partition_retirement: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- point: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- point_day: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- point_day_beside: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- point_month: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- point_week: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- point_week_limit: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- power_factor_due: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- power_factor_exemption: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- register_change: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- report_sign_off: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- reporting: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- reporting_partition: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- v_announced_outage: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- v_calendar: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- v_communication_incident: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- v_counted_interruption: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- v_customer_place: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- v_dark_interruption: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- v_declaration_point: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- v_declared_window: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- v_device_clock: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- v_event: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- v_exemption: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- v_fault_call: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- v_held_alert: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- v_interruption: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- v_interruption_month: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- v_outage: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- v_place_point: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- v_point_day: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- v_point_minute: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- v_point_month: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- v_register_outage: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- v_watermark: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
-- week_due: owner voltpass_migrator; voltpass_reader SELECT; voltpass_writer DELETE, INSERT, SELECT, UPDATE
