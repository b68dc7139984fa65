#!/bin/sh
# Write the three locks: `make lock` calls this as  requirements/lock.sh UV.
#
# Every line carries its hashes, and the lines hold for every Python and system that is supported; one version of each
# package serves them all (--fork-strategy fewest), so that everyone sees the same numbers. What a contributor
# has configured (indexes, folders of wheels) must not leak into the locks: uv reads no settings here and asks the
# public index; the test tests/repository/ holds the locks to naming no host.
set -eu

uv=$1

lock() {
    out=$1
    what=$2
    shift 2
    rm -f "$out.new" # uv would keep the versions that an existing output names; the newest are wanted here
    env -u UV_INDEX -u UV_DEFAULT_INDEX -u UV_INDEX_URL -u UV_EXTRA_INDEX_URL -u UV_FIND_LINKS \
        "$uv" pip compile --quiet --no-config --universal --python-version 3.11 --fork-strategy fewest \
        --only-binary :all: --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links --output-file "$out.new" "$@" >/dev/null
    {
        printf '# %s\n# Written by `make lock`: edit pyproject.toml instead, then run it again.\n' "$what"
        cat "$out.new"
    } >"$out.whole"
    rm "$out.new"
    mv "$out.whole" "$out"
}

cd "$(dirname "$0")/.."
lock requirements/run.lock "What the package needs to run, and what builds it." \
    pyproject.toml requirements/build.in
lock requirements/test.lock "What a contributor needs: run.lock, the tests and the linters." \
    pyproject.toml requirements/build.in --extra dev --constraint requirements/run.lock
lock requirements/oldest.lock "The oldest versions that are supported, and what tests with them." \
    pyproject.toml requirements/build.in --extra test --resolution lowest-direct
