-- The ledger: every change, in one order. See docs/ledger.md.
CREATE SCHEMA ledger;

-- The first seven columns are those of postgres-es, so that its repository can read a stream. `position` has no
-- default, so its inserts fail: nothing gets into the ledger but through ledger.append.
CREATE TABLE ledger.events (
    aggregate_type text NOT NULL,
    aggregate_id text NOT NULL,
    sequence bigint NOT NULL CHECK (sequence >= 0),
    event_type text NOT NULL,
    event_version text NOT NULL,
    payload json NOT NULL,
    metadata json NOT NULL,
    position bigint NOT NULL,
    event_id uuid NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (aggregate_type, aggregate_id, sequence)
);
CREATE UNIQUE INDEX events_position ON ledger.events (position);

CREATE FUNCTION ledger.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only: events are never changed or removed';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.events
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();

-- One row per unit of work: the answer to a repeated command, without its input.
CREATE TABLE ledger.commands (
    command_id uuid PRIMARY KEY,
    position bigint NOT NULL,
    outcome text NOT NULL,
    objects uuid[] NOT NULL,
    -- A keyed digest of the input, under a key that dies with the subject; null if no idempotency key was given.
    subject_kind text,
    subject_id uuid,
    input_mac bytea
);

-- A shortcut to the state of a long stream, for loading it without reading all of it. Personal values in it are sealed
-- as in the events. Dropping any of them loses nothing.
CREATE TABLE ledger.snapshots (
    aggregate_type text NOT NULL,
    aggregate_id text NOT NULL,
    -- The digest of the program that wrote it: another program may fold otherwise.
    program bytea NOT NULL,
    sequence bigint NOT NULL,
    state json NOT NULL,
    PRIMARY KEY (aggregate_type, aggregate_id)
);

-- Appends a batch of units of work, each wholly or not at all; one of them that is refused does not touch its
-- neighbours. Arrays of items (expectations x_, new keys k_, live keys l_, events e_) hold the items of all units one
-- after another; *_unit is the number of the unit they belong to, from 1.
--
-- The units must be independent: none may expect a stream that an earlier one writes, and no two of them may create
-- the same key or have the same command id. The writer sees to that; primary keys catch the rest.
--
-- Checks are scalar subqueries with a LIMIT: they are index look-ups under every plan, also while tables are new and
-- PostgreSQL knows nothing about them. EXISTS and joins may be planned as a scan of the whole table.
CREATE FUNCTION ledger.append(
    clock timestamptz,
    u_command uuid[], u_outcome text[], u_objects text[],
    u_subject_kind text[], u_subject uuid[], u_input bytea[], u_events integer[],
    x_unit integer[], x_type text[], x_stream text[], x_version bigint[],
    k_unit integer[], k_id uuid[], k_kind text[], k_subject uuid[], k_class text[], k_wrapped bytea[],
    k_commitment bytea[],
    l_unit integer[], l_key uuid[],
    e_unit integer[], e_id uuid[], e_aggregate text[], e_stream text[], e_sequence bigint[], e_type text[],
    e_version text[], e_payload text[], e_metadata text[]
) RETURNS TABLE (result text, at bigint) LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    -- A statement of its own: the next one takes its snapshot after the wait, so it sees all that was committed.
    PERFORM pg_advisory_xact_lock(hashtextextended('lethe.ledger.append', 0)),
            set_config('synchronous_commit', 'on', true);

    RETURN QUERY WITH head AS MATERIALIZED (
        SELECT coalesce(max(position), 0) AS position, max(recorded_at) AS recorded_at
        FROM (SELECT e.position, e.recorded_at FROM ledger.events e ORDER BY e.position DESC LIMIT 1) last
    ),
    conflicts AS MATERIALIZED (
        SELECT ARRAY(
            SELECT x.unit FROM unnest(x_unit, x_type, x_stream, x_version) x (unit, type, stream, version)
            WHERE x.version <> coalesce((
                SELECT v.sequence FROM ledger.events v
                WHERE v.aggregate_type = x.type AND v.aggregate_id = x.stream
                ORDER BY v.sequence DESC LIMIT 1), 0)
        ) || ARRAY(
            SELECT k.unit FROM unnest(k_unit, k_subject, k_kind, k_class) k (unit, subject, kind, class)
            WHERE (
                SELECT true FROM vault.keys v
                WHERE v.subject_id = k.subject AND v.subject_kind = k.kind AND v.class = k.class LIMIT 1)
        ) || ARRAY(
            SELECT l.unit FROM unnest(l_unit, l_key) l (unit, key)
            WHERE (SELECT true FROM vault.keys v WHERE v.key_id = l.key LIMIT 1) IS NULL
        ) AS units
    ),
    checked AS MATERIALIZED (
        SELECT u.*, CASE
            WHEN (SELECT true FROM ledger.commands c WHERE c.command_id = u.command LIMIT 1) THEN 'duplicate'
            WHEN u.unit = ANY (conflicts.units) THEN 'conflict'
            ELSE 'appended' END AS result
        FROM unnest(u_command, u_outcome, u_objects, u_subject_kind, u_subject, u_input, u_events)
             WITH ORDINALITY u (command, outcome, objects, subject_kind, subject, input, events, unit), conflicts
    ),
    -- Only accepted units take positions.
    placed AS MATERIALIZED (
        SELECT c.*, head.position + coalesce(
            sum(c.events) FILTER (WHERE c.result = 'appended') OVER (ORDER BY c.unit), 0)::bigint AS last
        FROM checked c, head
    ),
    accepted AS MATERIALIZED (
        SELECT coalesce(array_agg(p.unit), '{}') AS units FROM placed p WHERE p.result = 'appended'
    ),
    keys AS (
        INSERT INTO vault.keys (key_id, subject_kind, subject_id, class, wrapped, commitment)
        SELECT k.id, k.kind, k.subject, k.class, k.wrapped, k.commitment
        FROM unnest(k_unit, k_id, k_kind, k_subject, k_class, k_wrapped, k_commitment)
             k (unit, id, kind, subject, class, wrapped, commitment), accepted
        WHERE k.unit = ANY (accepted.units)
    ),
    events AS (
        INSERT INTO ledger.events
        SELECT e.aggregate, e.stream, e.sequence, e.type, e.version, e.payload::json, e.metadata::json,
               head.position + row_number() OVER (ORDER BY e.place), e.id, greatest(head.recorded_at, clock)
        FROM unnest(e_unit, e_id, e_aggregate, e_stream, e_sequence, e_type, e_version, e_payload, e_metadata)
             WITH ORDINALITY e (unit, id, aggregate, stream, sequence, type, version, payload, metadata, place),
             head, accepted
        WHERE e.unit = ANY (accepted.units)
    ),
    commands AS (
        INSERT INTO ledger.commands
        SELECT p.command, p.last, p.outcome, p.objects::uuid[], p.subject_kind, p.subject, p.input
        FROM placed p WHERE p.result = 'appended'
    )
    SELECT p.result, p.last FROM placed p ORDER BY p.unit;
END $$;
