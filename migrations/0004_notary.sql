-- The notary: a Merkle tree over the ledger, and what was signed of it. See docs/notary.md.
CREATE SCHEMA notary;

-- The tree, in tiles as C2SP tlog-tiles has them. Only the last one of each level grows; it is moved forward together
-- with notary.head.
CREATE TABLE notary.tiles (
    level smallint NOT NULL,
    tile bigint NOT NULL,
    -- One to 256 hashes of 32 bytes.
    hashes bytea NOT NULL,
    PRIMARY KEY (level, tile)
);
-- Hashes do not compress.
ALTER TABLE notary.tiles ALTER COLUMN hashes SET STORAGE EXTERNAL;

-- What was signed last, moved by compare-and-set; and why nothing is signed, if nothing is.
CREATE TABLE notary.head (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    -- How many events the tree has; position p is leaf p - 1.
    size bigint NOT NULL,
    -- The origin of the history it is of. The origin of another history starts from nothing.
    origin uuid NOT NULL,
    -- The signed checkpoint of that size; null before the first one.
    note text,
    signed_at timestamptz,
    -- Why the ledger is not believed: the first position that is wrong, if it is known, and a sentence.
    fault text,
    fault_position bigint
);
INSERT INTO notary.head (size, origin) SELECT 0, origin FROM ledger.origin;

-- The newest checkpoint that witnesses have cosigned, with their signatures.
CREATE TABLE notary.cosigned (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    size bigint NOT NULL,
    note text NOT NULL,
    cosigned_at timestamptz NOT NULL
);

-- What is known of each witness: the size it has cosigned last, and why it does not go on, if it does not.
CREATE TABLE notary.witnesses (
    name text PRIMARY KEY,
    size bigint NOT NULL,
    -- REFUSED when it has seen another history, AWAY when it does not answer.
    failure text,
    reason text,
    failing_since timestamptz,
    cosigned_at timestamptz
);
