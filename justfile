# Common commands; `just` lists them.
default:
    @just --list

# Runs the server with a fresh or existing ./drape-data
serve:
    cargo run --release -p drape -- serve

# Runs every test
test:
    cargo test --workspace

# Checks format, lints and licences
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    cargo deny check

# Writes generated files anew: openapi.json, docs pages
generate:
    DRAPE_WRITE_GENERATED=1 cargo test --workspace generated

# Kills a running server at random moments, 50 times, and checks the books (bounded to a few minutes)
kill-test rounds="50":
    DRAPE_KILL_ROUNDS={{rounds}} cargo test --release -p drape --test it kill_nine -- --nocapture

# Makes a contact sheet of the preview engine from a list of pairs
evaluate pairs photos out="target/evaluate":
    cargo run --release -p drape-preview --example evaluate -- --pairs {{pairs}} --photos {{photos}} --out {{out}}
