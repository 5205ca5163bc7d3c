#!/bin/sh
# Installs pygeoapi, a server of OGC API Features that the tests read from, into an environment of its own: its packages
# are not ours, and one of them is called `tests`.
set -eu
say() { printf 'pygeoapi: %s\n' "$1"; }
root=$(cd "$(dirname "$0")/.." && pwd)
wanted=$root/tests/pygeoapi/requirements.txt
folder=$root/.cache/pygeoapi

if cmp -s "$wanted" "$folder/installed.txt"; then
    say "is installed"
    exit 0
fi
say "installing into $folder"
if "${PYTHON:-python3}" -m venv "$folder" && "$folder/bin/pip" install --quiet --requirement "$wanted"; then
    cp "$wanted" "$folder/installed.txt"
    say "installed"
else
    say "not installed: see above"
fi
