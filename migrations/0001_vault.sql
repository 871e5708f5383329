-- The keys. What is stored here is wrapped by the root key, which is never in PostgreSQL.
CREATE SCHEMA vault;

CREATE TABLE vault.root (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    -- Recognises the root that wraps the keys of this database; tells nothing about it.
    commitment bytea NOT NULL,
    -- How often keys were destroyed. Who keeps keys in memory looks here and forgets them when it has changed.
    destructions bigint NOT NULL DEFAULT 0
);

CREATE TABLE vault.keys (
    key_id uuid PRIMARY KEY,
    subject_kind text COLLATE "C" NOT NULL,
    subject_id uuid NOT NULL,
    class text COLLATE "C" NOT NULL,
    wrapped bytea NOT NULL,
    commitment bytea NOT NULL,
    UNIQUE (subject_id, subject_kind, class)
);

-- However a key is destroyed, every process hears of it.
CREATE FUNCTION vault.count_destruction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE vault.root SET destructions = destructions + 1;
    RETURN NULL;
END $$;
CREATE TRIGGER destroyed AFTER UPDATE OR DELETE OR TRUNCATE ON vault.keys
    FOR EACH STATEMENT EXECUTE FUNCTION vault.count_destruction();
