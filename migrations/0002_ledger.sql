-- The ledger: every change, in one order. See docs/ledger.md.
CREATE SCHEMA ledger;

-- The first seven columns are those of postgres-es, so that its repository can read a stream. `position` has no
-- default, so its inserts fail: nothing gets into the ledger but through ledger.append.
CREATE TABLE ledger.events (
    aggregate_type text COLLATE "C" NOT NULL,
    aggregate_id text COLLATE "C" NOT NULL,
    sequence bigint NOT NULL,
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

-- Where keys were destroyed: a vault that does not know of them is older than the ledger. Such metadata begins with them
-- (`Metadata` of the program), so that this looks at a few characters: every event pays for it.
CREATE INDEX events_destroyed ON ledger.events (position) WHERE metadata::text LIKE '{"destroyed"%';

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

-- What units of work bring along. `unit` is the number of the unit in its batch, from 1.
CREATE TYPE ledger.new_unit AS (
    command uuid,
    outcome text,
    objects uuid[],
    subject_kind text,
    subject_id uuid,
    input_mac bytea,
    -- How many events it brings.
    events integer
);
-- A stream that must be at a version.
CREATE TYPE ledger.expectation AS (unit integer, aggregate_type text, aggregate_id text, version bigint);
-- A subject and class that must never have had a key.
CREATE TYPE ledger.keyless AS (unit integer, subject_kind text, subject_id uuid, class text);
-- A key that must be stored.
CREATE TYPE ledger.stored_key AS (unit integer, key_id uuid, subject_kind text, subject_id uuid, class text);
CREATE TYPE ledger.new_key AS (
    unit integer,
    key_id uuid,
    subject_kind text,
    subject_id uuid,
    class text,
    bucket integer,
    generation bigint,
    -- The epoch at which the bucket's key was read that wraps it.
    epoch bigint,
    wrapped bytea,
    commitment bytea
);
CREATE TYPE ledger.new_event AS (
    unit integer,
    -- How many events of the same unit follow.
    behind integer,
    aggregate_type text,
    aggregate_id text,
    sequence bigint,
    event_type text,
    event_version text,
    payload text,
    metadata text,
    event_id uuid
);

-- Appends a batch of units of work, each wholly or not at all; one of them that is refused does not touch its
-- neighbours. Answers for each unit whether it is in (0), in conflict (1), there already (2) or brings a key that is
-- wrapped by a bucket's key of before a rotation (3), and the ledger's last position behind it.
--
-- The units must be independent: none may expect a stream that an earlier one writes, use a key that an earlier one
-- destroys, and no two of them may create the same key or have the same command id. The writer sees to that; primary
-- keys catch the rest.
--
-- Checks are scalar subqueries with a LIMIT: they are index look-ups under every plan, also while tables are new and
-- PostgreSQL knows nothing about them. EXISTS and joins may be planned as a scan of the whole table. What has no items
-- costs no statement.
CREATE FUNCTION ledger.append(
    clock timestamptz,
    units ledger.new_unit[],
    expectations ledger.expectation[],
    keyless ledger.keyless[],
    used_keys ledger.stored_key[],
    destroyed_keys ledger.stored_key[],
    new_keys ledger.new_key[],
    events ledger.new_event[],
    -- Whether a command may be there already. If this says no and one is, its primary key refuses the whole batch.
    perhaps_repeated boolean DEFAULT true,
    OUT results smallint[], OUT lasts bigint[]
) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    head bigint;
    recorded timestamptz;
    present_epoch bigint;
    -- How many events were signed, and why the ledger is not believed, if it is not.
    signed bigint;
    fault text;
    refused integer[] := '{}';
    new_key ledger.new_key;
    changes bigint;
    ignored text;
BEGIN
    -- Assignments, since they need no query. The queries behind them take their snapshots after the wait, so they see all
    -- that was committed.
    ignored := pg_advisory_xact_lock(hashtextextended('lethe.ledger.append', 0));
    ignored := set_config('synchronous_commit', 'on', true);

    -- One table each: a join of these costs more than all of them.
    SELECT h.size, h.fault INTO signed, fault FROM notary.head h;
    SELECT e.position, e.recorded_at INTO head, recorded FROM ledger.events e ORDER BY e.position DESC LIMIT 1;
    head := coalesce(head, 0);
    recorded := greatest(recorded, clock);
    -- Nothing is appended to a ledger that is not believed, or that is shorter than what was signed of it.
    IF fault IS NOT NULL OR signed IS NULL OR signed > head THEN
        -- Of the class that says: somebody has to mend the server.
        RAISE EXCEPTION USING ERRCODE = '57N01', MESSAGE = coalesce(
            fault,
            'The ledger is shorter than the ' || signed || ' events that were signed.',
            'notary.head has no row, so nobody can tell what was signed.');
    END IF;

    IF perhaps_repeated THEN
        results := ARRAY(
            SELECT CASE WHEN (SELECT true FROM ledger.commands c WHERE c.command_id = u.command LIMIT 1) THEN 2 ELSE 0 END
            FROM unnest(units) u);
    ELSE
        results := array_fill(0::smallint, ARRAY[cardinality(units)]);
    END IF;
    IF cardinality(expectations) > 0 THEN
        refused := ARRAY(
            SELECT x.unit FROM unnest(expectations) x
            WHERE x.version <> coalesce((
                SELECT e.sequence FROM ledger.events e
                WHERE e.aggregate_type = x.aggregate_type AND e.aggregate_id = x.aggregate_id
                ORDER BY e.sequence DESC LIMIT 1), 0));
    END IF;
    IF cardinality(keyless) > 0 THEN
        refused := refused || ARRAY(
            SELECT n.unit FROM unnest(keyless) n
            WHERE (
                SELECT true FROM vault.keys k
                WHERE k.subject_id = n.subject_id AND k.subject_kind = n.subject_kind AND k.class = n.class LIMIT 1)
            -- A key that was destroyed is never made anew.
            OR (
                SELECT true FROM vault.tombstones t
                WHERE t.subject_id = n.subject_id AND t.subject_kind = n.subject_kind AND t.class = n.class LIMIT 1));
    END IF;
    IF cardinality(used_keys) + cardinality(destroyed_keys) > 0 THEN
        refused := refused || ARRAY(
            SELECT s.unit FROM unnest(used_keys || destroyed_keys) s
            WHERE s.key_id IS DISTINCT FROM (
                SELECT k.key_id FROM vault.keys k
                WHERE k.subject_id = s.subject_id AND k.subject_kind = s.subject_kind AND k.class = s.class LIMIT 1));
    END IF;
    FOR i IN 1 .. cardinality(refused) LOOP
        results[refused[i]] := greatest(results[refused[i]], 1::smallint);
    END LOOP;
    IF cardinality(new_keys) > 0 THEN
        SELECT r.epoch INTO present_epoch FROM vault.root r;
        FOREACH new_key IN ARRAY new_keys LOOP
            IF new_key.epoch IS DISTINCT FROM present_epoch THEN
                results[new_key.unit] := 3;
            END IF;
        END LOOP;
    END IF;

    -- Only accepted units take positions.
    FOR unit IN 1 .. cardinality(units) LOOP
        IF results[unit] = 0 THEN
            head := head + units[unit].events;
        END IF;
        lasts[unit] := head;
    END LOOP;

    IF cardinality(new_keys) > 0 THEN
        -- Taken once for all of them. The sequence leaves 63 behind each number.
        changes := nextval('vault.changes');
        IF cardinality(new_keys) > 63 THEN
            ignored := setval('vault.changes', changes + cardinality(new_keys));
        END IF;
        INSERT INTO vault.keys
            (key_id, subject_kind, subject_id, class, bucket, generation, wrapped, commitment, change)
        SELECT k.key_id, k.subject_kind, k.subject_id, k.class, k.bucket, k.generation, k.wrapped, k.commitment,
               changes + k.number
        FROM unnest(new_keys) WITH ORDINALITY
            k (unit, key_id, subject_kind, subject_id, class, bucket, generation, epoch, wrapped, commitment, number)
        WHERE results[k.unit] = 0;
    END IF;

    -- A statement on vault.keys tells every process to forget its keys, so only if there is something to destroy.
    IF cardinality(destroyed_keys) > 0 THEN
        WITH gone AS (
            DELETE FROM vault.keys k USING unnest(destroyed_keys) d
            WHERE k.subject_id = d.subject_id AND k.subject_kind = d.subject_kind AND k.class = d.class
            AND k.key_id = d.key_id AND results[d.unit] = 0
            RETURNING k.key_id, k.subject_kind, k.subject_id, k.class, k.bucket, k.generation, k.commitment, d.unit)
        INSERT INTO vault.tombstones
            (key_id, subject_kind, subject_id, class, bucket, generation, commitment, position, destroyed_at)
        SELECT g.key_id, g.subject_kind, g.subject_id, g.class, g.bucket, g.generation, g.commitment,
               lasts[g.unit], recorded
        FROM gone g;
    END IF;

    IF cardinality(events) > 0 THEN
        INSERT INTO ledger.events
        SELECT e.aggregate_type, e.aggregate_id, e.sequence, e.event_type, e.event_version, e.payload::json,
               e.metadata::json, lasts[e.unit] - e.behind, e.event_id, recorded
        FROM unnest(events) e
        WHERE results[e.unit] = 0;
    END IF;

    INSERT INTO ledger.commands
    SELECT u.command, lasts[u.number], u.outcome, u.objects, u.subject_kind, u.subject_id, u.input_mac
    FROM unnest(units) WITH ORDINALITY
        u (command, outcome, objects, subject_kind, subject_id, input_mac, events, number)
    WHERE results[u.number] = 0;
END $$;
