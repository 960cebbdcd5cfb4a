#!/bin/sh
# The same transfers and, sorted, the same events, however many workers there are.
# usage: sh tests/sameness.sh UNSPOOL CAPTURE...      (UNSPOOL_OPTIONS: more options for every run)
set -eu
unspool=$1; shift
work=$(mktemp -d "${TMPDIR:-/tmp}/sameness.XXXXXX")
trap 'rm -rf "$work"' EXIT
failed=0 passed=0
for capture in "$@"; do
  first=
  for workers in 0 1 2 7; do
    out=$work/$workers
    # shellcheck disable=SC2086
    "$unspool" -q -r "$capture" -o "$out" -j "$workers" ${UNSPOOL_OPTIONS:-} >/dev/null 2>&1 || [ $? -ne 139 ] || echo "crash: $capture -j $workers"
    {
      [ -d "$out/transfers" ] && (cd "$out/transfers" && find . -type f -printf '%p %s\n' | sort && find . -type f -print0 | sort -z | xargs -0 -r sha256sum)
      [ -f "$out/events.json" ] && sort "$out/events.json"
      [ -d "$out/partial" ] && find "$out/partial" -type f -printf 'left behind: %p\n'
    } >"$work/$workers.all" 2>&1 || true
    rm -rf "$out"
    [ -n "$first" ] || first=$work/$workers.all
    if ! cmp -s "$first" "$work/$workers.all"; then
      echo "DIFFERS: $capture: -j 0 and -j $workers"
      diff "$first" "$work/$workers.all" | head -n 6
      failed=$((failed + 1))
    else
      passed=$((passed + 1))
    fi
  done
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
