#!/usr/bin/env bash
# Becomes QEMU running the guest, without a window. In FOLDER it listens at vnc.sock (the screen), serial.sock (the
# serial line, one client at a time) and qmp.sock (QEMU's own control).
#
#   dev/guest/boot.sh FOLDER [NAME]
#
# GUEST_DIR    where build.sh put the guest; default: .run/cache/guest
# GUEST_ACCEL  what QEMU runs it with; default: tcg. Emulation boots this guest in two or three seconds and works
#              on every machine, which cannot be said of KVM inside a virtual machine.
# GUEST_KEY_DELAY  how many milliseconds QEMU waits between two key events; default: 10, as QEMU does by itself.
set -euo pipefail
# shellcheck source=dev/lib.sh
. "$(dirname "$0")/../lib.sh"

sockets=${1:?"usage: dev/guest/boot.sh FOLDER [NAME]"}
name=${2:-guest}
guest_dir=${GUEST_DIR:-$root/.run/cache/guest}

# The path in a UNIX socket's address has room for 107 bytes.
((${#sockets} + 12 <= 107)) || die "the folder's path is too long for sockets in it: $sockets"
rm -f "$sockets"/{vnc,serial,qmp}.sock

# The last four options to the kernel save half a second: no self-tests of ciphers, no barriers against attacks.
exec qemu-system-x86_64 \
  -name "$name" \
  -machine pc,hpet=off -accel "${GUEST_ACCEL:-tcg}" -m 128 -nodefaults -no-user-config \
  -kernel "$guest_dir/vmlinuz" -initrd "$guest_dir/initramfs.gz" \
  -append "guest_name=$name quiet loglevel=0 panic=5 mitigations=off nokaslr audit=0 cryptomgr.notests" \
  -display none -vga std -vnc "unix:$sockets/vnc.sock,key-delay-ms=${GUEST_KEY_DELAY:-10}" \
  -chardev "socket,id=serial,path=$sockets/serial.sock,server=on,wait=off" -serial chardev:serial \
  -qmp "unix:$sockets/qmp.sock,server=on,wait=off"
