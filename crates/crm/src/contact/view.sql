CREATE TABLE contact (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    status text NOT NULL,
    erasure_kind text,
    erasure_reason text,
    erased_at timestamptz,
    erased_position bigint,
    unit_id uuid,
    units uuid[] NOT NULL,
    -- How many items each unit has.
    unit_items jsonb NOT NULL,
    external_reference text,
    -- Sealed values; nothing here can be read without the contact's key.
    first_name text,
    last_name text,
    title text,
    email text,
    phone text,
    mobile text,
    remark text,
    cpr_date text,
    cpr_serial text,
    next_expiry date,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE INDEX ON contact (created_at, id);
CREATE INDEX ON contact (changed_at, id);
CREATE INDEX ON contact ((coalesce(next_expiry, 'infinity'::date)), id);
CREATE INDEX ON contact USING gin (units);

CREATE TABLE contact_company (
    contact_id uuid NOT NULL,
    company_id uuid NOT NULL,
    linked_at timestamptz NOT NULL,
    proprietor boolean NOT NULL,
    PRIMARY KEY (contact_id, company_id)
);
CREATE INDEX ON contact_company (company_id);

CREATE TABLE contact_item (
    contact_id uuid NOT NULL,
    item uuid NOT NULL,
    kind text NOT NULL,
    unit uuid NOT NULL,
    personal boolean NOT NULL,
    expires date,
    PRIMARY KEY (contact_id, item)
);
-- The first to expire of one contact.
CREATE INDEX ON contact_item (contact_id, expires) WHERE expires IS NOT NULL;
