#!/bin/bash
# Installs, upgrades, removes and purges the package in a clean Debian, made by debootstrap, looks at
# it with lintian, and starts the image there (scripts/test_image.ts). As root, with a mirror of Debian:
#   scripts/test_package.sh                    Debian 12 and 13, side by side
#   scripts/test_package.sh bookworm /a/tree   in a Debian 12 that is there, which is changed
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "$(id -u)" -ne 0 ] || ! command -v debootstrap dpkg-deb >/dev/null; then
  echo "skipped: the package is tested as root, with dpkg-deb and debootstrap"
  exit 0
fi

work=$(mktemp -d /var/tmp/ranger-package.XXXXXX)
# Nothing is mounted into the tree but /proc, which goes before it; devices are debootstrap's.
clean() {
  for root in "$work"/*/root ${tree:+"$tree"}; do
    umount -q "$root/proc" 2>/dev/null || true
  done
  rm -rf --one-file-system "$work"
}
trap clean EXIT
tree=${2:-}
deno=$(scripts/deno.sh)

echo "building the packages"
export DEB_COMPRESSION=gzip DEB_MAINTAINER='Ranger Test <ranger@debian.org>' DIST=$work/dist
make --no-print-directory build-tree >/dev/null
make --no-print-directory deb >/dev/null
new=$(ls "$work"/dist/ranger_*.deb)
version=$(dpkg-deb -f "$new" Version)
# The one before it: the same program under an earlier version.
old=$work/ranger_0.0.1_$(dpkg --print-architecture).deb
dpkg-deb -R "$new" "$work/old"
sed -i 's/^Version: .*/Version: 0.0.1/' "$work/old/DEBIAN/control"
dpkg-deb --root-owner-group -Zgzip -z1 -b "$work/old" "$old" >/dev/null
rm -rf "$work/old"

if command -v lintian >/dev/null; then
  lintian --allow-root --fail-on error "$new"
else
  echo "lintian is not installed: the package is not looked at"
fi

if command -v rpmbuild >/dev/null; then
  RPM_PAYLOAD=w1.gzdio make --no-print-directory rpm >/dev/null
  [ "$(rpm -qpc "$work"/dist/ranger-*.rpm)" = /etc/ranger/ranger.toml ] ||
    { echo "the rpm's configuration is not marked as such" >&2 && exit 1; }
fi

# Everything but what a package manager keeps for itself, and the accounts.
state() {
  (cd "$1" && find . -xdev \( -path ./proc -o -path ./dev -o -path ./run -o -path ./tmp -o -path ./var/lib/dpkg \
    -o -path ./var/log -o -path ./var/cache -o -name '*-' -o -name .pwd.lock -o -name .updated \) \
    -prune -o -printf '%p\n' | LC_ALL=C sort && cat etc/passwd && sed 's/:.*//' etc/group)
}

try() {
  local suite=$1 root=$2
  if [ ! -e "$root/etc/debian_version" ]; then
    debootstrap --variant=minbase --include=systemd "$suite" "$root" >"$work/$suite/log" 2>&1 || {
      tail -n 5 "$work/$suite/log" >&2
      echo "$suite: skipped: no mirror of Debian could be read"
      exit 0
    }
  fi
  mount -t proc proc "$root/proc"
  inside() { chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C "$@"; }
  fail() {
    echo "$suite: $*" >&2
    [ -z "${running:-}" ] || kill -KILL "$running" 2>/dev/null || true
    exit 1
  }
  cp "$old" "$root/tmp/old.deb"
  cp "$new" "$root/tmp/new.deb"
  # The account databases have their final form after the first system user.
  inside systemd-sysusers >/dev/null 2>&1 || true
  state "$root" >"$work/$suite/before"

  inside dpkg -i /tmp/old.deb >"$work/$suite/install" 2>&1 || fail "$(cat "$work/$suite/install")"
  inside id ranger >/dev/null || fail "no user ranger"
  inside runuser -u ranger -- ranger version >/dev/null || fail "the program does not run as ranger"
  # Is the manual page's compressed text whole, and does bash take the completion?
  inside gzip -t /usr/share/man/man1/ranger.1.gz
  inside bash -n /usr/share/bash-completion/completions/ranger
  [ "$(inside systemctl is-enabled ranger || true)" = disabled ] || fail "the service was enabled by itself"
  inside systemctl enable ranger >/dev/null 2>&1
  local complaints
  complaints=$(inside systemd-analyze verify --man=no ranger.service 'ranger@1.service' 2>&1 |
    grep -E '/ranger(@|\.)' || true)
  [ -z "$complaints" ] || fail "the units: $complaints"
  inside runuser -u ranger -- ranger check --files-only --no-auth >/dev/null 2>&1 ||
    fail "ranger check does not take the configuration as installed"

  # What runs must run on through an upgrade.
  (
    # Every program here is replaced by the next, so that this process becomes Ranger.
    exec chroot "$root" /usr/bin/env -i PATH=/usr/bin:/bin setpriv --reuid ranger --regid ranger \
      --clear-groups /usr/bin/ranger demo --quiet --port=0 --management-port=0
  ) >"$work/$suite/demo" 2>"$work/$suite/demo.log" &
  local running=$! port=
  for _ in $(seq 300); do
    port=$(grep -oE 'ws://127\.0\.0\.1:[0-9]+' "$work/$suite/demo" | head -n 1 | sed 's/.*://') || true
    [ -z "$port" ] || break
    kill -0 "$running" 2>/dev/null || fail "the demo ended: $(cat "$work/$suite/demo.log")"
    sleep 0.1
  done
  [ -n "$port" ] || fail "the demo did not start"

  echo '# mine' >>"$root/etc/ranger/ranger.toml"
  inside dpkg -i /tmp/new.deb >"$work/$suite/upgrade" 2>&1 </dev/null || fail "$(cat "$work/$suite/upgrade")"
  grep -q 'what runs is still 0.0.1' "$work/$suite/upgrade" || fail "the upgrade does not say what runs"
  [ "$(inside dpkg-query -f '${Version}' -W ranger)" = "$version" ] || fail "not upgraded"
  grep -q '^# mine$' "$root/etc/ranger/ranger.toml" || fail "the upgrade lost the configuration"
  [ "$(inside systemctl is-enabled ranger)" = enabled ] || fail "the upgrade disabled the service"
  # An upgraded connection stays open, so curl ends by its own time limit.
  local answer
  answer=$(curl -s -o /dev/null --http1.1 -m 2 -H 'Connection: Upgrade' -H 'Upgrade: websocket' \
    -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==' \
    -w '%{http_code}' "http://127.0.0.1:$port/public") || true
  [ "$answer" = 101 ] || fail "what ran before the upgrade no longer serves: $answer"
  kill -TERM "$running"
  local code=0
  wait "$running" || code=$?
  running=
  [ "$code" = 0 ] || fail "the program did not end with 0: $(cat "$work/$suite/demo.log")"

  inside dpkg -r ranger >/dev/null 2>&1 || fail "not removed"
  [ ! -e "$root/usr/bin/ranger" ] || fail "a removal leaves the program"
  grep -q '^# mine$' "$root/etc/ranger/ranger.toml" || fail "a removal took the configuration"
  echo 'RABBITMQ_PASSWORD=secret' >"$root/etc/ranger/ranger.env"
  inside dpkg -P ranger >/dev/null 2>&1 || fail "not purged"
  state "$root" >"$work/$suite/after"
  diff "$work/$suite/before" "$work/$suite/after" >&2 || fail "a purge leaves the above"
  echo "$suite: installed, checked, upgraded while it ran, removed, purged without a trace"
  # The image has this Debian as its base.
  [ "$suite" != bookworm ] || DIST=$work/dist "$deno" run -A scripts/test_image.ts "$root" || fail "the image"
}

status=0
if [ $# -ge 1 ]; then
  mkdir -p "$work/$1"
  (try "$1" "${tree:-$work/$1/root}") || status=1
else
  pids=()
  for suite in bookworm trixie; do
    [ -e "/usr/share/debootstrap/scripts/$suite" ] || {
      echo "skipped: this debootstrap does not know $suite"
      continue
    }
    mkdir -p "$work/$suite"
    (try "$suite" "$work/$suite/root") &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do wait "$pid" || status=1; done
fi
exit "$status"
