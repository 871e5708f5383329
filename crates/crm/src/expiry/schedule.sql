CREATE TABLE view.expiry (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    unit_id uuid NOT NULL,
    due date NOT NULL,
    effect text NOT NULL
);
CREATE INDEX ON view.expiry (due, id);
CREATE INDEX ON view.expiry (unit_id, due, id);
