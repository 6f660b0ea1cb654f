#!/bin/sh
# sign_more.sh MIDDLEWARE: signs the golden statements anew by security keys (through the tests' middleware, the built
# tests/security-key.so) and under certificates of authorities of several kinds, all by the stock ssh-keygen (9.1 or
# later). The private keys are not kept. After it: PAWL_GOLDEN_WRITE=1 receipt-tests, which makes the passkey's and the receipts.
# Needed only when the statements' bytes change, which breaks every receipt that exists.
set -eu
middleware=$(readlink -f "$1")
export SSH_SK_PROVIDER="$middleware" TZ=UTC
cd "$(dirname "$0")"
keys=$(mktemp -d)
trap 'rm -rf "$keys"' EXIT

make_key() {  # NAME TYPE
  case $2 in ecdsa) bits="-b 256" ;; rsa) bits="-b 2048" ;; *) bits="" ;; esac
  # shellcheck disable=SC2086
  ssh-keygen -q -t "$2" $bits -N "" -C "" -f "$keys/$1"
}
sign() {  # KIND FILE, after KIND.pub was written
  for verb in approve deny; do
    ssh-keygen -q -Y sign -f "$2" -n "$verb.v1@pawl" < "$verb.pae" > "$verb.$1.sig" 2>/dev/null
  done
}
certify() {  # KIND TYPE AUTHORITY
  make_key "$1" "$2"
  ssh-keygen -q -s "$keys/$3" -I "golden $1" -n alice -z 1789 -V 20260501000000:20260701000000 "$keys/$1.pub" 2>/dev/null
  echo "cert-authority $(cut -d' ' -f1,2 "$keys/$3.pub")" > "$1.pub"
  sign "$1" "$keys/$1-cert.pub"
}

for kind in ed25519 ecdsa; do
  make_key "sk-$kind" "$kind-sk"
  cut -d' ' -f1,2 "$keys/sk-$kind.pub" > "sk-$kind.pub"
  sign "sk-$kind" "$keys/sk-$kind"
done
make_key authority ed25519
make_key authority-ecdsa ecdsa
make_key authority-rsa rsa
make_key authority-sk ecdsa-sk
certify cert-ed25519 ed25519 authority
certify cert-ecdsa ecdsa authority
certify cert-rsa rsa authority
certify cert-sk-ed25519 ed25519-sk authority
certify cert-sk-ecdsa ecdsa-sk authority
certify cert-by-ecdsa ed25519 authority-ecdsa
certify cert-by-rsa ed25519 authority-rsa
certify cert-by-sk ed25519 authority-sk
