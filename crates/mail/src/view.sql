-- What becomes of outgoing mails. Nothing of the mails themselves is here: address, title and text stay in the ledger.
CREATE TABLE outgoing_mail (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    kind text NOT NULL,
    unit_id uuid NOT NULL,
    -- Whose key seals it.
    subject_kind text NOT NULL,
    subject_id uuid NOT NULL,
    status text NOT NULL,
    -- Whether an attempt ended without an answer, so that it may have been delivered, or will be twice.
    in_doubt boolean NOT NULL,
    attempts bigint NOT NULL,
    message_id text,
    reason text,
    code bigint,
    -- When it is tried next; null once it has ended.
    due_at timestamptz,
    queued_at timestamptz NOT NULL,
    sent_at timestamptz,
    changed_at timestamptz NOT NULL
);
CREATE INDEX ON outgoing_mail (queued_at, id);
CREATE INDEX ON outgoing_mail (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX ON outgoing_mail (status);
