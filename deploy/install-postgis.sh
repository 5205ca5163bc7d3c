#!/bin/sh
# Installs PostgreSQL with PostGIS from Debian's or Ubuntu's packages, where that can be done without asking.
# Says in one line what it did; where it cannot install, it says so and ends with 0: the tests then report what is not run.
set -eu

say() { printf 'postgis: %s\n' "$1"; }

for control in /usr/share/postgresql/*/extension/postgis.control; do
    version=$(basename "$(dirname "$(dirname "$control")")")
    if [ -e "$control" ] && [ -x "/usr/lib/postgresql/$version/bin/initdb" ]; then
        say "PostgreSQL $version with PostGIS is installed"
        exit 0
    fi
done
if ! command -v apt-get >/dev/null 2>&1; then
    say "not installed: this is not Debian or Ubuntu; install PostgreSQL with PostGIS, or set MEEKOPPEL_DATABASE_URL"
    exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
    say "not installed: needs root (sudo $0), a Docker engine, or MEEKOPPEL_DATABASE_URL"
    exit 0
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
say "installing PostgreSQL with PostGIS from the system's packages"
# The packages would make and start a server of their own; ours are started when needed, on free ports.
configuration=/etc/postgresql-common/createcluster.conf
if [ ! -e "$configuration" ]; then
    mkdir -p "$(dirname "$configuration")"
    printf 'create_main_cluster = false\n' >"$configuration"
fi
if ! apt-get update >"$log" 2>&1; then
    say "not installed: the package lists cannot be read ($(tail -n 1 "$log"))"
    exit 0
fi
package=$(apt-cache search --names-only '^postgresql-[0-9]+-postgis-[0-9]+$' | cut -d ' ' -f 1 | sort -V | tail -n 1)
if [ -z "$package" ]; then
    say "not installed: the system's packages have no PostGIS; set MEEKOPPEL_DATABASE_URL"
    exit 0
fi
if ! apt-get install -y --no-install-recommends -o Dpkg::Options::=--force-confold "$package" >"$log" 2>&1; then
    say "not installed: $package failed ($(tail -n 1 "$log"))"
    exit 0
fi
say "installed $package"
