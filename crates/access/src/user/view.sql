CREATE TABLE users (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    unit_id uuid NOT NULL,
    integration boolean NOT NULL,
    -- Sealed for the user.
    name text,
    email text,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    off_boarded_at timestamptz,
    anonymised_at timestamptz
);
CREATE INDEX ON users (created_at, id);
CREATE INDEX ON users (unit_id);

CREATE TABLE user_identity (
    user_id uuid NOT NULL,
    number bigint NOT NULL,
    issuer text NOT NULL,
    -- Sealed for the user.
    subject text NOT NULL,
    PRIMARY KEY (user_id, number)
);

CREATE TABLE user_grant (
    user_id uuid NOT NULL,
    unit_id uuid NOT NULL,
    role text COLLATE "C" NOT NULL,
    since timestamptz NOT NULL,
    PRIMARY KEY (user_id, unit_id, role)
);
CREATE INDEX ON user_grant (unit_id);
