CREATE TABLE expiry_policy (
    id uuid PRIMARY KEY,
    version bigint NOT NULL
);
CREATE TABLE expiry_policy_set (
    unit_id uuid NOT NULL,
    kind text NOT NULL,
    effective_from date NOT NULL,
    months integer NOT NULL,
    effect text NOT NULL,
    PRIMARY KEY (unit_id, kind, effective_from)
);
