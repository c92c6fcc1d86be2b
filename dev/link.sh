#!/usr/bin/env bash
# Prints a new console link of a server, as any client of the API gets one: log in, then ask.
#
#   . .run/openrc && dev/link.sh [SERVER_ID]     default: the server of `make run`
set -euo pipefail
# shellcheck source=dev/lib.sh
. "$(dirname "$0")/lib.sh"

: "${OS_AUTH_URL:?"source an openrc first, such as .run/openrc"}"
server=${1:-47e9be4e-a7b9-471f-92d9-ffc83814e07a}

# curl's own settings come in by standard input, so that no secret shows in the list of processes.
request=(curl --silent --show-error --fail-with-body --max-time 20 --config - -H 'Content-Type: application/json')
[[ -z ${OS_CACERT:-} ]] || request+=(--cacert "$OS_CACERT")

# json EXPRESSION: the value of an expression about `body`, the JSON document on standard input.
json() { node -p "const body = JSON.parse(require('node:fs').readFileSync(0, 'utf8')); $1"; }

login=$(node -p 'const { env } = process; JSON.stringify(JSON.stringify({
  auth: {
    identity: { methods: ["password"], password: { user: {
      name: env.OS_USERNAME, password: env.OS_PASSWORD, domain: { name: env.OS_USER_DOMAIN_NAME } } } },
    scope: { project: { name: env.OS_PROJECT_NAME, domain: { name: env.OS_PROJECT_DOMAIN_NAME } } } } }))')
answer=$("${request[@]}" --include "$OS_AUTH_URL/auth/tokens" <<<"data = $login") || die "the login was refused: $answer"
token=$(sed -n 's/^x-subject-token: *\([^[:space:]]*\).*/\1/Ip' <<<"$answer")
catalog=$(sed '1,/^\r\{0,1\}$/d' <<<"$answer")
compute=$(json 'body.token.catalog.find((service) => service.type === "compute").endpoints[0].url' <<<"$catalog")

answer=$("${request[@]}" --data '{"os-getVNCConsole": {"type": "novnc"}}' "$compute/servers/$server/action" \
  <<<"header = \"X-Auth-Token: $token\"") || die "no console was given: $answer"
json 'body.console.url' <<<"$answer"
