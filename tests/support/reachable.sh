#!/bin/bash
# reachable.sh [--own-processes] [--own-network] FOLDER COMMAND...: runs COMMAND where every user of the host can reach
# FOLDER. Needs root. With processes (and IPC) of its own what it leaves behind ends with it; with a network of its own,
# which is a loopback, two of them see nothing of each other.
# A clone often lies below a 0700 folder (/root, a home). In a private mount namespace that folder is covered by an
# empty one that leads only to FOLDER, at the same path; the host sees nothing of it.
set -euo pipefail

if [ "${1:-}" = --inside ]; then
  apart=" $2 " folder=$3
  shift 3
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
  [[ $apart != *" --net "* ]] || ip link set lo up
  [[ $apart == *" --pid "* ]] || exec "$@"
  # Large ones, as on a host: a sandbox counts from 1, and its own processes must not pass for these.
  echo 10000 >/proc/sys/kernel/ns_last_pid
  # This shell is pid 1: it stays, to reap what others leave.
  "$@"
  exit
fi
apart=()
if [ "$1" = --own-processes ]; then
  apart+=(--pid --fork --kill-child --mount-proc --ipc)
  shift
fi
if [ "$1" = --own-network ]; then
  apart+=(--net)
  shift
fi
folder=$(realpath "$1")
shift
# A test may make sure that it was started here, and mounts nothing over the host's folders, and gives its network no address.
PAWL_HOST_MOUNTS=$(readlink /proc/self/ns/mnt) PAWL_HOST_NETWORK=$(readlink /proc/self/ns/net)
export PAWL_HOST_MOUNTS PAWL_HOST_NETWORK
exec unshare --mount --propagation private "${apart[@]}" -- "$BASH" "$0" --inside "${apart[*]}" "$folder" "$@"
