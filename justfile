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

# Writes generated files anew
generate:
    cargo run -p drape -- config reference > docs/SETTINGS.md
    cargo run -p drape -- openapi > crates/server/openapi.json

# Kills a running server at random moments, 50 times, and checks the books (bounded to a few minutes)
kill-test rounds="50":
    DRAPE_KILL_ROUNDS={{rounds}} cargo test --release -p drape --test it kill_nine -- --nocapture

# Measures how many try-ons a server accepts per second
bench-accept seconds="10" connections="64":
    cargo build --release -p drape
    cargo run --release -p drape --example accept_rate -- {{seconds}} {{connections}}

# Makes contact sheets and tables of the preview engine from a list of pairs
evaluate pairs out="target/evaluate" *options="":
    cargo run --release -p drape-preview --example evaluate -- --pairs {{pairs}} --out {{out}} {{options}}

# Checks a real server from outside against the contract, half of the try-ons in old spellings
contract old="0.5":
    cargo build -p drape
    python3 tools/contract/run.py --drape "${CARGO_TARGET_DIR:-target}/debug/drape" --old {{old}}

# Sends generated requests and holds every answer against the API document (needs schemathesis, see .ci/run)
check-api seconds="60":
    .ci/check-api {{seconds}}
