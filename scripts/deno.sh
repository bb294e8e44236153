#!/bin/sh
# Prints the path of a Deno that Ranger runs on: the one on the PATH where it is of the right
# series, else the pinned one, which npm installs into .tools once. DENO_VERSION asks for exactly
# that one instead.
set -eu
pinned=2.9.6
version=${DENO_VERSION:-$pinned}
if [ "$version" = "$pinned" ]; then wanted="${pinned%.*}."; else wanted="$version "; fi
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
tool=$root/.tools/deno-$version/node_modules/deno/deno

found=$(command -v deno || true)
if [ -n "$found" ]; then
  case $("$found" --version 2>/dev/null) in
    "deno $wanted"*) echo "$found"; exit 0 ;;
  esac
fi

# Asked each time: a tree that was copied to another kind of machine has the wrong one.
works() { "$tool" --version >/dev/null 2>&1; }

if ! works; then
  if ! command -v npm >/dev/null; then
    echo "Ranger needs Deno $version, which is not on the PATH, or npm to install it:" >&2
    echo "  apt-get install npm" >&2
    exit 69
  fi
  echo "installing Deno $version into .tools (once)" >&2
  mkdir -p "$root/.tools"
  # Beside its place first, so that an interrupted download leaves nothing that looks whole.
  part=$(mktemp -d "$root/.tools/deno.XXXXXX")
  trap 'rm -rf "$part"' EXIT
  npm install --prefix "$part" --no-audit --no-fund --no-update-notifier --loglevel=error \
    --ignore-scripts=false "deno@$version" >&2 || {
    echo "npm could not install deno@$version; its message is above" >&2
    exit 69
  }
  rm -rf "$root/.tools/deno-$version"
  mv "$part" "$root/.tools/deno-$version"
  works || {
    echo "$tool does not run on this machine" >&2
    exit 69
  }
fi
echo "$tool"
