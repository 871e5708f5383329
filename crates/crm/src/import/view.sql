CREATE TABLE operation (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    kind text NOT NULL,
    unit_id uuid NOT NULL,
    status text NOT NULL,
    done bigint NOT NULL,
    total bigint,
    created bigint NOT NULL,
    existing bigint NOT NULL,
    refused bigint NOT NULL,
    started_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    forgotten_at timestamptz
);
CREATE INDEX ON operation (started_at, id);
CREATE INDEX ON operation (changed_at, id);
CREATE INDEX ON operation (unit_id);
