#!/bin/sh
# Installs PostgreSQL with PostGIS from Debian's or Ubuntu's packages, where that can be done without asking.
# Says in one line what it did; where it cannot install, it says so and ends with 0: the tests then report what is not run.
set -eu
name=postgis
. "$(dirname "$0")/system-packages.sh"

for control in /usr/share/postgresql/*/extension/postgis.control; do
    version=$(basename "$(dirname "$(dirname "$control")")")
    if [ -e "$control" ] && [ -x "/usr/lib/postgresql/$version/bin/initdb" ]; then
        say "PostgreSQL $version with PostGIS is installed"
        exit 0
    fi
done
need_apt_get "install PostgreSQL with PostGIS, run a Docker engine, or set MEEKOPPEL_DATABASE_URL"
say "installing PostgreSQL with PostGIS from the system's packages"
# The packages would make and start a server of their own; ours are started when needed, on free ports.
configuration=/etc/postgresql-common/createcluster.conf
if [ ! -e "$configuration" ]; then
    mkdir -p "$(dirname "$configuration")"
    printf 'create_main_cluster = false\n' >"$configuration"
fi
read_package_lists
package=$(apt-cache search --names-only '^postgresql-[0-9]+-postgis-[0-9]+$' | cut -d ' ' -f 1 | sort -V | tail -n 1)
if [ -z "$package" ]; then
    say "not installed: the system's packages have no PostGIS; set MEEKOPPEL_DATABASE_URL"
    exit 0
fi
install_packages "$package"
