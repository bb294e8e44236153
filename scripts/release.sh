#!/bin/sh
# Makes a release of the sources here:
#   scripts/release.sh 0.2.0           checks, sets the version, commits, builds, writes dist/release
#   scripts/release.sh --notes 0.2.0   prints the release notes, and nothing else
#
# Before: give the section Unreleased of CHANGELOG.md the version and its date, and commit that:
#   ## [0.2.0] - 2026-12-01
# After: look at dist/release, then `git tag -s v0.2.0` and push; it prints the commands.
# RELEASE_BUILD=build-tree builds the folder where the executable cannot be built. Nothing is pushed.
set -eu
cd "$(dirname "$0")/.."

fail() {
  echo "release: $*" >&2
  exit 1
}

if [ "${1:-}" = --notes ]; then only_notes=1 && shift; else only_notes=0; fi
version=${1:-}
case $version in
'' | -* | *[!0-9A-Za-z.-]*) echo 'usage: scripts/release.sh [--notes] VERSION' >&2 && exit 64 ;;
esac

# The section of the version, without its heading: up to the next one, or the links at the end.
notes() {
  awk -v heading="## [$version]" '
    index($0, "## [") == 1 || /^\[[^]]+\]: / { inside = index($0, heading) == 1; next }
    inside' CHANGELOG.md | sed -e '/./,$!d'
}

heading=$(grep -F "## [$version]" CHANGELOG.md || true)
[ -n "$heading" ] || fail "CHANGELOG.md has no section ## [$version] - DATE"
date=${heading#"## [$version] - "}
# As date(1) reads it: 2026-02-30 is not a date.
[ "$(date -u -d "$date" +%F 2>/dev/null)" = "$date" ] ||
  fail "the section of $version in CHANGELOG.md has no date as 2026-12-01: $heading"
[ -n "$(notes)" ] || fail "the section of $version in CHANGELOG.md is empty"
if [ "$only_notes" = 1 ]; then
  notes
  exit
fi

[ -z "$(git status --porcelain)" ] || fail "commit or remove these first:
$(git status --porcelain)"
! git rev-parse -q --verify "refs/tags/v$version" >/dev/null ||
  [ "$(git rev-parse "v$version^{commit}")" = "$(git rev-parse HEAD)" ] ||
  fail "the tag v$version is on another commit"

scripts/set_version.sh "$version"
if [ -n "$(git status --porcelain)" ]; then
  git commit -q -a -m "release: $version"
  echo "committed the version"
fi

out=dist/release
rm -rf dist
mkdir -p "$out"
make "${RELEASE_BUILD:-build}"
if [ -x dist/ranger ]; then program=dist/ranger; else program=dist/ranger-tree/ranger; fi
told=$("$program" version --json)
case $told in
*"\"version\":\"$version\""*"\"commit\":\"$(git rev-parse --short=12 HEAD)\""*) ;;
*) fail "$program is of another version or commit: $told" ;;
esac

# One name for each kind of machine, as the kernel says it: x86_64, aarch64.
name=ranger-$version-linux-$(uname -m)
# pack FOLDER NAME ARCHIVE: the same bytes for the same commit, without times, owners or order of this machine.
pack() {
  tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$(git log -1 --format=%ct)" \
    --transform "s|^\./|$2/|" -C "$1" -cf - . | gzip -n >"$3"
}
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
if [ -x dist/ranger ]; then cp dist/ranger "$stage"; else cp -r dist/ranger-tree/. "$stage"; fi
cp LICENSE NOTICE CHANGELOG.md README.md "$stage"
pack "$stage" "$name" "$out/$name.tar.gz"

make client
pack dist/client package "$out/ranger-ws-client-$version.tgz"

deno=$(scripts/deno.sh)
"$deno" run -A scripts/sbom.ts "$program" >"$out/$name.cdx.json"
"$deno" run -A scripts/sbom.ts client >"$out/ranger-ws-client-$version.cdx.json"

# Further artefacts, where their tools are here.
if grep -q '^deb:' Makefile && command -v dpkg-deb >/dev/null; then
  make deb
  mv dist/ranger_*.deb "$out"
fi

notes >"$out/RELEASE_NOTES.md"
(cd "$out" && find . -maxdepth 1 -type f ! -name SHA256SUMS ! -name RELEASE_NOTES.md -printf '%P\n' |
  LC_ALL=C sort | xargs sha256sum >SHA256SUMS)
cat "$out/SHA256SUMS"
cat <<EOF
$out is complete. To publish it:
  git tag -s v$version -m 'Ranger $version' && git push origin HEAD v$version
EOF
