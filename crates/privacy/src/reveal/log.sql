CREATE TABLE access_log (
    id uuid PRIMARY KEY,
    position bigint NOT NULL,
    at timestamptz NOT NULL,
    user_id uuid NOT NULL,
    unit_id uuid NOT NULL,
    role text NOT NULL,
    field text NOT NULL,
    note_id uuid,
    company_id uuid,
    contacts uuid[] NOT NULL,
    purpose text NOT NULL,
    -- Sealed; nothing here can be read without the key of the contact, the note or the sole proprietor.
    purpose_text text,
    device_id uuid,
    repeats uuid
);
CREATE INDEX ON access_log (position, id);
CREATE INDEX ON access_log (unit_id, position, id);
CREATE INDEX ON access_log (user_id, position, id);
CREATE INDEX ON access_log (note_id, position, id);
CREATE INDEX ON access_log (company_id, position, id);
CREATE INDEX ON access_log (at);
CREATE INDEX ON access_log USING gin (contacts);
