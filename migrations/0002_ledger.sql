-- The ledger: every change, in one order. See docs/ledger.md.
CREATE SCHEMA ledger;

-- The first seven columns are those of postgres-es, so that its repository can read a stream. `position` has no
-- default, so its inserts fail: nothing gets into the ledger but through ledger.append.
CREATE TABLE ledger.events (
    aggregate_type text COLLATE "C" NOT NULL,
    aggregate_id text COLLATE "C" NOT NULL,
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

-- Where keys were destroyed: a vault that does not know of them is older than the ledger.
CREATE INDEX events_destroyed ON ledger.events (position) WHERE metadata ->> 'destroyed' IS NOT NULL;

-- Which history this is. A ledger that is restored goes on differently from the one it was copied from, under another
-- origin.
CREATE TABLE ledger.origin (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    origin uuid NOT NULL,
    -- The last position that both histories have.
    since_position bigint NOT NULL,
    created_at timestamptz NOT NULL
);
INSERT INTO ledger.origin (origin, since_position, created_at) VALUES (gen_random_uuid(), 0, now());

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
    aggregate_type text COLLATE "C" NOT NULL,
    aggregate_id text COLLATE "C" NOT NULL,
    -- The digest of the program that wrote it: another program may fold otherwise.
    program bytea NOT NULL,
    sequence bigint NOT NULL,
    state json NOT NULL,
    PRIMARY KEY (aggregate_type, aggregate_id)
);

-- Appends a batch of units of work, each wholly or not at all; one of them that is refused does not touch its
-- neighbours. Arrays of items (expectations x_, new keys k_, live keys l_, keys to destroy d_, events e_) hold the items
-- of all units one
-- after another; *_unit is the number of the unit they belong to, from 1. Answers for each unit whether it is in (0), in
-- conflict (1), there already (2) or brings a key that is wrapped by a bucket's key of before a rotation (3), and the
-- ledger's last position behind it.
--
-- The units must be independent: none may expect a stream that an earlier one writes, use a key that an earlier one
-- destroys, and no two of them may create the same key or have the same command id. The writer sees to that; primary
-- keys catch the rest.
--
-- Checks are scalar subqueries with a LIMIT: they are index look-ups under every plan, also while tables are new and
-- PostgreSQL knows nothing about them. EXISTS and joins may be planned as a scan of the whole table.
CREATE FUNCTION ledger.append(
    clock timestamptz,
    u_command uuid[], u_outcome text[], u_objects text[],
    u_subject_kind text[], u_subject uuid[], u_input bytea[], u_events integer[],
    x_unit integer[], x_type text[], x_stream text[], x_version bigint[],
    k_unit integer[], k_id uuid[], k_kind text[], k_subject uuid[], k_class text[], k_wrapped bytea[],
    k_commitment bytea[], k_bucket integer[], k_generation bigint[],
    l_unit integer[], l_key uuid[],
    d_unit integer[], d_key uuid[],
    -- e_behind: how many events of the same unit follow.
    e_unit integer[], e_behind integer[], e_id uuid[], e_aggregate text[], e_stream text[], e_sequence bigint[],
    e_type text[], e_version text[], e_payload text[], e_metadata text[],
    OUT results smallint[], OUT lasts bigint[]
) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    head bigint;
    recorded timestamptz;
    refused integer;
