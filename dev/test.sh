#!/usr/bin/env bash
# Runs the tests, tells how long each part took, and closes with the sum: `N passed, N failed`.
#
#   dev/test.sh [PART...]      parts: rust, page, e2e; default: all
set -euo pipefail
# shellcheck source=dev/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$root"

rust() {
  make deps-test binary
  # The binary is built without it, so that both are tested: see docs/back-ends.md.
  local features=(--features oriel-gateway/anonymous-tls)
  if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run --workspace --locked --no-fail-fast "${features[@]}"
  else
    warn "cargo-nextest is not there (cargo install --locked cargo-nextest), so cargo test runs the tests"
    cargo test --workspace --locked --no-fail-fast "${features[@]}"
  fi
}

page() {
  make web/node_modules
  cd web
  npm test
}

e2e() {
  make deps-test guest binary e2e/node_modules
  dev/venv.sh
  dev/venv.sh huawei
  dev/venv.sh schemathesis
  dev/venv.sh keystone
  cd e2e
  # Two files at a time: each boots a machine and a browser of its own, and waits for them for much of its time. Typing goes
  # beside them: it takes minutes, in which it mostly waits for a guest to show what was typed.
  local others=() typing
  for file in tests/*.test.js; do [[ $file == tests/typing.test.js ]] || others+=("$file"); done
  node --test --test-force-exit --test-reporter=spec tests/typing.test.js >"$log_dir/typing.log" 2>&1 &
  typing=$!
  local failed=0
  node --test --test-force-exit --test-concurrency=2 --test-reporter=spec "${others[@]}" || failed=1
  wait "$typing" || failed=1
  cat "$log_dir/typing.log"
  return "$failed"
}

# run_part NAME: runs a part's tests and adds up what its runner counted.
run_part() {
  local name=$1 log=$log_dir/test-$1.log start=$SECONDS status ok bad
  step "Tests: $name"
  # `set -e` does not reach into a command whose failure is caught, so nothing catches it.
  set +e
  (
    set -e
    "$name"
  ) </dev/null 2>&1 | tee "$log"
  status=$?
  set -e
  read -r ok bad < <(count <"$log")
  # A part that broke before its runner could count has failed all the same.
  if ((status != 0 && bad == 0)); then bad=1; fi
  if ((status == 0 && ok == 0)); then
    warn "no test of this part was run"
    bad=1
  fi
  passed=$((passed + ok)) failed=$((failed + bad))
  if ((bad > 0)); then failures <"$log" >>"$log_dir/failures.log"; fi
  summary+=("$(printf '%-6s %5d passed %5d failed %5d s' "$name" "$ok" "$bad" $((SECONDS - start)))")
}

# count: reads a runner's output (nextest, cargo test, Vitest, Node's) and prints how many tests passed and failed.
count() {
  sed 's/\x1b\[[0-9;]*m//g' | awk '
    function before(word,   i) {
      for (i = 2; i <= NF; i++) if ($i ~ "^" word "[,;]?$") return $(i - 1)
      return 0
    }
    /^ *Summary \[/ || /^test result:/ || /^ +Tests +[0-9]/ { passed += before("passed"); failed += before("failed") }
    /^ℹ pass [0-9]+$/ { passed += $3 }
    /^ℹ (fail|cancelled) [0-9]+$/ { failed += $3 }
    END { print passed + 0, failed + 0 }'
}

# failures: reads a runner's output and prints the lines that name a test that failed, each once.
failures() {
  sed 's/\x1b\[[0-9;]*m//g' | awk '
    /^ *(FAIL|TIMEOUT|SIGNAL|SIG[A-Z]+|ABORT) +\[/ || /^test .* \.\.\. FAILED$/ || /^ *FAIL  / || /^ *✖ / {
      sub(/^ +/, ""); sub(/\[ *[0-9.]+s\] (\([ 0-9\/]+\) )?/, ""); sub(/ \([0-9.]+ms\)$/, "")
      if (!seen[$0]++) print
    }' | sed '/^✖ failing tests:$/d'
}

log_dir=$root/.run/log
mkdir -p "$log_dir"
: >"$log_dir/failures.log"
passed=0 failed=0 summary=()
(($#)) || set -- rust page e2e
for name in "$@"; do
  case $name in
    rust | page | e2e) run_part "$name" ;;
    *) die "there is no part of the tests named $name" ;;
  esac
done

say ''
printf '%s\n' "${summary[@]}"
say ''
# At the end, where whoever sees only the last lines of a long log finds them.
if ((failed > 0)); then
  say 'What failed:'
  sed 's/^/  /' "$log_dir/failures.log"
  say ''
fi
say "$passed passed, $failed failed"
((failed == 0))
