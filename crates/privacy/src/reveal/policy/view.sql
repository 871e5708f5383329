CREATE TABLE reveal_policy (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    purposes text[] NOT NULL,
    usual integer NOT NULL,
    most integer NOT NULL
);
