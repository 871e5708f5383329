CREATE TABLE expiry (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    unit_id uuid NOT NULL,
    due date NOT NULL,
    -- What happens to a note; a consent ends.
    effect text
);
CREATE INDEX ON expiry (due, id);
CREATE INDEX ON expiry (unit_id, due, id);
