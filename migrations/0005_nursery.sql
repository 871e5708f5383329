-- Keys are born in a nursery, and moved into their buckets by the rotation of the root. See docs/sealing.md.

-- A bucket has generations: a rotation makes a further one beside the last and moves the keys. Bucket -1 is the nursery: its
-- key wraps every key that was made since the last rotation, its generation is the epoch, and one root alone ever wraps it.
ALTER TABLE vault.buckets DROP CONSTRAINT buckets_pkey;
ALTER TABLE vault.buckets ADD PRIMARY KEY (bucket, generation);
-- Whether the next rotation gives the bucket another key though no tombstone asks for it: what was lost with a database may
-- have left keys on a disk that nobody knows of.
ALTER TABLE vault.buckets ADD COLUMN due boolean NOT NULL DEFAULT false;

-- Up to which change of keys everything that was destroyed is final.
ALTER TABLE vault.root ADD COLUMN covered_change bigint NOT NULL DEFAULT 0;

-- Another number whenever buckets get further generations: a mirror then needs a full export before any key that hangs from them.
ALTER TABLE vault.root ADD COLUMN generations uuid NOT NULL DEFAULT gen_random_uuid();

-- The number of the last change, of those too that were rolled back: no rollback resets a sequence. An append takes 64.
CREATE FUNCTION vault.last_change() RETURNS bigint LANGUAGE sql AS $$
    SELECT CASE WHEN is_called THEN last_value + 63 ELSE 0 END FROM vault.changes
$$;

-- The bucket of a key: the first 32 bits of its id, scaled to the number of buckets.
CREATE FUNCTION vault.bucket_of(key uuid, buckets integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT ((('x' || left(key::text, 8))::bit(32)::bigint * buckets) >> 32)::integer
$$;

-- Which buckets have a destroyed key is asked bucket by bucket.
CREATE INDEX tombstones_bucket ON vault.tombstones (bucket, generation);

-- A rotation stores what it covers before it writes anything else.
ALTER TABLE vault.rotation DROP CONSTRAINT rotation_step_check;
ALTER TABLE vault.rotation
    ADD CHECK (step IN ('begun', 'prepared', 'switched', 'exported', 'destroyed')),
    -- What was destroyed up to here becomes final, however often a step is tried: a position, and a change of keys.
    ADD COLUMN covers bigint NOT NULL DEFAULT 0,
    ADD COLUMN covers_change bigint NOT NULL DEFAULT 0,
    -- How often it was taken up. Who took it up before, and stands still, does nothing any more.
    ADD COLUMN attempt bigint NOT NULL DEFAULT 0,
    -- What it came to: destroyed keys that become final, buckets that got another key, keys that were wrapped anew.
    ADD COLUMN tombstones bigint NOT NULL DEFAULT 0,
    ADD COLUMN buckets bigint NOT NULL DEFAULT 0,
    ADD COLUMN keys bigint NOT NULL DEFAULT 0;

-- Every custodian that ever kept a root. One that is in the settings no more may hold an old root, and nothing is final until
-- it was seen empty.
CREATE TABLE vault.custodians (
    name text PRIMARY KEY,
    -- How it is reached, as the settings wrote it; names no secret.
    spec text NOT NULL,
    -- Number and birth of the file, by which it is known again under another name.
    file text,
    -- When it was seen empty, or said to be gone; null while it is in use.
    emptied_at timestamptz,
    -- Whether somebody said so who could not show it.
    gone boolean NOT NULL DEFAULT false
);

-- What an earlier version has left. Its writers wrapped keys by buckets, and rolled-back ones stay on the disk; its prepared root
-- may have been used by a switch that was rolled back. So every bucket is due, and another root is taken.
UPDATE vault.buckets SET due = true;
UPDATE vault.rotation SET
    step = 'begun', covers = (SELECT coalesce(max(position), 0) FROM ledger.events), covers_change = vault.last_change()
    WHERE step = 'prepared';
-- Whoever opens the vault first puts a key in the place of the empty one.
INSERT INTO vault.buckets (bucket, generation, wrapped) SELECT -1, epoch, '' FROM vault.root;

DROP FUNCTION ledger.append;
ALTER TYPE ledger.new_key DROP ATTRIBUTE bucket, DROP ATTRIBUTE generation;

-- Appends a batch of units of work, each wholly or not at all; one of them that is refused does not touch its
-- neighbours. Answers for each unit whether it is in (0), in conflict (1), there already (2) or brings a key that is
-- wrapped by the nursery's key of before a rotation (3), and the ledger's last position behind it.
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
    IF cardinality(new_keys) > 0 THEN
        -- Whatever becomes of this: keys were on their way, and the next rotation is due.
        changes := nextval('vault.changes');
    END IF;
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

    results := ARRAY(
        SELECT CASE WHEN (SELECT true FROM ledger.commands c WHERE c.command_id = u.command LIMIT 1) THEN 2 ELSE 0 END
        FROM unnest(units) u);
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
        SELECT k.key_id, k.subject_kind, k.subject_id, k.class, -1, k.epoch, k.wrapped, k.commitment,
               changes + k.number
        FROM unnest(new_keys) WITH ORDINALITY
            k (unit, key_id, subject_kind, subject_id, class, epoch, wrapped, commitment, number)
        WHERE results[k.unit] = 0;
    END IF;

    -- A statement on vault.keys tells every process to forget its keys, so only if there is something to destroy.
    IF cardinality(destroyed_keys) > 0 THEN
        WITH gone AS (
            DELETE FROM vault.keys k USING unnest(destroyed_keys) d
            WHERE k.subject_id = d.subject_id AND k.subject_kind = d.subject_kind AND k.class = d.class
            AND k.key_id = d.key_id AND results[d.unit] = 0
            RETURNING k.key_id, k.subject_kind, k.subject_id, k.class, k.commitment, d.unit),
        -- Whatever wraps the key here: a move that was rolled back may have left it under its bucket's newest key.
        placed AS (SELECT g.*, vault.bucket_of(g.key_id, r.buckets) AS bucket FROM gone g CROSS JOIN vault.root r)
        INSERT INTO vault.tombstones
            (key_id, subject_kind, subject_id, class, bucket, generation, commitment, position, destroyed_at)
        SELECT p.key_id, p.subject_kind, p.subject_id, p.class, p.bucket,
               (SELECT max(b.generation) FROM vault.buckets b WHERE b.bucket = p.bucket), p.commitment,
               lasts[p.unit], recorded
        FROM placed p;
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
