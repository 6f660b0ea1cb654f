#!/bin/sh
# Signs the golden statements anew with fresh keys of every kind, by the stock ssh-keygen. The private keys are not kept.
# Needed only when the statements' bytes change, which breaks every receipt that exists; sign_more.sh comes after it.
set -eu
cd "$(dirname "$0")"
keys=$(mktemp -d)
trap 'rm -rf "$keys"' EXIT
: > allowed_signers
for kind in ed25519 ecdsa rsa; do
  case $kind in ecdsa) bits="-b 256" ;; rsa) bits="-b 3072" ;; *) bits="" ;; esac
  # shellcheck disable=SC2086
  ssh-keygen -q -t "$kind" $bits -N "" -C "" -f "$keys/$kind"
  cut -d' ' -f1,2 "$keys/$kind.pub" > "$kind.pub"
  echo "alice namespaces=\"approve.v1@pawl,deny.v1@pawl\" $(cat "$kind.pub")" >> allowed_signers
  for verb in approve deny; do
    ssh-keygen -q -Y sign -f "$keys/$kind" -n "$verb.v1@pawl" < "$verb.pae" > "$verb.$kind.sig"
    ssh-keygen -q -Y verify -f allowed_signers -I alice -n "$verb.v1@pawl" -s "$verb.$kind.sig" < "$verb.pae"
  done
done
