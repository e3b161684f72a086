#!/bin/sh
# Puts one function's artifact together; `sam build` calls it through the Makefile.
# usage: infra/build-function.sh build-<LogicalId> ARTIFACTS_DIR
#
# An artifact is functions/<name>, shared and the pinned dependencies. The dependencies are installed
# once per lock and platform into .build/, byte-compiled (Lambda's disk is read-only, so it would
# compile at every cold start), and hard-linked from there.
set -eu

logical_id=${1#build-}
artifact=$2
platform=${LAMBDA_PLATFORM-x86_64-manylinux2014}
version=${LAMBDA_PYTHON:-3.11}

# ApiFunction is functions/api, SyncItemsFunction is functions/sync_items.
name=$(echo "${logical_id%Function}" | sed 's/\([a-z]\)\([A-Z]\)/\1_\2/g' | tr '[:upper:]' '[:lower:]')
if [ ! -f "functions/$name/handler.py" ]; then
    echo "build: $logical_id needs functions/$name/handler.py" >&2
    exit 1
fi

compile() {
    # Only the same minor version writes what the runtime can read. The hash is unchecked because a
    # zip keeps times to two seconds only.
    if [ "$(.venv/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')" = "$version" ]; then
        .venv/bin/python -m compileall -qq --invalidation-mode unchecked-hash "$@"
    fi
}

install() {
    if [ -x .venv/bin/uv ]; then
        .venv/bin/uv pip install --quiet --no-deps --require-hashes --target "$1" -r requirements.lock \
            ${platform:+--python-platform "$platform" --python-version "$version" --only-binary :all:}
    else
        tag=$(echo "$platform" | sed 's/\(.*\)-\(manylinux.*\)/\2_\1/')
        .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
            --target "$1" -r requirements.lock \
            ${platform:+--platform "$tag" --python-version "$version" --only-binary :all:}
    fi
}

lock=$(.venv/bin/python -c \
    'import hashlib, pathlib; print(hashlib.sha256(pathlib.Path("requirements.lock").read_bytes()).hexdigest()[:16])')
dependencies=.build/$lock-python$version-${platform:-here}
if [ ! -d "$dependencies" ]; then
    mkdir -p .build
    fresh=$(mktemp -d .build/new.XXXXXX)
    install "$fresh"
    rm -rf "$fresh/bin" "$fresh/.lock"
    compile "$fresh"
    chmod 755 "$fresh"
    mv "$fresh" "$dependencies"
fi

cp -al "$dependencies/." "$artifact/" 2>/dev/null || cp -a "$dependencies/." "$artifact/"
mkdir -p "$artifact/functions"
cp functions/__init__.py "$artifact/functions/"
cp -R "functions/$name" shared "$artifact/"
mv "$artifact/$name" "$artifact/functions/$name"
find "$artifact/functions" "$artifact/shared" -name __pycache__ -prune -exec rm -rf {} +
compile "$artifact/functions" "$artifact/shared"
