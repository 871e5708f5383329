-- The keys. What is stored here is wrapped by bucket keys, those by the root key, which is never in PostgreSQL.
CREATE SCHEMA vault;

CREATE TABLE vault.root (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    installation uuid NOT NULL,
    -- The root that wraps the bucket keys now, and what recognises it; that tells nothing about it.
    epoch bigint NOT NULL,
    commitment bytea NOT NULL,
    -- How many buckets there are; a power of two, fixed for good.
    buckets integer NOT NULL,
    -- The cluster this database has lived in. Elsewhere it is a copy, and a copy must not have roots destroyed.
    system_identifier bigint NOT NULL,
    timeline bigint NOT NULL,
    -- The public half of the key that signs, once it was made; it is never made anew.
    public_key bytea
);

-- How often keys were destroyed or wrapped anew. Who keeps keys in memory looks here and forgets them when it has
-- changed. Not in vault.root: every append looks there, and while a snapshot is held open each change of a row makes
-- finding it slower.
CREATE TABLE vault.destructions (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    number bigint NOT NULL
);
INSERT INTO vault.destructions (number) VALUES (0);

CREATE TABLE vault.buckets (
    bucket integer PRIMARY KEY,
    -- The epoch at which this bucket's key was made.
    generation bigint NOT NULL,
    -- The bucket's key, wrapped by the root of vault.root.epoch.
    wrapped bytea NOT NULL
);

-- Numbers what happens to keys, in the order of commits, since it is used under the append lock alone. Mirrors copy
-- what lies behind the last number they have. An append takes one number, and gives its keys those that follow.
CREATE SEQUENCE vault.changes INCREMENT 64;

CREATE TABLE vault.keys (
    -- Random; its first bits are the number of its bucket. It has no index: an entry at a random place costs every append
    -- more than a rotation saves by it, and whoever has the id of a key knows its subject.
    key_id uuid NOT NULL,
    subject_kind text COLLATE "C" NOT NULL,
    subject_id uuid NOT NULL,
    class text COLLATE "C" NOT NULL,
    bucket integer NOT NULL,
    -- The generation of the bucket's key that wraps it.
    generation bigint NOT NULL,
    wrapped bytea NOT NULL,
    commitment bytea NOT NULL,
    change bigint NOT NULL DEFAULT nextval('vault.changes'),
    PRIMARY KEY (subject_id, subject_kind, class)
);
-- Mirrors ask for what lies behind a number: two keys with the same one could be torn apart, and one be lost.
CREATE UNIQUE INDEX keys_change ON vault.keys (change);

-- The keys that were destroyed. They are never made anew.
CREATE TABLE vault.tombstones (
    key_id uuid PRIMARY KEY,
    subject_kind text COLLATE "C" NOT NULL,
    subject_id uuid NOT NULL,
    class text COLLATE "C" NOT NULL,
    bucket integer NOT NULL,
    -- The generation of the bucket's key that had wrapped it: as long as it is the bucket's, that key could still
    -- unwrap an old copy.
    generation bigint NOT NULL,
    commitment bytea NOT NULL,
    -- The last position of the unit of work that destroyed it.
    position bigint NOT NULL,
    destroyed_at timestamptz NOT NULL,
    change bigint NOT NULL DEFAULT nextval('vault.changes'),
    UNIQUE (subject_id, subject_kind, class)
);
CREATE UNIQUE INDEX tombstones_change ON vault.tombstones (change);

-- However a key is destroyed or wrapped anew, every process hears of it.
CREATE FUNCTION vault.count_destruction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE vault.destructions SET number = number + 1;
    RETURN NULL;
END $$;
CREATE TRIGGER destroyed AFTER UPDATE OR DELETE OR TRUNCATE ON vault.keys
    FOR EACH STATEMENT EXECUTE FUNCTION vault.count_destruction();

-- A tombstone stands for good.
CREATE FUNCTION vault.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a tombstone stands for good: the key it stands for is never made anew';
END $$;
CREATE TRIGGER for_good BEFORE UPDATE OR DELETE OR TRUNCATE ON vault.tombstones
    FOR EACH STATEMENT EXECUTE FUNCTION vault.refuse_change();

-- The step at which a rotation of the root stands, if one is under way. One at a time.
CREATE TABLE vault.rotation (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    step text NOT NULL CHECK (step IN ('prepared', 'switched', 'exported', 'destroyed')),
    old_epoch bigint NOT NULL,
    new_epoch bigint NOT NULL,
    -- What recognises the new root.
    commitment bytea NOT NULL,
    -- The position of the event that says that keys were switched.
    position bigint,
    started_at timestamptz NOT NULL
);

-- What a custodian that only encrypts cannot keep itself: the root, encrypted by that custodian's key of the epoch.
-- Once that key is deleted there, copies of this tell nothing.
CREATE TABLE vault.transit_roots (
    custodian text NOT NULL,
    epoch bigint NOT NULL,
    ciphertext text NOT NULL,
    PRIMARY KEY (custodian, epoch)
);
