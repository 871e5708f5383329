CREATE TABLE company (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    unit_id uuid NOT NULL,
    country text NOT NULL,
    scheme text NOT NULL,
    -- Either a public number, or a sealed one in two parts.
    number text,
    number_date text,
    number_serial text,
    legal_form text NOT NULL,
    -- Master data: {"public": …} of a legal person, {"sealed": …} of a sole proprietor.
    name jsonb,
    address jsonb,
    postal_code jsonb,
    city jsonb,
    phone jsonb,
    email jsonb,
    nace_code text COLLATE "C",
    nace_version text,
    p_numbers text[] NOT NULL,
    external_reference text,
    status text NOT NULL,
    superseded_by uuid,
    close_reason text,
    proprietor_id uuid,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE INDEX ON company (created_at, id);
CREATE INDEX ON company (changed_at, id);
CREATE INDEX ON company (unit_id);
-- The sole traders of a unit, for those who must not register one twice.
CREATE INDEX ON company (unit_id, created_at, id) WHERE number_serial IS NOT NULL;
-- In the order of bytes, so that the beginning of a code finds its range.
CREATE INDEX ON company (nace_code);
