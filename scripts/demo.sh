#!/usr/bin/env bash
# Builds triher and runs the whole method on a simulated three-centre cohort.
# Usage: scripts/demo.sh [--out DIR] [other options of `triher demo`]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/setup.sh
cargo build --release --locked --package triher
[ $# -gt 0 ] || set -- --out triher-demo
exec "${CARGO_TARGET_DIR:-target}/release/triher" demo "$@"
