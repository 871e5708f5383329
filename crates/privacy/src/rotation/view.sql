CREATE TABLE rotation (
    id uuid PRIMARY KEY,
    old_epoch bigint NOT NULL,
    new_epoch bigint NOT NULL,
    -- What was erased up to here is gone with the old root; null if the rotation makes nothing final.
    covers bigint,
    -- Where the switch stands.
    switched_position bigint NOT NULL,
    switched_at timestamptz NOT NULL,
    -- Where the end of the old root stands, once it is gone everywhere.
    destroyed_position bigint,
    destroyed_at timestamptz,
    custodians text[] NOT NULL
);
CREATE INDEX ON rotation (covers);
