CREATE TABLE user_group (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    unit_id uuid NOT NULL,
    name text NOT NULL,
    created_at timestamptz NOT NULL,
    closed_at timestamptz
);

CREATE TABLE user_group_member (
    group_id uuid NOT NULL,
    user_id uuid NOT NULL,
    since timestamptz NOT NULL,
    PRIMARY KEY (group_id, user_id)
);
CREATE INDEX ON user_group_member (user_id);
