#!/bin/sh
# find-python.sh [PYTHON]: prints the Python to prepare the environment with, the one that is named
# or the first that fits. Where something is missing it says so in one sentence, and fails: nothing
# has been downloaded by then.
set -u

TESTED=3.11
# A shim of a version manager may be there and still run nothing: each is tried.
CHOICES="python$TESTED python3.12 python3.13 python3.14 python3"

refuse() {
  echo "$1" >&2
  exit 1
}

is_new_enough() {
  "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

can_make_environments() {
  "$1" -c 'import venv, ensurepip' >/dev/null 2>&1
}

find_python() {
  named=${1:-}
  # shellcheck disable=SC2086 - a word for each choice
  [ -n "$named" ] || set -- $CHOICES
  found=
  for choice in "$@"; do
    is_new_enough "$choice" || continue
    found=${found:-$choice}
    can_make_environments "$choice" || continue
    echo "$choice"
    return
  done
  [ -n "$found" ] || refuse "$(no_python "$named")"
  refuse "YABOT needs Python's modules venv and ensurepip, which $found lacks: install them\
 (Debian and Ubuntu: apt-get install $(venv_package "$found")), or name another Python with make\
 PYTHON=/path/to/python."
}

no_python() {
  if [ -n "$1" ]; then
    echo "YABOT needs Python $TESTED or newer, and '$1' is none: name another, or leave PYTHON out."
  else
    echo "YABOT needs Python $TESTED or newer, and none was found: install it (Debian and Ubuntu:\
 apt-get install python$TESTED python$TESTED-venv), or name one with make PYTHON=/path/to/python."
  fi
}

venv_package() {
  "$1" -c 'import sys; print("python{}.{}-venv".format(*sys.version_info))'
}

# The packaged MongoDB needs AVX; a server elsewhere, or a mongod of another build, does not.
require_processor() {
  [ "$(uname -sm)" = "Linux x86_64" ] && [ -r "$CPUINFO" ] || return 0
  ! grep -qw avx "$CPUINFO" || return 0
  [ -z "${MONGODB_URI:-}" ] && ! command -v mongod >/dev/null || return 0
  ! grep -qs '^ *\(export  *\)\{0,1\}MONGODB_URI *=' .env || return 0
  refuse "The MongoDB that comes along needs a processor with AVX, which this machine lacks: use\
 another machine, or set MONGODB_URI to a server."
}

CPUINFO=${CPUINFO:-/proc/cpuinfo}
require_processor
find_python "${1:-}"
