#!/bin/sh
# Gives each store of compose.yaml what it must find when it starts: certificates, MongoDB's key
# file, Redis' users, PostgreSQL's rules. compose.yaml runs it as root before all others, at
# every `docker compose up`; what is there and sound is kept.
set -eu
umask 077

tls=${TLS_DIRECTORY:-/tls}
here=$(dirname "$0")
: "${REDIS_PASSWORD:?it is missing; set it in deploy/.env}"

"$here/certificates.sh" "$tls" mongodb redis postgres yabot
mkdir -p "$tls/prometheus"
cp -f "$tls/ca/ca.pem" "$tls/prometheus/ca.pem"

if [ ! -s "$tls/mongodb/keyfile" ]; then
    openssl rand -base64 756 > "$tls/mongodb/keyfile.new"
    mv "$tls/mongodb/keyfile.new" "$tls/mongodb/keyfile"
    echo "made MongoDB's key file"
fi

# The hash is enough to check a password. Nobody may do more than they need: the bot's commands on
# its own keys; another service's nothing but to write to yabot:inbound.
rule() { # a user, its password, its rights
    hash=$(printf %s "$2" | openssl dgst -sha256 -r | cut -d' ' -f1)
    echo "user $1 on #$hash $(cat "$3")"
}
rm -f "$tls/redis/users.acl"
{
    rule default "$REDIS_PASSWORD" "$here/redis-bot.acl"
    [ -z "${REDIS_PRODUCER_PASSWORD:-}" ] ||
        rule producer "$REDIS_PRODUCER_PASSWORD" "$here/redis-producer.acl"
} > "$tls/redis/users.acl"
cp -f "$here/pg_hba.conf" "$tls/postgres/pg_hba.conf"

# The servers refuse keys that others may read. 999 is the user of all three images.
find "$tls/mongodb" "$tls/redis" "$tls/postgres" "$tls/yabot" "$tls/prometheus" -type f -exec chmod 400 {} +
if [ "$(id -u)" = 0 ]; then
    chown -R "${STORE_OWNER:-999:999}" "$tls/mongodb" "$tls/redis" "$tls/postgres"
    chown -R "${YABOT_OWNER:-10001:10001}" "$tls/yabot"
    chown -R "${PROMETHEUS_OWNER:-65534:65534}" "$tls/prometheus"
fi
