#!/bin/sh
# Replays a capture over a veth pair while unspool listens on its other end, and compares the transfers (host, name behind ---, digest)
# with those of the file; beside it, what tcpdump and, if it is named, a bare libpcap loop lose and use for the same.
# usage: sh tests/live_replay.sh UNSPOOL CAPTURE [PPS|top]...   (BARE: path of bench_live_ceiling; UNSPOOL_OPTIONS: more options; REALTIME=yes)
# Needs root, iproute2, tcpreplay, tcpdump, python3; makes a network namespace of its own. Skipped, with a message, where something is missing.
set -eu
if [ "${IN_OWN_NETWORK:-}" != yes ]; then
  [ "$(id -u)" -eq 0 ] || { echo "skipped: needs root, to make a network namespace"; exit 0; }
  for tool in ip unshare tcpreplay tcpdump python3; do
    command -v $tool >/dev/null || { echo "skipped: no $tool"; exit 0; }
  done
  unshare -n true 2>/dev/null || { echo "skipped: a network namespace cannot be made here"; exit 0; }
  IN_OWN_NETWORK=yes exec unshare -n sh "$0" "$@"
fi
unspool=$1 capture=$2; shift 2
work=$(mktemp -d "${TMPDIR:-/dev/shm}/live_replay.XXXXXX")
trap 'rm -rf "$work"' EXIT
echo 1 2>/dev/null >/proc/sys/net/ipv6/conf/default/disable_ipv6 || true
ip link add va type veth peer name vb
ip link set va mtu 65535 up
ip link set vb mtu 65535 up

# transfers DIR: host, name and digest of each, sorted.
transfers() {
  (cd "$1/transfers" && find . -type f -print0 | xargs -0 -r sha256sum) | sed 's|^\([0-9a-f]*\)  \./\([^/]*\)/.*---|\2 \1 |' | sort
}

# cpu PID[/task/TID]: seconds of CPU used so far.
cpu() { python3 -c 'import os,sys; f=open("/proc/%s/stat" % sys.argv[1]).read().rsplit(")",1)[1].split(); print("%.2f" % ((int(f[11])+int(f[12]))/os.sysconf("SC_CLK_TCK")))' "$1"; }

# last_count FILE NAME: as of the last stats there.
last_count() {
  python3 - "$1" "$2" <<'PY'
import json, sys
last = None
for line in open(sys.argv[1]):
    if '"event_type":"stats"' in line: last = json.loads(line)["stats"]
for part in sys.argv[2].split("."): last = last[part]
print(last)
PY
}

replay() {
  if [ "$1" = top ]; then ${REALTIME:+chrt -r 1} tcpreplay -q -K -t -i va "$capture"; else ${REALTIME:+chrt -r 1} tcpreplay -q -K --pps="$1" -i va "$capture"; fi 2>/dev/null |
    sed -n 's/^Rated: .*, \([0-9.]*\) pps/\1/p'
}

"$unspool" -q -r "$capture" -o "$work/file" ${UNSPOOL_OPTIONS:-}
transfers "$work/file" >"$work/file.list"
sent=$(last_count "$work/file/events.json" capture.packets)
failed=0
[ $# -gt 0 ] || set -- 300000 top
for rate in "$@"; do
  # shellcheck disable=SC2086
  "$unspool" -q -i vb -o "$work/live" --set events.stats_interval=1s ${UNSPOOL_OPTIONS:-} &
  pid=$!
  # On machines that others use: REALTIME=yes, so that neither they nor the thread with sessions keep the loop from the kernel's buffer.
  [ -z "${REALTIME:-}" ] || { sleep 0.5; chrt -r -a -p 1 $pid; chrt -r -p 2 $pid; }
  sleep 1
  pps=$(replay "$rate")
  sleep 2
  used="$(cpu $pid) s CPU ($(cpu $pid/task/$pid) of them the loop)"
  kill -TERM $pid; wait $pid || failed=1
  transfers "$work/live" >"$work/live.list"
  differ=$(diff "$work/file.list" "$work/live.list" | grep -c '^[<>]') || true
  printf '%-8s %9s pps  unspool: %s of %s packets, kernel dropped %s, ring dropped %s, %s; %s transfers, %s differ from the file\n' "$rate" "$pps" \
    "$(last_count "$work/live/events.json" capture.packets)" "$sent" "$(last_count "$work/live/events.json" capture.dropped)" \
    "$(last_count "$work/live/events.json" capture.ring_dropped)" "$used" "$(wc -l <"$work/live.list")" "$differ"
  [ "$differ" -eq 0 ] || failed=1
  rm -rf "$work/live"

  tcpdump -q -B 32768 -i vb -w /dev/null 2>"$work/tcpdump" &
  pid=$!
  sleep 1
  pps=$(replay "$rate")
  sleep 2
  used=$(cpu $pid)
  kill -TERM $pid; wait $pid || true
  printf '%-8s %9s pps  tcpdump -w: %s, %s s CPU\n' "$rate" "$pps" "$(grep -E 'captured|dropped by kernel' "$work/tcpdump" | paste -sd, -)" "$used"

  [ -n "${BARE:-}" ] || continue
  "$BARE" vb >"$work/bare" &
  pid=$!
  sleep 1
  pps=$(replay "$rate")
  sleep 1
  kill -TERM $pid; wait $pid || true
  printf '%-8s %9s pps  libpcap alone: %s CPU\n' "$rate" "$pps" "$(cat "$work/bare")"
done
exit $failed
