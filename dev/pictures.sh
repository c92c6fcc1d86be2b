#!/usr/bin/env bash
# Puts the pictures that the end-to-end tests made into docs/images/, for docs/gallery.md. Run `make test-e2e` first.
set -euo pipefail
# shellcheck source=dev/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$root"

from=e2e/artifacts to=docs/images/gallery
[[ -d $from ]] || die "there are no pictures yet: run 'make test-e2e' first"

mkdir -p "$to"
# Exactly those that the gallery shows, by the names that they have there.
grep -o "images/gallery/[a-z0-9-]*\.png" docs/gallery.md | sort -u | while read -r picture; do
  name=${picture#images/gallery/}
  case $name in
    servers-*) source=$from/servers/${name#servers-} ;;
    *) source=$from/$name ;;
  esac
  [[ -f $source ]] || die "$source is not there: run 'make test-e2e' first"
  cp "$source" "docs/$picture"
done
