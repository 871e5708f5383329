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

-- Appends a batch of units of work, each wholly or not at all; one of them failing does not touch its neighbours.
-- Arrays of items (expectations x_, keys k_, live keys l_, events e_) hold the items of all units one after another;
-- u_x, u_k, u_l, u_e say how many of them belong to each unit.
CREATE FUNCTION ledger.append(
    clock timestamptz,
    u_command uuid[], u_outcome text[], u_objects text[],
    u_subject_kind text[], u_subject uuid[], u_input bytea[],
    u_x integer[], u_k integer[], u_l integer[], u_e integer[],
    x_type text[], x_stream text[], x_version bigint[],
    k_id uuid[], k_kind text[], k_subject uuid[], k_class text[], k_wrapped bytea[], k_commitment bytea[],
    l_key uuid[],
    e_id uuid[], e_aggregate text[], e_stream text[], e_sequence bigint[], e_type text[], e_version text[],
    e_payload text[], e_metadata text[]
) RETURNS TABLE (result text, at bigint) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    head bigint;
    recorded timestamptz;
    x integer := 0;
    k integer := 0;
    l integer := 0;
    e integer := 0;
BEGIN
    -- A statement of its own: the next ones take their snapshot after the wait, so they see all that was committed.
    PERFORM pg_advisory_xact_lock(hashtextextended('lethe.ledger.append', 0));
    PERFORM set_config('synchronous_commit', 'on', true);
    SELECT position, recorded_at INTO head, recorded FROM ledger.events ORDER BY position DESC LIMIT 1;
    head := coalesce(head, 0);
    recorded := greatest(recorded, clock);

    FOR i IN 1 .. cardinality(u_command) LOOP
        result := 'appended';
        IF EXISTS (SELECT FROM ledger.commands c WHERE c.command_id = u_command[i]) THEN
            result := 'duplicate';
        END IF;
        FOR j IN x + 1 .. x + u_x[i] LOOP
            IF coalesce((SELECT v.sequence FROM ledger.events v
                         WHERE v.aggregate_type = x_type[j] AND v.aggregate_id = x_stream[j]
                         ORDER BY v.sequence DESC LIMIT 1), 0) <> x_version[j] AND result = 'appended' THEN
                result := 'conflict';
            END IF;
        END LOOP;
        FOR j IN k + 1 .. k + u_k[i] LOOP
            IF EXISTS (SELECT FROM vault.keys v WHERE v.subject_id = k_subject[j] AND v.subject_kind = k_kind[j]
                       AND v.class = k_class[j]) AND result = 'appended' THEN
                result := 'conflict';
            END IF;
        END LOOP;
        FOR j IN l + 1 .. l + u_l[i] LOOP
            IF NOT EXISTS (SELECT FROM vault.keys v WHERE v.key_id = l_key[j]) AND result = 'appended' THEN
                result := 'conflict';
            END IF;
        END LOOP;

        IF result = 'appended' THEN
            FOR j IN k + 1 .. k + u_k[i] LOOP
                INSERT INTO vault.keys (key_id, subject_kind, subject_id, class, wrapped, commitment)
                VALUES (k_id[j], k_kind[j], k_subject[j], k_class[j], k_wrapped[j], k_commitment[j]);
            END LOOP;
            FOR j IN e + 1 .. e + u_e[i] LOOP
                head := head + 1;
                INSERT INTO ledger.events VALUES (e_aggregate[j], e_stream[j], e_sequence[j], e_type[j], e_version[j],
                    e_payload[j]::json, e_metadata[j]::json, head, e_id[j], recorded);
            END LOOP;
            INSERT INTO ledger.commands VALUES (u_command[i], head, u_outcome[i], u_objects[i]::uuid[],
                u_subject_kind[i], u_subject[i], u_input[i]);
        END IF;
        at := head;
        RETURN NEXT;
        x := x + u_x[i];
        k := k + u_k[i];
        l := l + u_l[i];
        e := e + u_e[i];
    END LOOP;
END $$;
