#!/bin/sh
# What `make install` and `make uninstall` do. DIST, DESTDIR, PREFIX, SYSCONFDIR,
# UNITDIR and SYSUSERSDIR come from the Makefile.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$root"

bin=$DESTDIR$PREFIX/bin
lib=$DESTDIR$PREFIX/lib/ranger
doc=$DESTDIR$PREFIX/share/doc/ranger
etc=$DESTDIR$SYSCONFDIR/ranger
unit=$DESTDIR$UNITDIR/ranger.service
sysusers=$DESTDIR$SYSUSERSDIR/ranger.conf

remove_program() {
  rm -f "$bin/ranger"
  rm -rf "$lib"
}

install_program() {
  install -d "$bin"
  if [ -x "$DIST/ranger" ]; then
    remove_program
    install -m 755 "$DIST/ranger" "$bin/ranger"
  elif [ -x "$DIST"/ranger-tree/ranger ]; then
    remove_program
    install -d "$lib"
    install -m 755 "$DIST"/ranger-tree/ranger "$DIST"/ranger-tree/deno "$lib"
    install -m 644 "$DIST"/ranger-tree/ranger.js "$lib"
    ln -s ../lib/ranger/ranger "$bin/ranger"
  else
    echo "nothing is built yet: run \`make build\` or \`make build-tree\` first" >&2
    exit 1
  fi
}

install_configuration() {
  install -d "$etc"
  if [ -e "$etc/ranger.toml" ]; then
    echo "$etc/ranger.toml is there and stays as it is"
  else
    install -m 644 systemd/ranger.toml "$etc/ranger.toml"
  fi
}

install_service() {
  install -d "$(dirname "$unit")" "$(dirname "$sysusers")"
  sed -e "s|@BINDIR@|$PREFIX/bin|g" -e "s|@SYSCONFDIR@|$SYSCONFDIR|g" systemd/ranger.service >"$unit"
  chmod 644 "$unit"
  install -m 644 systemd/ranger.sysusers "$sysusers"
}

uninstall_configuration() {
  if [ -e "$etc/ranger.toml" ]; then
    if cmp -s systemd/ranger.toml "$etc/ranger.toml"; then
      rm "$etc/ranger.toml"
    else
      echo "$etc/ranger.toml was changed and stays"
    fi
  fi
  # Keys and ranger.env are the operator's.
  rmdir "$etc" 2>/dev/null || true
}

case ${1:-} in
install)
  install_program
  install_configuration
  install_service
  install -d "$doc"
  install -m 644 LICENSE "$doc"
  if [ -z "$DESTDIR" ]; then
    cat <<EOF
installed $bin/ranger
next, as root: edit $etc/ranger.toml, then
  systemd-sysusers && systemctl daemon-reload && systemctl enable --now ranger
EOF
  fi
  ;;
uninstall)
  if [ -z "$DESTDIR" ] && [ -d /run/systemd/system ] && systemctl is-active -q ranger; then
    echo "ranger runs: systemctl disable --now ranger first" >&2
    exit 1
  fi
  remove_program
  uninstall_configuration
  rm -f "$unit" "$sysusers"
  rm -rf "$doc"
  ;;
*)
  echo "usage: scripts/install.sh install|uninstall" >&2
  exit 64
  ;;
esac
