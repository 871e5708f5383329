CREATE TABLE unit (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    name text NOT NULL,
    country text NOT NULL,
    kind text NOT NULL,
    p_number text,
    created_at timestamptz NOT NULL
);
CREATE TABLE unit_dpm (
    unit_id uuid NOT NULL,
    number bigint NOT NULL,
    user_id uuid NOT NULL,
    since timestamptz NOT NULL,
    until timestamptz,
    PRIMARY KEY (unit_id, number)
);
