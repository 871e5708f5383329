CREATE TABLE expiry (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    unit_id uuid NOT NULL,
    due date NOT NULL,
    effect text NOT NULL
);
CREATE INDEX ON expiry (due, id);
CREATE INDEX ON expiry (unit_id, due, id);
