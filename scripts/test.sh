#!/usr/bin/env bash
# Runs every test of the workspace, documentation examples included.
# Reference data is looked for at ../shared/data, or where TRIHER_REFERENCE_DATA points; tests
# that need it say that they were skipped when it is not there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/setup.sh
ensure_browser
exec cargo test --locked --workspace "$@"
