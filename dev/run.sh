#!/usr/bin/env bash
# Runs Oriel beside a virtual machine of its own, until Ctrl-C. What it keeps lies in .run/.
#
# ORIEL_RUN_PORT  the port to listen at; default: 8002, or the next one that is free
# RUN_SCREEN      `qemu` or `demo`: what to show; default: qemu, or demo where QEMU cannot be had
set -euo pipefail
# shellcheck source=dev/lib.sh
. "$(dirname "$0")/lib.sh"

run_dir=$root/.run
data_dir=$run_dir/data
server_id=47e9be4e-a7b9-471f-92d9-ffc83814e07a
first_port=8002
port=${ORIEL_RUN_PORT:-}
screen=${RUN_SCREEN:-qemu}
[[ $screen == qemu || $screen == demo ]] || die "RUN_SCREEN is qemu or demo, not $screen"
oriel=${ORIEL_BIN:-$root/target/debug/oriel}
# Oriel takes every ORIEL_ variable for one of its settings.
unset ORIEL_RUN_PORT ORIEL_BIN

main() {
  mkdir -p "$run_dir/log"
  only_one_at_a_time
  trap stop EXIT
  trap 'exit 0' INT TERM HUP

  install_and_build_guest
  make -C "$root" --no-print-directory binary 9>&-
  choose_port
  choose_socket_dir

  write_config
  bootstrap
  write_inventory
  start_machine
  start_oriel
  tell
  watch
}

only_one_at_a_time() {
  exec 9>>"$run_dir/lock"
  flock --nonblock 9 || die "it is running already; to end that one: kill $(cat "$run_dir/lock")"
  printf '%s\n' $$ >"$run_dir/lock"
}

# Asks for all packages at once, so that whoever has to install them by hand reads one command.
install_and_build_guest() {
  if [[ $screen == qemu ]]; then
    "$root/dev/deps.sh" build machine && "$root/dev/guest/build.sh" && return
    warn "QEMU or its guest cannot be had, so a test picture stands in for the machine"
    screen=stand-in
  fi
  "$root/dev/deps.sh" build
}

choose_port() {
  local candidate
  if [[ -n $port ]]; then
    port_is_free "$port" || die "something listens at port $port already: choose another ORIEL_RUN_PORT"
    return
  fi
  for ((candidate = first_port; candidate < first_port + 50; candidate++)); do
    port_is_free "$candidate" && break
  done
  port=$candidate
  ((port == first_port)) || warn "port $first_port is taken, so Oriel listens at $port"
}

