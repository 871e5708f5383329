CREATE TABLE note (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    unit_id uuid NOT NULL,
    kind text,
    nature text,
    company_id uuid,
    -- Sealed; nothing here can be read without the note's key.
    text text,
    contains_personal boolean NOT NULL,
    contains_sensitive boolean NOT NULL,
    status text NOT NULL,
    expires_on date,
    effect text,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE INDEX ON note (created_at, id);
CREATE INDEX ON note (changed_at, id);
CREATE INDEX ON note ((coalesce(expires_on, 'infinity'::date)), id);
CREATE INDEX ON note (unit_id);
CREATE INDEX ON note (company_id);

CREATE TABLE note_contact (
    note_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    -- That of the note.
    created_at timestamptz NOT NULL,
    PRIMARY KEY (note_id, contact_id)
);
CREATE INDEX ON note_contact (contact_id, created_at, note_id);
