#!/bin/sh
# Makes the virtual environment that every `make` target uses: tools/make_venv.sh DIR
# Needs nothing but a POSIX shell and a Python; PYTHON=/path/to/python chooses one.
set -eu

dir=$1
least="3.11"
fits='import sys; sys.exit(sys.version_info < (3, 11))'
whole='import venv, ensurepip'

if [ -x "$dir/bin/python" ]; then
    if "$dir/bin/python" -c "$fits" >/dev/null 2>&1 && "$dir/bin/python" -m pip --version >/dev/null 2>&1; then
        exit 0
    fi
    echo "» $dir is broken or older than Python $least; making it anew"
fi

old="" # interpreters that are too old, for the message
bare="" # new enough, but without venv
# 3.11 first: it is the version that the image and the pinned libraries were tried with.
for name in ${PYTHON:-python3.11 python3.12 python3.13 python3.14 python3}; do
    path=$(command -v "$name" 2>/dev/null) || continue
    # A version manager's shim may be on PATH and still not run, so each candidate is asked.
    version=$("$path" -c 'import platform; print(platform.python_version())' 2>/dev/null) || continue
    if ! "$path" -c "$fits"; then
        old="$old $name ($version)"
    elif ! "$path" -c "$whole" >/dev/null 2>&1; then
        bare="$bare $name ($version)"
    else
        echo "» making $dir with $name ($version)"
        rm -rf "$dir"
        "$path" -m venv "$dir"
        exit 0
    fi
done

{
    echo
    if [ -n "$bare" ]; then
        first=$(echo "$bare" | sed 's/^ *\([^ ]*\).*/\1/')
        echo "Cannot make a virtual environment: found$bare, but without the modules venv and ensurepip."
        echo "Install them, then run make again."
        echo "  Debian, Ubuntu:  apt install $first-venv"
    else
        echo "Cannot find Python $least or newer${PYTHON:+ (PYTHON=$PYTHON)}${old:+; found only$old}."
        echo "Install one, then run make again:"
        echo "  Debian, Ubuntu:  apt install python3.11 python3.11-venv"
        echo "  macOS:           brew install python@3.11"
        echo "  anywhere:        pyenv install 3.11"
        echo "or say where it is:  make PYTHON=/path/to/python3.11 ..."
    fi
    echo
} >&2
exit 1