port_is_free() { ! (: <>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# A socket's path has room for 107 bytes; a checkout deep down gets a shorter folder elsewhere.
choose_socket_dir() {
  socket_dir=$run_dir/sockets
  if ((${#socket_dir} > 90)); then
    socket_dir=${XDG_RUNTIME_DIR:-/tmp}/oriel-$(printf '%s' "$root" | sha256sum | head -c 12)
  fi
  (umask 077 && mkdir -p "$socket_dir")
  [[ -O $socket_dir && ! -L $socket_dir ]] || die "the folder $socket_dir belongs to someone else"
  rm -f "$socket_dir"/*.sock
}

write_config() {
  cat >"$run_dir/oriel.toml" <<CONFIG
# Written by \`make run\` at every start.
public_url = "https://localhost:$port"
data_dir = "data"

[listen]
address = "127.0.0.1:$port"

[inventory]
file = "servers.toml"
CONFIG
}

bootstrap() {
  local password_file=$run_dir/admin-password
  if [[ ! -s $password_file ]]; then
    (umask 077 && head -c 18 /dev/urandom | base64 | tr '+/' '-_' >"$password_file")
  fi
  (umask 077 && mkdir -p "$data_dir")
  oriel bootstrap --user admin --project demo --password-file "$password_file" --openrc "$run_dir/openrc" \
    >"$run_dir/log/bootstrap.log" 2>&1 || {
    cat "$run_dir/log/bootstrap.log" >&2
    die "Oriel's users could not be set up"
  }
}

# oriel COMMAND...: one of its commands, with the configuration of this run.
oriel() { "$oriel" "$@" --config "$run_dir/oriel.toml"; }

project_id() {
  oriel project show demo --json |
    node -p 'JSON.parse(require("node:fs").readFileSync(0, "utf8")).id'
}

# Written once, and then left to whoever adds servers to it.
write_inventory() {
  local file=$run_dir/servers.toml project
  project=$(project_id)
  if [[ -s $file ]]; then
    if grep -qF "$project" "$file" && grep -qF "$socket_dir/vnc.sock" "$file"; then
      return
    fi
    warn "servers.toml was of another checkout or store: it is now servers.toml.old"
    mv "$file" "$file.old"
  fi
  cat >"$file" <<SERVERS
# The machines that Oriel knows. Add your own: it is read again when it changes, and \`make run\` leaves it alone.

[[server]]
id = "$server_id"
name = "demo"
project = "$project"
status = "ACTIVE"
host = "localhost"

[server.console.novnc]
back_end = "unix:$socket_dir/vnc.sock"

[server.console.serial]
back_end = "unix:$socket_dir/serial.sock"
SERVERS
}

# spawn NAME COMMAND...: starts it with a log of its own; `pid` says which process it is. The terminal's Ctrl-C
# does not reach it, since `stop` ends things in order; and if this script is killed, it ends as well.
spawn() {
  setsid setpriv --pdeathsig TERM -- "${@:2}" </dev/null >>"$run_dir/log/$1.log" 2>&1 9>&- &
  pid=$!
  printf '%s\n' "$pid" >"$run_dir/$1.pid"
}

start_machine() {
  if [[ $screen != qemu ]]; then
    spawn machine "$oriel" demo-server --listen "unix:$socket_dir/vnc.sock"
  else
    spawn machine "$root/dev/guest/boot.sh" "$socket_dir" demo
  fi
  machine_pid=$pid
  until_true 20 exists_or_ended "$socket_dir/vnc.sock" "$machine_pid"
  [[ -S $socket_dir/vnc.sock ]] || {
    tail -n 5 "$run_dir/log/machine.log" >&2
    die "the machine did not start"
  }
}

exists_or_ended() { [[ -e $1 ]] || process_ended "$2"; }

start_oriel() {
  : >"$run_dir/log/oriel.log"
  spawn oriel "$oriel" serve --config "$run_dir/oriel.toml"
  oriel_pid=$pid
  if ! until_true 20 answers_or_ended || process_ended "$oriel_pid"; then
    tail -n 20 "$run_dir/log/oriel.log" >&2
    die "Oriel did not start"
  fi
}

answers_or_ended() {
  process_ended "$oriel_pid" ||
    curl --silent --fail --output /dev/null --max-time 5 --cacert "$data_dir/tls/ca.pem" "https://localhost:$port/identity/v3"
}

link() {
  # shellcheck source=/dev/null
  (. "$run_dir/openrc" && "$root/dev/link.sh" "$server_id")
}

tell() {
  local url what
  case $screen in
    qemu) what='the live screen of a virtual machine under QEMU' ;;
    demo) what='a test picture, as RUN_SCREEN asks' ;;
    *) what='a test picture, since QEMU cannot be had here' ;;
  esac
  url=$(link)
  cat <<TEXT

  Oriel shows $what. Open this link in a browser:

    $(paint '1;32' "$url")

  The browser will warn of the certificate, which Oriel has made for itself. The link is good for one opening
  within ten minutes. For a new one, or for the API:

    . ${run_dir#"$PWD/"}/openrc
    dev/link.sh                                    or, with python-openstackclient:
    openstack console url show --novnc demo

  Servers: ${run_dir#"$PWD/"}/servers.toml    Log: ${run_dir#"$PWD/"}/log/oriel.log    $(paint 1 'To stop: Ctrl-C')

TEXT
}

# Until Oriel ends. A machine that was switched off is started again.
watch() {
  local ended
  while true; do
    wait -n -p ended "$oriel_pid" "$machine_pid" || true
    if [[ $ended == "$oriel_pid" ]]; then
      tail -n 20 "$run_dir/log/oriel.log" >&2
      die "Oriel has ended by itself"
    fi
    warn "the machine was switched off; it is started again"
    start_machine
  done
}

# Ends what this script has started, and nothing else: first Oriel, which tells the open pages.
stop() {
  local status=$?
  trap '' INT TERM HUP
  [[ -z ${oriel_pid:-}${machine_pid:-} ]] || step "Stopping"
  [[ -z ${oriel_pid:-} ]] || stop_process "$oriel_pid" 15
  [[ -z ${machine_pid:-} ]] || stop_process "$machine_pid"
  rm -f "$run_dir"/{oriel,machine}.pid
  exit "$status"
}

main
