CREATE TABLE operation_outcome (
    id uuid PRIMARY KEY,
    operation_id uuid NOT NULL,
    row_number bigint NOT NULL,
    outcome text NOT NULL,
    object_id uuid,
    code text,
    column_name text
);
CREATE INDEX ON operation_outcome (operation_id, row_number, id);
