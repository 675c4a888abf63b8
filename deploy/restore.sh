#!/bin/sh
# Puts back what backup.sh has copied, in place of what is there now, and starts the bot. On a
# new server it needs the old .env; the stores are made by compose.yaml.
#
#   restore.sh FOLDER    as seen from where it is called
set -eu

[ $# = 1 ] || { echo "usage: restore.sh FOLDER" >&2; exit 2; }
folder=$(cd "$1" && pwd)
cd "$(dirname "$0")"
for copy in postgres.dump mongodb.archive.gz; do
    [ -s "$folder/$copy" ] || { echo "$folder/$copy is missing or empty: nothing is changed" >&2; exit 1; }
done
exec 9< .
flock --nonblock 9 || { echo "another backup.sh or restore.sh is at work" >&2; exit 1; }

docker compose stop yabot
# Each starts its store, if need be, and waits for it.
docker compose run --rm setup-mongodb
docker compose run --rm setup-postgres
# Into a database of its own first: what is there stays until the copy is whole, and then nothing stays
# of it, not even what the copy does not know.
# shellcheck disable=SC2016 # the variables are the containers'
docker compose exec -T postgres sh -c '
    set -e
    export PGUSER=postgres PGPASSWORD="$POSTGRES_PASSWORD"
    dropdb --if-exists --force yabot_restored
    createdb --owner=yabot yabot_restored
    pg_restore --dbname=yabot_restored --single-transaction --exit-on-error
    psql --quiet --dbname=yabot_restored --set=ON_ERROR_STOP=1 \
        --command="REVOKE ALL ON DATABASE yabot_restored FROM PUBLIC"
    dropdb --force yabot
    psql --quiet --dbname=postgres --set=ON_ERROR_STOP=1 \
        --command="ALTER DATABASE yabot_restored RENAME TO yabot"' \
    < "$folder/postgres.dump"
# shellcheck disable=SC2016
docker compose exec -T mongodb sh -c '
    umask 077
    trap "rm -f /tmp/login" EXIT
    printf "password: %s\n" "$MONGODB_ADMIN_PASSWORD" > /tmp/login
    mongorestore --config=/tmp/login --username=admin --authenticationDatabase=admin \
        --host=localhost --ssl --sslCAFile=/tls/ca.pem --nsInclude="yabot.*" --drop --archive \
        --gzip --quiet' \
    < "$folder/mongodb.archive.gz"
# Redis holds events that the restored log does not know; they are written again from SQL.
docker compose rm --stop --force redis
docker volume rm --force yabot_redis-data
# With the proxy, where .env names the domain that it is for.
[ -z "$(sed -n 's/^DOMAIN=//p' .env)" ] || export COMPOSE_PROFILES=proxy
docker compose up --detach
docker compose exec -T yabot yabot audit stores
