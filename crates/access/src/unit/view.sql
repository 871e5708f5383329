CREATE TABLE unit (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    name text NOT NULL,
    country text NOT NULL,
    kind text NOT NULL,
    created_at timestamptz NOT NULL
);
