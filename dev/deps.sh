#!/usr/bin/env bash
# Installs what is missing for one or more of: build, machine, check, test, bench, bench-gateway. Where it may not install, it prints
# the command that does, and fails. It is quick when nothing is missing.
#
#   dev/deps.sh GROUP...
set -euo pipefail
# shellcheck source=dev/lib.sh
. "$(dirname "$0")/lib.sh"

missing=()
need() { # COMMAND PACKAGE...
  have "$1" || missing+=("${@:2}")
}

for group in "$@"; do
  case $group in
    build)
      have cargo || die "cargo is not there: install Rust (rustup.rs)"
      have npm || die "npm is not there: install Node.js 20.19 or later"
      node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' ||
        die "Node.js $(node --version) is too old: 20.19 or later is needed"
      need cc gcc libc6-dev
      need curl curl ca-certificates
      ;;
    machine) need qemu-system-x86_64 qemu-system-x86 ;;
    check) need shellcheck shellcheck ;;
    bench)
      need wrk wrk
      need sqlite3 sqlite3
      need curl curl ca-certificates
      ;;
    bench-gateway)
      need haproxy haproxy
      need nginx nginx-light
      [[ -e /usr/lib/nginx/modules/ngx_stream_module.so ]] || missing+=(libnginx-mod-stream)
      need openssl openssl
      python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
      ;;
    test)
      need chromium chromium fonts-dejavu-core
      # Screenshots have words in Chinese, Japanese and Korean.
      [[ -e /usr/share/fonts/truetype/wqy ]] || missing+=(fonts-wqy-zenhei)
      need Xvnc tigervnc-standalone-server
      need xclip xclip
      [[ -e /usr/include/openssl/ssl.h ]] || missing+=(libssl-dev)
      need pkg-config pkg-config
      need haproxy haproxy
      need nginx nginx-light
      python3 -c 'import ctypes; ctypes.CDLL("libxkbcommon.so.0")' 2>/dev/null || missing+=(libxkbcommon0)
      [[ -d /usr/share/X11/xkb ]] || missing+=(xkb-data)
      need openssl openssl
      python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
      ;;
    *) die "there is no group of packages named $group" ;;
  esac
done
((${#missing[@]})) || exit 0

command="apt-get install --no-install-recommends ${missing[*]}"
have apt-get || die "these are missing, by their names in Debian: ${missing[*]}"
can_be_root || die "some packages are missing; run: sudo $command"

install() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends --no-remove \
    -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" </dev/null >"$log" 2>&1
}

# A qemu-utils from elsewhere, such as backports, can be too new to lie beside Debian's own QEMU.
matching_utils() {
  [[ " ${missing[*]} " == *" qemu-system-x86 "* ]] && dpkg -s qemu-utils >/dev/null 2>&1 || return 1
  LC_ALL=C apt-cache policy qemu-system-x86 | sed -n 's/^ *Candidate: /qemu-utils=/p'
}

step "Installing ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
install "${missing[@]}" && exit 0
# The lists of packages may be missing or old.
apt_update && install "${missing[@]}" && exit 0
utils=$(matching_utils) && install --allow-downgrades "${missing[@]}" "$utils" && exit 0
tail -n 20 "$log" >&2
die "that did not work; try: $command"
