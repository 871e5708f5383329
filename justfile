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

# Write the generated files anew: the schema, the demo fixtures, the snapshots
accept:
    cargo run -q -- schema > schema.graphql.new && mv schema.graphql.new schema.graphql
    cargo run -q -- fixture --out fixtures/demo
    INSTA_UPDATE=always cargo test --workspace

# Measure
bench:
    cargo bench --workspace
