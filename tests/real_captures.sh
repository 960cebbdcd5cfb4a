#!/bin/sh
# Reads the collection of real captures that lies beside the project on the machines of its developers, and compares what comes out with
# what is known of them. Skipped, with a message, where it is not there.
# usage: sh tests/real_captures.sh UNSPOOL [LEAST]      (LEAST: directions that must agree)
set -eu
unspool=$1 least=${2:-0}
captures=$(dirname "$0")/../../shared/captures
[ -f "$captures/check_all.py" ] || { echo "skipped: no collection of captures in $captures"; exit 0; }
command -v python3 >/dev/null || { echo "skipped: no python3"; exit 0; }
said=$(TMPDIR=${TMPDIR:-/tmp} python3 "$captures/check_all.py" "$unspool") || true
echo "$said"
agree=$(echo "$said" | sed -n '$s/^\([0-9]*\) of .* 0 runs failed$/\1/p')
[ "${agree:-0}" -ge "$least" ] || { echo "less than $least directions agree, or a run failed"; exit 1; }
