#!/usr/bin/env bash
# Makes the certificates of this folder anew: an authority, a server at 127.0.0.1, a client, and a strange authority.
# They guard nothing: their keys are public.
set -euo pipefail
cd "$(dirname "$0")"

key() { openssl ecparam -genkey -name prime256v1 -noout -out "$1.key"; }
sign() { # name, subject, extensions
    key "$1"
    openssl req -new -key "$1.key" -subj "$2" |
        openssl x509 -req -CA ca.pem -CAkey ca.key -CAcreateserial -days 36500 -extfile <(echo "$3") -out "$1.pem"
}
for authority in ca stranger; do
    key "$authority"
    openssl req -x509 -key "$authority.key" -subj "/CN=test $authority" -days 36500 -out "$authority.pem" \
        -addext "keyUsage=critical,keyCertSign,cRLSign"
done
sign server "/CN=test server" "subjectAltName=IP:127.0.0.1"
sign client "/CN=test client" "extendedKeyUsage=clientAuth"
rm -f ca.key ca.srl stranger.key
