#!/bin/sh
# Copies both databases of compose.yaml, of one moment, into a new folder. A bot that runs stops for
# as long as that takes; Telegram keeps the updates meanwhile.
#
#   backup.sh [FOLDER]    as seen from where it is called; by default backups/ beside this script,
#                         and the time
set -eu
umask 077

folder=${1:-}
case $folder in
"" | /*) ;;
*) folder=$PWD/$folder ;;
esac
cd "$(dirname "$0")"
folder=${folder:-backups/$(date -u +%Y%m%dT%H%M%SZ)}
folder=${folder%/} # as completion leaves it
mkdir -p "$(dirname "$folder")"
[ ! -e "$folder" ] || { echo "$folder exists: name another" >&2; exit 1; }
exec 9< .
flock --nonblock 9 || { echo "another backup.sh or restore.sh is at work" >&2; exit 1; }

# Where somebody has stopped it, it stays so: another server may run by now.
ran=$(docker compose ps --quiet --status running --status restarting yabot)
leave() {
    rm -rf "$folder.part"
    [ -z "$ran" ] || docker compose up --detach --no-deps yabot
}
trap leave EXIT
# Without these the shell would not come to it.
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
# Under its own name only when it is whole.
rm -rf "$folder.part"
mkdir "$folder.part"
docker compose stop yabot
# shellcheck disable=SC2016 # the variables are the containers'
docker compose exec -T postgres sh -c \
    'PGPASSWORD=$POSTGRES_PASSWORD pg_dump --username=postgres --format=custom yabot' \
    > "$folder.part/postgres.dump"
# shellcheck disable=SC2016
docker compose exec -T mongodb sh -c '
    umask 077
    trap "rm -f /tmp/login" EXIT
    printf "password: %s\n" "$MONGODB_ADMIN_PASSWORD" > /tmp/login
    mongodump --config=/tmp/login --username=admin --authenticationDatabase=admin \
        --host=localhost --ssl --sslCAFile=/tls/ca.pem --db=yabot --archive --gzip --quiet' \
    > "$folder.part/mongodb.archive.gz"
mv "$folder.part" "$folder"
echo "$folder holds both databases; keep it, and .env, on another machine"
