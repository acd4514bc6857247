#!/bin/sh
# Installs what the tests need and this machine lacks, by apt. Starts no service.
set -eu

missing=''
# need <command> <Debian package that has it>
need() {
    command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}

need cc build-essential
need sipp sip-tester
need baresip baresip-core
need chromium chromium
need tshark tshark
need mpg123 mpg123
need sqlite3 sqlite3
need openssl openssl
# The shell has a kill of its own; the tests run the program.
[ -x /bin/kill ] || missing="$missing procps"

if ! command -v npm >/dev/null 2>&1; then
    echo 'setup: Node.js is missing; install 20.19 or later from https://nodejs.org' >&2
    exit 1
fi
if ! command -v cargo >/dev/null 2>&1; then
    echo 'setup: Rust is missing; install it from https://rustup.rs (1.95 or later)' >&2
    exit 1
fi
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "setup: these Debian packages are missing, and there is no apt-get to install them:$missing" >&2
    exit 1
fi
as_root=''
if [ "$(id -u)" -ne 0 ]; then
    if ! sudo -n true 2>/dev/null; then
        echo "setup: these packages are missing, and only root may install them; please run:" >&2
        echo "    sudo apt-get update && sudo apt-get install --yes --no-install-recommends$missing" >&2
        exit 1
    fi
    as_root='sudo -n'
fi

# Packages may not start what they install: nothing here needs a daemon.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
    $as_root chmod +x "$policy"
    trap '$as_root rm -f "$policy"' EXIT
fi
echo "setup: installing$missing"
$as_root apt-get update --quiet
# shellcheck disable=SC2086 # a list of words
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends $missing
