#!/bin/sh
# Writes the .env of compose.yaml from .env.production.example, with a fresh secret wherever one
# is to be made up. What only you know is left empty.
#
#   new-env.sh [FILE]    by default the .env beside this script; a file that exists is kept
set -eu
umask 077

here=$(dirname "$0")
file=${1:-$here/.env}
[ ! -e "$file" ] || { echo "$file exists and is kept: move it away first" >&2; exit 1; }

while IFS= read -r line; do
    case $line in
        *_PASSWORD= | *_SECRET=) line=$line$(openssl rand -hex 32) ;;
    esac
    printf '%s\n' "$line"
done < "$here/.env.production.example" > "$file.new"
mv "$file.new" "$file"
echo "$file is written; fill in the lines that are empty"
