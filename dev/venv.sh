#!/usr/bin/env bash
# Puts the Python clients that the end-to-end tests use into a virtual environment, unless they are there.
#
#   dev/venv.sh           the OpenStack client, into .venv/
#   dev/venv.sh NAME      those of e2e/requirements-NAME.txt, into .venv-NAME/
set -euo pipefail
# shellcheck source=dev/lib.sh
. "$(dirname "$0")/lib.sh"

suffix=${1:+-$1}
requirements=$root/e2e/requirements$suffix.txt
venv=$root/.venv$suffix
wanted=$(sha256sum <"$requirements")
if [[ $(cat "$venv/requirements.sha256" 2>/dev/null) == "$wanted" ]]; then
  exit 0
fi

step "Installing ${requirements#"$root/"} into ${venv#"$root/"}"
python3 -m venv --clear "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check --no-input -r "$requirements"
printf '%s\n' "$wanted" >"$venv/requirements.sha256"
