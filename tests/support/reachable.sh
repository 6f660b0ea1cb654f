#!/bin/bash
# reachable.sh FOLDER COMMAND...: runs COMMAND where every user of the host can reach FOLDER. Needs root.
# A clone often lies below a 0700 folder (/root, a home). In a private mount namespace that folder is covered by an
# empty one that leads only to FOLDER, at the same path; the host sees nothing of it.
set -euo pipefail

if [ "${1:-}" = --inside ]; then
  folder=$2
  shift 2
  closed="" part="" rest=${folder#/}
  while [ -n "$rest" ] && [ -z "$closed" ]; do
    part="$part/${rest%%/*}"
    [ "${rest#*/}" = "$rest" ] && rest="" || rest=${rest#*/}
    mode=$(stat -c %a "$part")
    (((8#$mode & 1) == 0)) && closed=$part
  done
  if [ "$closed" = "$folder" ]; then
    echo "reachable.sh: $folder itself is closed to other users; remedy: chmod a+rx '$folder'" >&2
    exit 1
  fi
  if [ -n "$closed" ]; then
    exec 9<"$folder"
    mount -t tmpfs -o mode=0755,size=1m tmpfs "$closed"
    mkdir -p "$folder"
    # The bind's source is the open folder: its path is covered by now.
    mount --no-canonicalize --bind /proc/self/fd/9 "$folder"
    exec 9<&-
    cd "$folder"
  fi
  exec "$@"
fi
folder=$(realpath "$1")
shift
# A test may make sure that it was started here, and mounts nothing over the host's folders.
PAWL_HOST_MOUNTS=$(readlink /proc/self/ns/mnt)
export PAWL_HOST_MOUNTS
exec unshare --mount --propagation private -- "$BASH" "$0" --inside "$folder" "$@"
