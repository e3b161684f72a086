#!/bin/sh
# Makes one virtual environment hold exactly what one lock names, every file checked by its hash.
# usage: infra/setup-venv.sh VENV LOCK
#
# The pinned uv of requirements-dev.lock does the installing (2 s instead of 57 s); where it cannot be
# had, pip does the same. uv lives in .venv only and serves both environments.
set -eu

venv=$1
lock=$2
python=${PYTHON:-python3}

fail() {
    echo "setup: $1" >&2
    exit 1
}

command -v "$python" >/dev/null 2>&1 ||
    fail "$python is missing: install Python 3.11 or later, or name one: make PYTHON=/path/to/python3.11"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$("$python" --version) is too old: Python 3.11 or later is needed, name one: make PYTHON=/path/to/python3.11"

if ! "$venv/bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    with_pip=
    [ "$venv" = .venv ] || with_pip=--without-pip
    "$python" -m venv --clear $with_pip "$venv" >/dev/null 2>&1 ||
        fail "$python cannot make a virtual environment: install its venv module (Debian: apt install python3-venv)"
fi

if [ ! -x .venv/bin/uv ]; then
    # The lock's own paragraph about uv, hashes included.
    awk '/^uv==/ { inside = 1 } inside { print } inside && !/\\$/ { exit }' \
        requirements-dev.lock >"$venv/uv.lock"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check \
        --require-hashes --no-deps -r "$venv/uv.lock" || echo "setup: no uv, pip takes longer" >&2
fi

echo "setup: $venv from $lock" >&2
if [ -x .venv/bin/uv ]; then
    .venv/bin/uv pip install --quiet --python "$venv/bin/python" \
        --require-hashes --no-deps -r "$lock" || fail "$lock could not be installed into $venv"
else
    .venv/bin/python -m pip --python "$venv/bin/python" install --quiet --disable-pip-version-check \
        --require-hashes --no-deps -r "$lock" || fail "$lock could not be installed into $venv"
fi
