#!/bin/sh
# Makes a certificate authority of its own, and a certificate of it for each server.
#
#   certificates.sh DIRECTORY SERVER...
#
#   DIRECTORY/ca/       ca.pem, ca.key: keep the key to yourself
#   DIRECTORY/SERVER/   ca.pem, server.crt, server.key, server.pem (key and certificate)
#
# SERVER is the host name by which its clients call it; the loopback names are added. What is
# sound is kept, so that it may be run at any time; what ends within 30 days is made anew.
set -eu
umask 077

authority_days=3650
server_days=397
renew_before=2592000 # seconds

[ $# -ge 2 ] || { echo "usage: certificates.sh DIRECTORY SERVER..." >&2; exit 2; }
directory=$1
shift
authority=$directory/ca
mkdir -p "$authority"
work=$(mktemp -d "$authority/new.XXXXXX")
trap 'rm -rf "$work"' EXIT
# Without these the shell would not come to it.
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

cat > "$work/extensions" <<'EXTENSIONS'
[authority]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
# MongoDB shows the certificate to the members of its replica set too, as their client.
extendedKeyUsage = serverAuth, clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = DNS:$ENV::SERVER, DNS:localhost, IP:127.0.0.1, IP:::1
EXTENSIONS

fresh() { openssl x509 -in "$1" -noout -checkend "$renew_before" > /dev/null 2>&1; }

belong_together() { # a certificate and a key
    [ -n "$(openssl pkey -in "$2" -pubout 2> /dev/null)" ] &&
        [ "$(openssl x509 -in "$1" -noout -pubkey)" = "$(openssl pkey -in "$2" -pubout)" ]
}

request() { # a new key, and a request for its certificate
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/key"
    openssl req -new -key "$work/key" -subj "/O=YABOT/CN=$1" -out "$work/request"
}

certify() { # the request, with options that say who signs
    openssl x509 -req -in "$work/request" -sha256 -extfile "$work/extensions" \
        -set_serial "0x$(openssl rand -hex 16)" -out "$work/certificate" "$@" 2> /dev/null
}

make_authority() {
    request "the stores' authority"
    SERVER=none certify -signkey "$work/key" -days "$authority_days" -extensions authority
    mv "$work/key" "$authority/ca.key"
    mv "$work/certificate" "$authority/ca.pem"
    echo "made the authority, for $authority_days days"
}

sound_authority() {
    fresh "$authority/ca.pem" && belong_together "$authority/ca.pem" "$authority/ca.key"
}

make_server() {
    request "$1"
    SERVER=$1 certify -CA "$authority/ca.pem" -CAkey "$authority/ca.key" \
        -days "$server_days" -extensions server
    cat "$work/key" "$work/certificate" > "$work/both"
    mv "$work/key" "$directory/$1/server.key"
    mv "$work/certificate" "$directory/$1/server.crt"
    mv "$work/both" "$directory/$1/server.pem"
    echo "made the certificate of $1, for $server_days days"
}

sound_server() {
    fresh "$directory/$1/server.crt" &&
        belong_together "$directory/$1/server.crt" "$directory/$1/server.key" &&
        belong_together "$directory/$1/server.pem" "$directory/$1/server.pem" &&
        openssl verify -CAfile "$authority/ca.pem" -verify_hostname "$1" \
            "$directory/$1/server.crt" "$directory/$1/server.pem" > /dev/null 2>&1
}

sound_authority || make_authority
for server in "$@"; do
    mkdir -p "$directory/$server"
    sound_server "$server" || make_server "$server"
    cp "$authority/ca.pem" "$work/ca.pem"
    chmod 444 "$work/ca.pem"
    mv "$work/ca.pem" "$directory/$server/ca.pem"
done
