#!/bin/sh
# Makes .venv with a suitable Python and installs requirements-dev.txt into it, when that is not done yet.
# PYTHON names another interpreter. Prints nothing when there is nothing to do.
set -eu

versions="3.11, 3.12 or 3.13"
suitable='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'

fail() {
    echo "$1" >&2
    exit 1
}

# The embedded MongoDB has wheels for these versions only.
is_suitable() {
    "$1" -c "$suitable" >/dev/null 2>&1
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        is_suitable "$PYTHON" || fail "PYTHON=$PYTHON is not Python $versions, which the local stack needs"
        echo "$PYTHON"
        return
    fi
    for candidate in python3 python3.13 python3.12 python3.11 python; do
        if is_suitable "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    fail "Python $versions is needed and was not found; name one with: make PYTHON=/path/to/python3.13 ..."
}

version_of() {
    "$1" -c 'import sys; print(sys.version_info[:2])' 2>/dev/null || echo none
}

# A virtualenv cannot be moved, so its place belongs to what is compared, besides the requirements.
wanted() {
    pwd
    cat requirements.txt requirements-dev.txt
}

stamp=.venv/installed-requirements.txt
if [ -x .venv/bin/python ] && is_suitable .venv/bin/python && wanted | cmp -s - "$stamp"; then
    if [ -z "${PYTHON:-}" ] || [ "$(version_of "$PYTHON")" = "$(version_of .venv/bin/python)" ]; then
        exit 0
    fi
fi

python=$(find_python)
if ! is_suitable .venv/bin/python || [ "$(version_of "$python")" != "$(version_of .venv/bin/python)" ] ||
    [ "$(head -n 1 "$stamp" 2>/dev/null)" != "$(pwd)" ]; then
    echo "Making .venv with $("$python" --version)"
    rm -rf .venv
    "$python" -m venv .venv || fail "$python cannot make a virtualenv (on Debian or Ubuntu: apt install python3-venv)"
fi
echo "Installing the packages of requirements-dev.txt into .venv (about a minute, only when they change)"
rm -f "$stamp"
# Most of what is installed is never loaded, so what is gets compiled when it is first loaded.
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --no-compile \
    -r requirements-dev.txt ||
    fail "the packages could not be installed (see above)"
wanted >"$stamp"
