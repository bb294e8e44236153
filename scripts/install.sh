#!/bin/sh
# What `make install` and `make uninstall` do. DIST, DESTDIR, PREFIX, SYSCONFDIR,
# UNITDIR, SYSUSERSDIR and SYSCTLDIR come from the Makefile.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$root"

bin=$DESTDIR$PREFIX/bin
lib=$DESTDIR$PREFIX/lib/ranger
doc=$DESTDIR$PREFIX/share/doc/ranger
share=$DESTDIR$PREFIX/share/ranger
etc=$DESTDIR$SYSCONFDIR/ranger
units=$DESTDIR$UNITDIR
sysusers=$DESTDIR$SYSUSERSDIR/ranger.conf
sysctl=$DESTDIR$SYSCTLDIR/60-ranger.conf

man=$DESTDIR$PREFIX/share/man/man1/ranger.1
bash=$DESTDIR$PREFIX/share/bash-completion/completions/ranger
zsh=$DESTDIR$PREFIX/share/zsh/site-functions/_ranger
fish=$DESTDIR$PREFIX/share/fish/vendor_completions.d/ranger.fish

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

# make_unit OF_SEVERAL FLAGS WANTED_BY PART_OF: the unit on standard output, without lines left empty
make_unit() {
  sed -e "s|@BINDIR@|$PREFIX/bin|g" -e "s|@SYSCONFDIR@|$SYSCONFDIR|g" \
    -e "s|@OF_SEVERAL@|$1|" -e "s|@FLAGS@|$2|" -e "s|@WANTED_BY@|$3|" \
    -e "/^@PART_OF@\$/{s|.*|$4|;/^\$/d}" -e '/^# scripts\/install/,/^$/d' systemd/ranger.service
}

install_service() {
  install -d "$units" "$(dirname "$sysusers")" "$(dirname "$sysctl")"
  make_unit '' '' multi-user.target '' >"$units/ranger.service"
  # In a unit % begins a specifier: %i is what stands behind the @.
  make_unit ' %i of several' ' --reuse-port --management-port-offset %i' \
    ranger.target PartOf=ranger.target >"$units/ranger@.service"
  chmod 644 "$units/ranger.service" "$units/ranger@.service"
  install -m 644 systemd/ranger.target "$units"
  install -m 644 systemd/ranger.sysusers "$sysusers"
  install -m 644 systemd/ranger.sysctl "$sysctl"
}

# install_words FILE ARGUMENTS…: what the program itself writes, so that it is of this very program.
# One that cannot run here, as it is for another kind of machine, leaves these out.
install_words() {
  file=$1
  shift
  install -d "$(dirname "$file")"
  if "$bin/ranger" "$@" >"$file.new" && [ -s "$file.new" ]; then
    mv "$file.new" "$file"
    chmod 644 "$file"
  else
    rm -f "$file.new"
    echo "$file is left out: $bin/ranger $* wrote nothing" >&2
  fi
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
  install_words "$man" help --man
  install_words "$bash" completion bash
  install_words "$zsh" completion zsh
  install_words "$fish" completion fish
  install -d "$doc"
  install -m 644 LICENSE NOTICE "$doc"
  install -d "$share/prometheus" "$share/grafana" "$share/opentelemetry" "$share/systemd"
  install -m 644 monitoring/README.md "$share"
  install -m 644 monitoring/prometheus/* "$share/prometheus"
  install -m 644 monitoring/grafana/* "$share/grafana"
  install -m 644 monitoring/opentelemetry/* "$share/opentelemetry"
  install -m 644 systemd/*.conf.example "$share/systemd"
  cat <<EOF
installed:
  program        $bin/ranger
  configuration  $etc/ranger.toml
  units          $units/ranger.service, ranger@.service, ranger.target
  monitoring     $share (alert rules, dashboard)
EOF
  if [ -z "$DESTDIR" ]; then
    cat <<EOF
next, as root: name the broker and the key in $etc/ranger.toml, then
  systemd-sysusers && sysctl --system && systemctl daemon-reload
  ranger check
  systemctl enable --now ranger
or, in place of the last line, for two processes on one port, each on its core:
  systemctl enable --now ranger.target ranger@1 ranger@2
EOF
  fi
  ;;
uninstall)
  if [ -z "$DESTDIR" ] && [ -d /run/systemd/system ] && systemctl is-active -q ranger 'ranger@*'; then
    echo "ranger runs: systemctl disable --now ranger, or each ranger@…, first" >&2
    exit 1
  fi
  remove_program
  uninstall_configuration
  rm -f "$units/ranger.service" "$units/ranger@.service" "$units/ranger.target" "$sysusers" "$sysctl"
  rm -f "$man" "$bash" "$zsh" "$fish"
  rm -rf "$doc" "$share"
  ;;
*)
  echo "usage: scripts/install.sh install|uninstall" >&2
  exit 64
  ;;
esac
