#!/bin/sh
# Installs kcat and Avro's C tools from Debian's or Ubuntu's packages, where that can be done without asking: a reader of
# Kafka and a reader of Avro that the tests hold our events against.
set -eu
name=kcat
. "$(dirname "$0")/system-packages.sh"

if command -v kcat >/dev/null 2>&1 && command -v avrocat >/dev/null 2>&1; then
    say "kcat and avrocat are installed"
    exit 0
fi
need_apt_get "install kcat and Avro's C tools (avrocat)"
say "installing kcat and Avro's C tools from the system's packages"
read_package_lists
install_packages kcat avro-bin
