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
-- PostgreSQL knows nothing about them. EXISTS and joins may be planned as a scan of the whole table. Items are taken out
-- of their arrays by number, which costs less than unnest, and what has no items costs no statement.
CREATE FUNCTION ledger.append(
    clock timestamptz,
    u_command uuid[], u_outcome text[], u_objects text[],
    u_subject_kind text[], u_subject uuid[], u_input bytea[], u_events integer[],
    x_unit integer[], x_type text[], x_stream text[], x_version bigint[],
    k_unit integer[], k_id uuid[], k_kind text[], k_subject uuid[], k_class text[], k_wrapped bytea[],
    k_commitment bytea[], k_bucket integer[], k_generation bigint[],
    -- k_first: the subject's id was made for this unit, so that it cannot have had a key before.
    k_first boolean[],
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
    refused integer[] := '{}';
BEGIN
    -- A statement of its own: the next ones take their snapshots after the wait, so they see all that was committed.
    PERFORM pg_advisory_xact_lock(hashtextextended('lethe.ledger.append', 0)),
            set_config('synchronous_commit', 'on', true);

    SELECT position, greatest(recorded_at, clock) INTO head, recorded
    FROM ledger.events ORDER BY position DESC LIMIT 1;
    head := coalesce(head, 0);
    recorded := coalesce(recorded, clock);

    results := ARRAY(
        SELECT CASE WHEN (SELECT true FROM ledger.commands c WHERE c.command_id = u_command[i] LIMIT 1) THEN 2 ELSE 0 END
        FROM generate_series(1, cardinality(u_command)) i);
    IF cardinality(x_unit) > 0 THEN
        refused := ARRAY(
            SELECT x_unit[i] FROM generate_series(1, cardinality(x_unit)) i
            WHERE x_version[i] <> coalesce((
                SELECT v.sequence FROM ledger.events v
                WHERE v.aggregate_type = x_type[i] AND v.aggregate_id = x_stream[i]
                ORDER BY v.sequence DESC LIMIT 1), 0));
    END IF;
    IF false = ANY (k_first) THEN
        refused := refused || ARRAY(
            SELECT k_unit[i] FROM generate_series(1, cardinality(k_unit)) i
            WHERE NOT k_first[i] AND ((
                SELECT true FROM vault.keys v
                WHERE v.subject_id = k_subject[i] AND v.subject_kind = k_kind[i] AND v.class = k_class[i] LIMIT 1)
            -- A key that was destroyed is never made anew.
            OR (
                SELECT true FROM vault.tombstones v
                WHERE v.subject_id = k_subject[i] AND v.subject_kind = k_kind[i] AND v.class = k_class[i] LIMIT 1)));
    END IF;
    IF cardinality(l_unit) + cardinality(d_unit) > 0 THEN
        refused := refused || ARRAY(
            SELECT l.unit FROM unnest(l_unit || d_unit, l_key || d_key) l (unit, key)
            WHERE (SELECT true FROM vault.keys v WHERE v.key_id = l.key LIMIT 1) IS NULL);
    END IF;
    FOR i IN 1 .. cardinality(refused) LOOP
        results[refused[i]] := greatest(results[refused[i]], 1::smallint);
    END LOOP;
    IF cardinality(k_unit) > 0 THEN
        refused := ARRAY(
            SELECT k_unit[i] FROM generate_series(1, cardinality(k_unit)) i
            WHERE k_generation[i] IS DISTINCT FROM (
                SELECT v.generation FROM vault.buckets v WHERE v.bucket = k_bucket[i] LIMIT 1));
        FOR i IN 1 .. cardinality(refused) LOOP
            results[refused[i]] := 3;
        END LOOP;
    END IF;

    -- Only accepted units take positions.
    FOR unit IN 1 .. cardinality(u_command) LOOP
        IF results[unit] = 0 THEN
            head := head + u_events[unit];
        END IF;
        lasts[unit] := head;
    END LOOP;

    IF cardinality(k_unit) > 0 THEN
        INSERT INTO vault.keys (key_id, subject_kind, subject_id, class, wrapped, commitment, bucket, generation)
        SELECT k_id[i], k_kind[i], k_subject[i], k_class[i], k_wrapped[i], k_commitment[i], k_bucket[i], k_generation[i]
        FROM generate_series(1, cardinality(k_unit)) i
        WHERE results[k_unit[i]] = 0;
    END IF;

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

    IF cardinality(e_unit) > 0 THEN
        INSERT INTO ledger.events
        SELECT e_aggregate[i], e_stream[i], e_sequence[i], e_type[i], e_version[i], e_payload[i]::json,
               e_metadata[i]::json, lasts[e_unit[i]] - e_behind[i], e_id[i], recorded
        FROM generate_series(1, cardinality(e_unit)) i
        WHERE results[e_unit[i]] = 0;
    END IF;

    INSERT INTO ledger.commands
    SELECT u_command[i], lasts[i], u_outcome[i], u_objects[i]::uuid[], u_subject_kind[i], u_subject[i], u_input[i]
    FROM generate_series(1, cardinality(u_command)) i
    WHERE results[i] = 0;
END $$;
