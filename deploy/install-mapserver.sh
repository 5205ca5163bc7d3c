#!/bin/sh
# Installs MapServer from Debian's or Ubuntu's packages, where that can be done without asking: a WFS 2.0 server that the
# tests read from.
set -eu
name=mapserver
. "$(dirname "$0")/system-packages.sh"

if command -v mapserv >/dev/null 2>&1; then
    say "MapServer is installed"
    exit 0
fi
need_apt_get "install MapServer (mapserv)"
say "installing MapServer from the system's packages"
read_package_lists
install_packages cgi-mapserver
