CREATE TABLE prospect (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    unit_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    company_id uuid,
    external_reference text,
    -- Sealed for the contact.
    title text,
    nace_code text,
    nace_version text,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE INDEX ON prospect (created_at, id);
CREATE INDEX ON prospect (changed_at, id);
CREATE INDEX ON prospect (unit_id);
CREATE INDEX ON prospect (contact_id);
CREATE INDEX ON prospect (company_id);
