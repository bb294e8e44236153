#!/bin/sh
# Installs Debian packages as root, without starting the services that they bring:
#   scripts/install-packages.sh rabbitmq-server chromium
set -eu
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  # What Debian's packages ask before they start a service; 101 means "not allowed".
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
  trap 'rm -f "$policy"' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
install() { apt-get install -y -q --no-install-recommends "$@"; }
# The lists of a fresh machine may be missing or old.
install "$@" || { apt-get update -q && install "$@"; }
