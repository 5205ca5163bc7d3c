#!/bin/sh
# Puts the packages of tests/node in place with npm, after installing Node from Debian's or Ubuntu's packages where it is
# missing and that can be done without asking.
set -eu
name=node
. "$(dirname "$0")/system-packages.sh"
folder=$(cd "$(dirname "$0")/../tests/node" && pwd)
installed=$folder/node_modules/.package-lock.json

if ! command -v npm >/dev/null 2>&1; then
    need_apt_get "install Node 18 or newer with npm"
    say "installing Node and npm from the system's packages"
    read_package_lists
    install_packages nodejs npm
fi
if [ -e "$installed" ] && [ ! "$folder/package-lock.json" -nt "$installed" ]; then
    say "the packages of tests/node are installed"
    exit 0
fi
say "installing the packages of tests/node"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund) >"$log" 2>&1; then
    say "not installed: npm ci failed ($(grep -m 1 'npm error' "$log" || tail -n 1 "$log"))"
    exit 0
fi
say "installed $(node --version) and $(ls "$folder/node_modules" | wc -l) packages"
