#!/bin/sh
# Make an environment from a lock and install this package into it.
#
#     requirements/install.sh PYTHON VENV LOCK
#
# The Makefile calls it. Whatever goes wrong is said in one line; pip's own words are kept in build/install.log.
# An environment is finished when VENV/.installed-<name of the lock> exists; one that was interrupted while it was
# being made is taken away, at once or (after a power cut) by the next call.
set -u

python=$1
venv=$2
lock=$3
name=$(basename "$lock" .lock)
log=build/install.log

fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

make_venv() {
    command -v "$python" >/dev/null 2>&1 ||
        fail "there is no '$python' here; install Python 3.11 or later or name it: make PYTHON=/path/to/python3.12 ..."
    version=$("$python" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null) ||
        fail "'$python' does not run; install Python 3.11 or later or name it: make PYTHON=/path/to/python3.12 ..."
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
        fail "'$python' is Python $version, but 3.11 or later is needed; name a newer one: make PYTHON=python3.12 ..."
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "'$python' (Python $version) has no venv module; on Debian or Ubuntu: apt install python3-venv"
    mkdir -p "$venv" && : >"$venv/.unfinished" || fail "the folder '$venv' can't be made here"
    "$python" -m venv "$venv" >"$log" 2>&1 ||
        fail "'$python' could not make an environment in '$venv'; what it said is in $log"
}

# pip's words decide which sentence is said.
explain() {
    if grep -qi 'no space left on device' "$log"; then
        fail "the disk is full: the packages need about 2 GB in '$venv' (pip's words are in $log)"
    elif grep -qi 'do not match the hashes' "$log"; then
        fail "a downloaded package is not the one in $lock (its hash differs) and was refused; see $log"
    elif grep -qiE 'retrying|could not fetch url|(timeout|connection|proxy|ssl)error' "$log"; then
        fail "the packages could not be downloaded; check the network, or pip's settings (see $log)"
    elif grep -qiE 'no matching distribution|could not find a version' "$log"; then
        fail "a package of $lock is not on offer for this Python and system, or not on pip's index (see $log)"
    fi
    fail "the packages of $lock could not be installed; pip's words are in $log"
}

mkdir -p build || fail "the folder 'build' can't be made here"
[ -r "$lock" ] || fail "there is no $lock; run this in the repository's top folder"
if [ -e "$venv/.unfinished" ]; then
    rm -rf "$venv"
fi
if [ ! -x "$venv/bin/python" ]; then
    trap '[ -e "$venv/.unfinished" ] && rm -rf "$venv"' EXIT
    trap 'exit 130' INT TERM HUP
    make_venv
fi
"$venv/bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
    fail "the environment '$venv' is of a Python that is gone or older than 3.11; remove it (make clean) and try again"

rm -f "$venv"/.installed-*
echo "installing the packages of $lock into $venv (a few hundred MB the first time, about a minute)"
# --no-compile: Python compiles a module when it is first imported, and most of what is installed never is
"$venv/bin/python" -m pip --disable-pip-version-check --no-input install --no-compile --require-hashes --only-binary :all: \
    -r "$lock" >"$log" 2>&1 || explain
"$venv/bin/python" -m pip --disable-pip-version-check --no-input install --no-deps --no-index --no-build-isolation \
    -e . >"$log" 2>&1 || explain
rm -f "$venv/.unfinished"
: >"$venv/.installed-$name"
