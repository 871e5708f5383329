CREATE TABLE note_kinds (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    -- A list of {"code": …, "nature": …}, in the order in which they are offered.
    kinds jsonb NOT NULL
);
