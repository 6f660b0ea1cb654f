#!/bin/sh
# Signs the golden orders anew with a fresh key, by the stock ssh-keygen. The private key is not kept. Needed only when the
# statements' bytes change, which breaks every ledger that has orders.
set -eu
cd "$(dirname "$0")"
keys=$(mktemp -d)
trap 'rm -rf "$keys"' EXIT
ssh-keygen -q -t ed25519 -N "" -C "" -f "$keys/ed25519"
cut -d' ' -f1,2 "$keys/ed25519.pub" > ed25519.pub
echo "alice namespaces=\"enroll.v1@pawl,revoke.v1@pawl\" $(cat ed25519.pub)" > allowed_signers
for order in add_key:enroll freeze:revoke; do
  name=${order%:*} namespace=${order#*:}.v1@pawl
  ssh-keygen -q -Y sign -f "$keys/ed25519" -n "$namespace" < "$name.pae" > "$name.sig"
  ssh-keygen -q -Y verify -f allowed_signers -I alice -n "$namespace" -s "$name.sig" < "$name.pae"
done
