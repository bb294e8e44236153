#!/bin/sh
# Writes the version into every file that has it, or says which files have another one:
#   scripts/set_version.sh 0.2.0
#   scripts/set_version.sh --check 0.2.0
set -eu
cd "$(dirname "$0")/.."

if [ "${1:-}" = --check ]; then check=1 && shift; else check=0; fi
version=${1:?usage: scripts/set_version.sh [--check] VERSION}
printf '%s\n' "$version" | grep -Eq '^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$' || {
  echo "$version is not a version as MAJOR.MINOR.PATCH (semver.org)" >&2
  exit 64
}

# set_in FILE BEFORE: the version is what stands in quotation marks behind BEFORE, on one line.
set_in() {
  [ "$(grep -c "^$2\"[^\"]*\"" "$1")" = 1 ] || {
    echo "$1 does not have exactly one line that begins with $2" >&2
    exit 1
  }
  if [ "$check" = 0 ]; then
    sed -i "s|^\($2\"\)[^\"]*\"|\1$version\"|" "$1"
  elif ! grep -q "^$2\"$version\"" "$1"; then
    echo "$1 has another version than $version" >&2
    exit 1
  fi
}

set_in src/version.ts 'export const VERSION = '
set_in deno.json '  "version": '
set_in client/package.json '  "version": '
set_in packaging/kubernetes/kustomization.yaml '    newTag: '
