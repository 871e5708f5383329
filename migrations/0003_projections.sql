-- What follows the ledger: read models and reactions. See "Views" in docs/ledger.md.

-- How far each of them has come. The tables of read models are no migrations: they are built from the ledger.
CREATE TABLE ledger.projections (
    name text PRIMARY KEY,
    version integer NOT NULL,
    -- Everything up to here is in its tables; moved by compare-and-set together with them.
    position bigint NOT NULL,
    -- Its tables in the schema view, so that another version can retire them.
    tables text[] NOT NULL,
    -- Why it does not go on, if it does not; names no value.
    halted text
);
CREATE SCHEMA view;

-- What became of the work that a reaction gave. Whether it was done at all is known by ledger.commands.
CREATE TABLE ledger.reaction_outcomes (
    reaction text NOT NULL,
    position bigint NOT NULL,
    -- APPLIED, or the code of the refusal.
    outcome text NOT NULL,
    PRIMARY KEY (reaction, position)
);
