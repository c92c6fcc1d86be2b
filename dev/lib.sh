# shellcheck shell=bash
# What the scripts in dev/ share. Source it; it sets `root`, the top of the checkout.

# shellcheck disable=SC2034  # used by the scripts
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# Debian keeps some programs where only the administrator's PATH looks.
export PATH=$PATH:/usr/sbin

say() { printf '%s\n' "$*"; }
step() { printf '%s %s\n' "$(paint '1;36' '==>')" "$*"; }
warn() { printf '%s %s\n' "$(paint '1;33' 'note:')" "$*" >&2; }
die() {
  printf '%s %s\n' "$(paint '1;31' 'error:')" "$*" >&2
  exit 1
}

if [[ -t 1 && -z ${NO_COLOR:-} ]]; then in_colour=1; else in_colour=0; fi

# paint STYLE TEXT: the text in colour, where a person sees it.
paint() {
  if ((in_colour)); then
    printf '\033[%sm%s\033[0m' "$1" "$2"
  else
    printf '%s' "$2"
  fi
}

have() { command -v "$1" >/dev/null 2>&1; }

# as_root COMMAND...: runs it as root without asking for a password, or fails.
as_root() {
  if ((EUID == 0)); then
    "$@"
  else
    sudo -n -- "$@"
  fi
}

can_be_root() { ((EUID == 0)) || { have sudo && sudo -n true 2>/dev/null; }; }

apt_update() { as_root apt-get update -qq -o DPkg::Lock::Timeout=300; }

# until_true SECONDS COMMAND...: asks again and again; fails when the time is over.
until_true() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < deadline)) || return 1
    sleep 0.05
  done
}

# stop_process PID [SECONDS]: asks it to end, and insists when the time is over.
stop_process() {
  kill -TERM "$1" 2>/dev/null || return 0
  until_true "${2:-10}" process_ended "$1" || kill -KILL "$1" 2>/dev/null || true
}

process_ended() { ! kill -0 "$1" 2>/dev/null; }
