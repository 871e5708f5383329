CREATE TABLE device (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    user_id uuid NOT NULL,
    device_id uuid NOT NULL,
    -- Sealed for the user.
    label text,
    status text NOT NULL,
    requested_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    approved_at timestamptz,
    revoked_at timestamptz
);
CREATE INDEX ON device (user_id, requested_at, id);
