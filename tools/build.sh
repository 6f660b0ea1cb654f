# Sourced by tools/check, tools/try and tools/bench: how pawl's build folders are made. Expects $project.

# What tools/try and tools/check build: a third less of the compiler's time than a release (-O2, Meson's default here).
quick_build=(-Doptimization=1)

# configure FOLDER OPTION...: a Meson build folder, made anew when its options changed.
configure() {
  local folder=$1
  shift
  if [ ! -f "$folder/build.ninja" ] || [ "$(cat "$folder/.options" 2>/dev/null)" != "$*" ]; then
    rm -rf "$folder"
    mkdir -p "$folder"
    # Without a file of options a configuration that failed is tried anew.
    meson setup "$folder" "$project" "$@" >"$folder/setup.log" 2>&1 || { tail -40 "$folder/setup.log" && return 1; }
    echo "$*" >"$folder/.options"
  fi
}

# compile FOLDER TARGET...: says nothing when all is well.
compile() {
  local folder=$1
  shift
  # No more jobs than processors: compilers that share one are slower than one after the other.
  ninja -C "$folder" -j "$(nproc)" "$@" >"$folder/build.log" 2>&1 ||
    { grep -E -A12 'FAILED|error:' "$folder/build.log" | head -120 && return 1; }
}

# installed_targets FOLDER: the programs that `meson install` would install, as ninja's targets.
installed_targets() {
  meson introspect --targets "$1" | /usr/bin/python3 -c '
import json, os, sys
for target in json.load(sys.stdin):
    if target["installed"] and target["type"] == "executable":
        print(os.path.relpath(target["filename"][0], sys.argv[1]))' "$1"
}

# stage FOLDER: installs below FOLDER/stage, the layout that packages have.
stage() {
  rm -rf "$1/stage"
  DESTDIR=$1/stage meson install -C "$1" --no-rebuild --quiet >"$1/install.log" 2>&1 || { tail -20 "$1/install.log" && return 1; }
}
