CREATE TABLE rotation (
    id uuid PRIMARY KEY,
    old_epoch bigint NOT NULL,
    new_epoch bigint NOT NULL,
    -- Where the switch stands: keys destroyed before it are gone with the old root.
    switched_position bigint NOT NULL,
    switched_at timestamptz NOT NULL,
    -- Where the end of the old root stands, once it is gone everywhere.
    destroyed_position bigint,
    destroyed_at timestamptz,
    custodians text[] NOT NULL
);
CREATE INDEX ON rotation (switched_position);