BEGIN
    -- A statement of its own: the next ones take their snapshots after the wait, so they see all that was committed.
    PERFORM pg_advisory_xact_lock(hashtextextended('lethe.ledger.append', 0)),
            set_config('synchronous_commit', 'on', true);

    SELECT position, recorded_at INTO head, recorded FROM ledger.events ORDER BY position DESC LIMIT 1;
    head := coalesce(head, 0);
    recorded := greatest(recorded, clock);

    -- A scan of unnest answers in the order of the array.
    results := ARRAY(
        SELECT CASE WHEN (SELECT true FROM ledger.commands c WHERE c.command_id = u.command LIMIT 1) THEN 2 ELSE 0 END
        FROM unnest(u_command) u (command));
    FOR refused IN
        SELECT x.unit FROM unnest(x_unit, x_type, x_stream, x_version) x (unit, type, stream, version)
        WHERE x.version <> coalesce((
            SELECT v.sequence FROM ledger.events v
            WHERE v.aggregate_type = x.type AND v.aggregate_id = x.stream
            ORDER BY v.sequence DESC LIMIT 1), 0)
    LOOP
        results[refused] := greatest(results[refused], 1::smallint);
    END LOOP;
    FOR refused IN
        SELECT k.unit FROM unnest(k_unit, k_subject, k_kind, k_class) k (unit, subject, kind, class)
        WHERE (
            SELECT true FROM vault.keys v
            WHERE v.subject_id = k.subject AND v.subject_kind = k.kind AND v.class = k.class LIMIT 1)
        -- A key that was destroyed is never made anew.
        OR (
            SELECT true FROM vault.tombstones v
            WHERE v.subject_id = k.subject AND v.subject_kind = k.kind AND v.class = k.class LIMIT 1)
    LOOP
        results[refused] := greatest(results[refused], 1::smallint);
    END LOOP;
    FOR refused IN
        SELECT k.unit FROM unnest(k_unit, k_bucket, k_generation) k (unit, bucket, generation)
        WHERE k.generation IS DISTINCT FROM (
            SELECT v.generation FROM vault.buckets v WHERE v.bucket = k.bucket LIMIT 1)
    LOOP
        results[refused] := 3;
    END LOOP;
    FOR refused IN
        SELECT l.unit FROM unnest(l_unit || d_unit, l_key || d_key) l (unit, key)
        WHERE (SELECT true FROM vault.keys v WHERE v.key_id = l.key LIMIT 1) IS NULL
    LOOP
        results[refused] := greatest(results[refused], 1::smallint);
    END LOOP;

    -- Only accepted units take positions.
    FOR unit IN 1 .. cardinality(u_command) LOOP
        IF results[unit] = 0 THEN
            head := head + u_events[unit];
        END IF;
        lasts[unit] := head;
    END LOOP;

    INSERT INTO vault.keys (key_id, subject_kind, subject_id, class, wrapped, commitment, bucket, generation)
    SELECT k.id, k.kind, k.subject, k.class, k.wrapped, k.commitment, k.bucket, k.generation
    FROM unnest(k_unit, k_id, k_kind, k_subject, k_class, k_wrapped, k_commitment, k_bucket, k_generation)
         k (unit, id, kind, subject, class, wrapped, commitment, bucket, generation)
    WHERE results[k.unit] = 0;

    -- A statement on vault.keys tells every process to forget its keys, so only if there is something to destroy.
    IF cardinality(d_key) > 0 THEN
        WITH gone AS (
            DELETE FROM vault.keys v USING unnest(d_unit, d_key) d (unit, key)
            WHERE v.key_id = d.key AND results[d.unit] = 0
            RETURNING v.key_id, v.subject_kind, v.subject_id, v.class, v.bucket, v.generation, v.commitment, d.unit)
        INSERT INTO vault.tombstones
            (key_id, subject_kind, subject_id, class, bucket, generation, commitment, position, destroyed_at)
        SELECT g.key_id, g.subject_kind, g.subject_id, g.class, g.bucket, g.generation, g.commitment,
               lasts[g.unit], recorded
        FROM gone g;
    END IF;

    INSERT INTO ledger.events
    SELECT e.aggregate, e.stream, e.sequence, e.type, e.version, e.payload::json, e.metadata::json,
           lasts[e.unit] - e.behind, e.id, recorded
    FROM unnest(e_unit, e_behind, e_id, e_aggregate, e_stream, e_sequence, e_type, e_version, e_payload, e_metadata)
         e (unit, behind, id, aggregate, stream, sequence, type, version, payload, metadata)
    WHERE results[e.unit] = 0;

    INSERT INTO ledger.commands
    SELECT u.command, lasts[u.unit], u.outcome, u.objects::uuid[], u.subject_kind, u.subject, u.input
    FROM unnest(u_command, u_outcome, u_objects, u_subject_kind, u_subject, u_input)
         WITH ORDINALITY u (command, outcome, objects, subject_kind, subject, input, unit)
    WHERE results[u.unit] = 0;
END $$;
