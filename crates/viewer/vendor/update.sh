#!/usr/bin/env bash
# Brings NiiVue's bundle from npm, packs it and writes its checksum. Usage: vendor/update.sh [VERSION]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
version=${1:-0.69.0}
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
(cd "$work" && npm pack --silent "@niivue/niivue@$version" >/dev/null && tar -xzf ./*.tgz)
gzip -9nc "$work/package/dist/niivue.umd.js" > niivue.umd.js.gz
(cd "$work/package/dist" && sha256sum niivue.umd.js) > niivue.umd.js.sha256
printf '@niivue/niivue %s, dist/niivue.umd.js, BSD-2-Clause\n' "$version" > VERSION
