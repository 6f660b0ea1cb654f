# For the scripts of this folder: plays as the user pawl-test-alice in a private mount namespace, with a scratch home, a
# broker that a session of its own keeps alive, and the role "bench". Sourced with the script's own arguments.
project=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")
person=pawl-test-alice
home=/home/$person

if [ "${1:-}" != --inside ]; then
  become=()
  [ "$(id -u)" = 0 ] || become=(sudo)
  exec "${become[@]}" env "PAWL_BUILD=$PAWL_BUILD" "PAWL_STAGE=$PAWL_STAGE" "PATH=$PATH" \
    "$project/tests/support/reachable.sh" "$project" "$(realpath "$0")" --inside "$@"
fi
shift
bin=$PAWL_STAGE/usr/local/bin
as_person() {
  (cd "$home" && exec setpriv --reuid "$person" --regid "$person" --clear-groups --reset-env env "PATH=$bin:/usr/bin:/bin" "$@")
}
[ ! -d /etc/pawl ] || mount -t tmpfs -o mode=0755,size=1m tmpfs /etc/pawl
mount -t tmpfs -o "mode=0700,uid=$(id -u "$person"),gid=$(id -g "$person")" tmpfs "$home"
as_person pawl init --name alice >/dev/null
as_person mkdir work
cp "$project/tests/bench/role.toml" "$home/.config/pawl/roles/bench.toml"
chown "$person:$person" "$home/.config/pawl/roles/bench.toml"
# A session of its own keeps the broker running.
as_person pawl run --role bench --workspace "$home/work" -- /usr/bin/sleep 600 </dev/null >/dev/null 2>&1 &
keeper=$!
# The broker leaves by itself when it has nothing to do.
trap 'pkill --parent "$keeper" 2>/dev/null || true; kill "$keeper" 2>/dev/null || true' EXIT
for _ in $(seq 100); do as_person pawl sessions >/dev/null 2>&1 && break || sleep 0.1; done
