#!/bin/sh
# Finds the Chromium that the browser tests drive, or installs Debian's where that is possible, and
# writes its path to a file.
# usage: infra/setup-browser.sh FILE
#
# A browser of the system, not Playwright's own: it is kept up to date with the system, and no second
# registry is needed. CHROMIUM names one that is somewhere else.
set -eu

file=$1

fail() {
    echo "setup: $1" >&2
    exit 1
}

found() {
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        if command -v "$name" 2>/dev/null; then
            return 0
        fi
    done
    return 1
}

# As root or by sudo that asks for no password; nothing else may wait for somebody to type.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo -n "$@"
    fi
}

may_install() {
    command -v apt-get >/dev/null 2>&1 || return 1
    [ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null
}

install_chromium() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends chromium >&2
}

if [ -n "${CHROMIUM:-}" ]; then
    path=$(command -v "$CHROMIUM") || fail "CHROMIUM is $CHROMIUM, which is no program"
elif ! path=$(found); then
    may_install ||
        fail "no Chromium: install one (Debian: apt install chromium), or name one: CHROMIUM=/path/to/chromium make test"
    echo "setup: installing chromium with apt-get" >&2
    install_chromium || { as_root apt-get update >&2 && install_chromium; } ||
        fail "apt-get could not install chromium: install one, or name one: CHROMIUM=/path/to/chromium make test"
    path=$(found) || fail "apt-get installed chromium, but it is not on the PATH: name it: CHROMIUM=/path/to/chromium make test"
fi

"$path" --version >/dev/null 2>&1 ||
    fail "$path does not start: install another one, or name one: CHROMIUM=/path/to/chromium make test"

echo "setup: $file from $path" >&2
printf '%s\n' "$path" >"$file"
