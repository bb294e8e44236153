#!/bin/sh
# Puts what the image has beyond its base into a folder, from what was built:
#   scripts/image_files.sh /out
# The program, its licences, and the folder of its configuration.
set -eu
cd "$(dirname "$0")/.."
out=${1:?usage: scripts/image_files.sh FOLDER}

all=$(mktemp -d)
trap 'rm -rf "$all"' EXIT
make --no-print-directory install DESTDIR="$all" PREFIX=/usr >/dev/null
mkdir -p "$out/usr/bin" "$out/usr/share/doc"
cp -P "$all/usr/bin/ranger" "$out/usr/bin"
[ ! -d "$all/usr/lib/ranger" ] || { mkdir -p "$out/usr/lib" && cp -r "$all/usr/lib/ranger" "$out/usr/lib"; }
cp -r "$all/usr/share/doc/ranger" "$out/usr/share/doc"
# A configuration is mounted here.
mkdir -p "$out/etc/ranger"
