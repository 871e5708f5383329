CREATE TABLE consent (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    contact_id uuid NOT NULL,
    unit_id uuid NOT NULL,
    purpose text NOT NULL,
    status text NOT NULL,
    legal_basis text NOT NULL,
    source text NOT NULL,
    -- Sealed values; nothing here can be read without the contact's key.
    wording text,
    proof text,
    effective_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    recorded_by uuid NOT NULL,
    withdrawn_at timestamptz,
    withdrawal_recorded_at timestamptz,
    withdrawal_reason text,
    -- Sealed likewise.
    withdrawal_note text,
    kept_until date,
    ended_at timestamptz,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE INDEX ON consent (created_at, id);
CREATE INDEX ON consent (changed_at, id);
CREATE INDEX ON consent (effective_at, id);
CREATE INDEX ON consent (contact_id);
CREATE INDEX ON consent (unit_id);
