CREATE TABLE reveal_alert (
    id uuid PRIMARY KEY,
    position bigint NOT NULL,
    at timestamptz NOT NULL,
    user_id uuid NOT NULL,
    unit_id uuid NOT NULL,
    role text NOT NULL,
    count integer NOT NULL,
    usual integer NOT NULL
);
CREATE INDEX ON reveal_alert (position, id);
CREATE INDEX ON reveal_alert (unit_id, position, id);
