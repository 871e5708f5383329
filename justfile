# The recipes; bare `just` lists them.

_default:
    @just --list --unsorted

# Fetch and build everything
setup:
    cargo build --workspace --all-targets

# Serve on http://127.0.0.1:8080, with a PostgreSQL of its own
run *arguments:
    cargo run --release -- {{arguments}}

# Everything CI checks
check:
    .ci/run

# Write the generated files anew: the schema, the page of permissions and the demo fixtures
accept:
    cargo run -q -- schema > schema.graphql.new && mv schema.graphql.new schema.graphql
    cargo run -q -- fixture --out fixtures/demo
    LETHE_WRITE_GOLDEN=1 cargo test -q -p lethe-api --test graph the_page_of_permissions

# Write the golden files of new versions of events and views (files that are there stay as they are), and the vectors of the log
golden:
    LETHE_WRITE_GOLDEN=1 cargo test -q -p lethe-api --test golden
    LETHE_WRITE_GOLDEN=1 cargo test -q -p lethe-tlog --test tlog vectors

# Measure
bench:
    cargo bench --workspace

# Measure pages and notes over HTTP beside PostGraphile, on installations of so many contacts; most of half an hour
bench-pages *contacts:
    cargo bench -p lethe-server --bench pages -- {{contacts}}

# Look for inputs that break what reads them, for minutes where the tests take seconds
fuzz cases="20000":
    LETHE_FUZZ_CASES={{cases}} cargo test -p lethe-tlog --test tlog -- --nocapture fuzz pair
    LETHE_FUZZ_CASES={{cases}} cargo test -p lethe-graphql fuzz
    LETHE_FUZZ_CASES={{cases}} cargo test -p lethe-server --bin lethe fuzz_ -- --nocapture

# Try random histories of the vault against everything that was ever on a disk
attack rounds="20":
    LETHE_ATTACK_ROUNDS={{rounds}} cargo test -p lethe-privacy --test attack -- --nocapture random

# Kill servers, PostgreSQL and rotations of the root at random moments, and check what is left
crash rounds="30":
    LETHE_CRASH_ROUNDS={{rounds}} cargo test -p lethe-server --test crash -- --nocapture
