# What the install-*.sh scripts share: Debian's or Ubuntu's packages, where that can be done without asking. A script that
# reads this sets `name` first. Where it cannot install, it says so in one line and ends with 0: the tests then report
# what is not run.

say() { printf '%s: %s\n' "$name" "$1"; }

# need_apt_get WHAT_ELSE: go on only where packages can be installed; WHAT_ELSE says what a person can do instead.
need_apt_get() {
    if ! command -v apt-get >/dev/null 2>&1; then
        say "not installed: this is not Debian or Ubuntu; $1"
        exit 0
    fi
    if [ "$(id -u)" -ne 0 ]; then
        say "not installed: needs root (sudo $0); or $1"
        exit 0
    fi
    log=$(mktemp)
    trap 'rm -f "$log"' EXIT
    export DEBIAN_FRONTEND=noninteractive
}

read_package_lists() {
    if ! apt-get update >"$log" 2>&1; then
        say "not installed: the package lists cannot be read ($(tail -n 1 "$log"))"
        exit 0
    fi
}

install_packages() {
    if ! apt-get install -y --no-install-recommends -o Dpkg::Options::=--force-confold "$@" >"$log" 2>&1; then
        say "not installed: $* failed ($(tail -n 1 "$log"))"
        exit 0
    fi
    say "installed $*"
}
