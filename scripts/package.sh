#!/bin/sh
# Makes a package of what was built into DIST, the executable or else the folder:
#   scripts/package.sh deb   dist/ranger_<version>_<arch>.deb, with dpkg-deb
#   scripts/package.sh rpm   dist/ranger-<version>-1.<arch>.rpm, with rpmbuild
# DEB_MAINTAINER is `Name <mail>`, by default the committer of what is packaged. DEB_COMPRESSION is one of dpkg-deb's, xz by default; gzip is quick, and large.
set -eu
cd "$(dirname "$0")/.."
kind=${1:-}
DIST=${DIST:-dist}
version=$(sed -n 's/^export const VERSION = "\(.*\)";$/\1/p' src/version.ts)
epoch=$(git log -1 --format=%ct 2>/dev/null || date +%s)
export SOURCE_DATE_EPOCH="$epoch"

need() {
  command -v "$1" >/dev/null || {
    echo "$1 is missing; on Debian: apt-get install $2" >&2
    exit 69
  }
}

case $kind in
deb) need dpkg-deb dpkg ;;
rpm) need rpmbuild rpm ;;
*) echo 'usage: scripts/package.sh deb|rpm' >&2 && exit 64 ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
umask 022
mkdir "$root"
DIST=$DIST DESTDIR=$root PREFIX=/usr SYSCONFDIR=/etc UNITDIR=${UNITDIR:-/lib/systemd/system} \
  SYSUSERSDIR=/usr/lib/sysusers.d SYSCTLDIR=/usr/lib/sysctl.d scripts/install.sh install
# Where both families of distributions keep zsh's.
mkdir -p "$root/usr/share/zsh/vendor-completions"
mv "$root/usr/share/zsh/site-functions/_ranger" "$root/usr/share/zsh/vendor-completions/_ranger"
rmdir "$root/usr/share/zsh/site-functions"
gzip -9n "$root/usr/share/man/man1/ranger.1"

make_deb() {
  arch=$(dpkg --print-architecture)
  doc=$root/usr/share/doc/ranger
  rm "$doc/LICENSE"
  install -m 644 packaging/deb/copyright "$doc/copyright"
  install -m 644 CHANGELOG.md "$doc/CHANGELOG.md"
  maintainer=${DEB_MAINTAINER:-$(git log -1 --format='%cn <%ce>')}
  gzip -9n >"$doc/changelog.gz" <<EOF
ranger ($version) unstable; urgency=medium

  * What changed is in CHANGELOG.md, beside this file.

 -- $maintainer  $(date -R -u -d "@$epoch")
EOF
  install -D -m 644 packaging/deb/lintian-overrides "$root/usr/share/lintian/overrides/ranger"
  mkdir "$root/DEBIAN"
  for script in postinst prerm postrm; do
    install -m 755 "packaging/deb/$script" "$root/DEBIAN/$script"
  done
  find "$root/etc" -type f -printf '/etc/%P\n' >"$root/DEBIAN/conffiles"
  (cd "$root" && find usr lib -type f 2>/dev/null | LC_ALL=C sort | xargs -d '\n' md5sum) \
    >"$root/DEBIAN/md5sums"
  cat >"$root/DEBIAN/control" <<EOF
Package: ranger
Version: $version
Architecture: $arch
Maintainer: $maintainer
Installed-Size: $(du -sk --exclude=DEBIAN "$root" | cut -f1)
Depends: libc6 (>= 2.31), libgcc-s1, systemd | systemd-standalone-sysusers, init-system-helpers (>= 1.54~)
Suggests: rabbitmq-server
Section: net
Priority: optional
Description: WebSocket server of an exchange of the Peatio family
 Ranger takes the events of a crypto exchange from RabbitMQ and delivers public
 market data to anyone, and private events to the user that a JSON Web Token
 proves. It keeps order books, so that a late subscriber gets a current
 snapshot, and limits what one client may use.
 .
 The service is neither enabled nor started, and never restarted, by the
 package: edit /etc/ranger/ranger.toml first, and see
 /usr/share/doc/ranger for upgrades without an interruption.
EOF
  file=$DIST/ranger_${version}_$arch.deb
  dpkg-deb --root-owner-group -Z"${DEB_COMPRESSION:-xz}" ${DEB_COMPRESSION:+-z1} --build "$root" "$file" >/dev/null
  echo "$file"
}

make_rpm() {
  file=$work/ranger.spec
  {
    cat <<EOF
Name: ranger
Version: $(printf %s "$version" | tr - '~')
Release: 1
Summary: WebSocket server of an exchange of the Peatio family
License: Apache-2.0
AutoReqProv: no
Requires: glibc >= 2.31, libgcc, systemd
%global __os_install_post %{nil}
%global _build_id_links none
%global debug_package %{nil}
%description
Ranger takes the events of a crypto exchange from RabbitMQ and delivers public
market data to anyone, and private events to the user that a token proves.
The service is neither enabled nor started, and never restarted, by the package.
%install
mkdir -p %{buildroot}
cp -a $root/. %{buildroot}/
%post
systemd-sysusers ranger.conf || :
[ ! -d /run/systemd/system ] || systemctl daemon-reload || :
%preun
[ \$1 -ne 0 ] || [ ! -d /run/systemd/system ] || systemctl disable --now ranger.service ranger.target 'ranger@*.service' || :
%postun
[ ! -d /run/systemd/system ] || systemctl daemon-reload || :
%files
%config(noreplace) /etc/ranger/ranger.toml
EOF
    (cd "$root" && find . \( -type f -o -type l \) ! -path './etc/*' -printf '/%P\n' | LC_ALL=C sort)
  } >"$file"
  rpmbuild -bb --quiet --buildroot "$work/buildroot" --define "_topdir $work/rpm" \
    --define "_binary_payload ${RPM_PAYLOAD:-w19.zstdio}" \
    --define "_rpmdir $DIST" --define '_rpmfilename %{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}.rpm' "$file"
}

"make_$kind"
