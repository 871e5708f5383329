-- The form in which events are stored. A program reads one form and refuses a ledger in another: see "Format" in docs/ledger.md.
CREATE TABLE ledger.format (number integer NOT NULL);
CREATE UNIQUE INDEX ON ledger.format ((true));
INSERT INTO ledger.format VALUES (1);
