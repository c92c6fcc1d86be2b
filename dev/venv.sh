#!/usr/bin/env bash
# Puts the OpenStack client that the end-to-end tests use into .venv/, unless it is there.
set -euo pipefail
# shellcheck source=dev/lib.sh
. "$(dirname "$0")/lib.sh"

requirements=$root/e2e/requirements.txt
venv=$root/.venv
wanted=$(sha256sum <"$requirements")
if [[ $(cat "$venv/requirements.sha256" 2>/dev/null) == "$wanted" ]]; then
  exit 0
fi

step "Installing the OpenStack client into .venv"
python3 -m venv --clear "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check --no-input -r "$requirements"
printf '%s\n' "$wanted" >"$venv/requirements.sha256"
