#!/usr/bin/env bash
# Makes a small machine for QEMU to boot: the kernel that Debian builds for clouds, which has all that the
# machine needs built in, and an initramfs with BusyBox, the German keymap as Debian's keyboard-configuration would make
# it (`loadkmap < /etc/de.bmap`), and the files in root/. Nothing is installed.
#
# Leaves vmlinuz and initramfs.gz in GUEST_DIR (default: .run/cache/guest), and does nothing when they are up to date.
set -euo pipefail
# shellcheck source=dev/lib.sh
. "$(dirname "$0")/../lib.sh"

source_dir=$root/dev/guest
guest_dir=${GUEST_DIR:-$root/.run/cache/guest}

fingerprint() {
  (cd "$source_dir" && find build.sh root -type f -print0 | sort -z | xargs -0 sha256sum) | sha256sum
}

# download PACKAGE...: fetches the packages' files into the current folder.
download() {
  local options=(-qq -o Dpkg::Use-Pty=0)
  # Root may write where the user that apt-get downloads as may not.
  ((EUID != 0)) || options+=(-o APT::Sandbox::User=root)
  apt-get download "${options[@]}" "$@" >/dev/null
}

kernel_package() {
  LC_ALL=C apt-cache depends --no-recommends --no-suggests linux-image-cloud-amd64 2>/dev/null |
    sed -n 's/^ *Depends: \(linux-image-.*\)$/\1/p' | head -n 1
}

fetch_packages() {
  local kernel
  kernel=$(kernel_package)
  [[ -n $kernel ]] && download "$kernel" busybox-static kbd console-setup xkb-data
}

[[ $(dpkg --print-architecture 2>/dev/null) == amd64 ]] || die "the guest is made from Debian's packages for amd64"

wanted=$(fingerprint)
if [[ -f $guest_dir/vmlinuz && -f $guest_dir/initramfs.gz && $(cat "$guest_dir/fingerprint" 2>/dev/null) == "$wanted" ]]; then
  exit 0
fi

step "Making the guest from Debian's kernel and BusyBox"
mkdir -p "$guest_dir"
work=$(mktemp -d "$guest_dir/build.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"

# The lists of packages may be missing, or older than the packages that are there now.
fetch_packages 2>/dev/null || {
  can_be_root || die "apt-get cannot download the kernel; run: sudo apt-get update"
  apt_update
  fetch_packages || die "apt-get cannot download the kernel, BusyBox and the keymap"
}

dpkg-deb --fsys-tarfile linux-image-*.deb | tar -x --wildcards './boot/vmlinuz-*'
dpkg-deb --fsys-tarfile busybox-static_*.deb | tar -x ./bin/busybox
dpkg-deb --fsys-tarfile kbd_*.deb | tar -x ./bin/loadkeys
dpkg-deb --fsys-tarfile console-setup_*.deb | tar -x ./usr/bin/ckbcomp
dpkg-deb --fsys-tarfile xkb-data_*.deb | tar -x ./usr/share/X11/xkb
# It warns of every name that the text console has no use for.
perl usr/bin/ckbcomp -Iusr/share/X11/xkb de 2>/dev/null | bin/loadkeys --bkeymap --unicode -q >de.bmap

mkdir -p tree/bin tree/dev tree/proc tree/sys tree/tmp tree/root
cp bin/busybox tree/bin/busybox
cp -R "$source_dir/root/." tree/
cp de.bmap tree/etc/de.bmap
ln -s bin/busybox tree/init
ln -s busybox tree/bin/sh
chmod 755 tree/etc/rc
(cd tree && find . | LC_ALL=C sort | ../bin/busybox cpio -o -H newc -R 0:0 2>/dev/null) | gzip -9 >initramfs.gz

rm -f "$guest_dir/fingerprint"
mv boot/vmlinuz-* "$guest_dir/vmlinuz"
mv initramfs.gz "$guest_dir/initramfs.gz"
printf '%s\n' "$wanted" >"$guest_dir/fingerprint"
