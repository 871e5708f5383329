-- The keys. What is stored here is wrapped by the root key, which is never in PostgreSQL.
CREATE SCHEMA vault;

-- Recognises the root that wraps the keys of this database; tells nothing about it.
CREATE TABLE vault.root (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    commitment bytea NOT NULL
);

CREATE TABLE vault.keys (
    key_id uuid PRIMARY KEY,
    subject_kind text NOT NULL,
    subject_id uuid NOT NULL,
    class text NOT NULL,
    wrapped bytea NOT NULL,
    commitment bytea NOT NULL,
    UNIQUE (subject_id, subject_kind, class)
);
