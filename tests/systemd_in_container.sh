#!/usr/bin/env bash
# The service under a real systemd: started, captured with, reloaded, stopped, killed, frozen; and what it is confined by.
# usage: bash tests/systemd_in_container.sh BUILD [WORKDIR]
#   root; needs debootstrap and systemd-container. WORKDIR/root, a bare Debian 12, is made there, or used again. Takes a minute or two.
# It is no part of CI, which has no business booting machines; run it when systemd/ or daemon/service.* change, and tell what it printed.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1
work=${2:-$(mktemp -d)}
root=$work/root
mkdir -p "$work"

for tool in debootstrap systemd-nspawn nsenter; do
  command -v $tool >/dev/null || { echo "skipped: $tool is not here (packages debootstrap, systemd-container)"; exit 77; }
done
[ "$(id -u)" -eq 0 ] || { echo "skipped: needs root"; exit 77; }

passed=0
check() {  # check WHAT COMMAND...
  local what=$1; shift
  if "$@" >/dev/null 2>&1; then passed=$((passed + 1)); echo "ok    $what"; return; fi
  echo "FAIL  $what: $*"
  inside journalctl -u unspool --no-pager -n 30 || true
  exit 1
}
soon() {  # soon SECONDS COMMAND...: until the command succeeds
  local until=$((SECONDS + $1)); shift
  until "$@" >/dev/null 2>&1; do [ $SECONDS -lt $until ] || return 1; sleep 0.2; done
}
inside() { nsenter -t "$leader" -m -u -i -n -p -- "$@"; }
property() { inside systemctl show -P "$1" unspool; }
is() { [ "$(property "$1")" = "$2" ]; }
is_not() { [ "$(property "$1")" != "$2" ]; }

# ---- a machine with the program and what it links to
if [ ! -d "$root/etc" ]; then
  mirror=$(sed -n 's/^URIs: *//p; s/^deb \(\[[^]]*\] \)\?\([^ ]*\) .*/\2/p' /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | head -n 1 || true)
  debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,iproute2 bookworm "$root" "$mirror" >"$work/debootstrap.log" 2>&1
fi
rm -rf "$root"/usr/lib/systemd/system/unspool* "$root/var/lib/unspool" "$root/etc/unspool" "$root/etc/systemd/system/unspool.service.d" \
  "$root/var/log/journal"
DESTDIR=$root cmake --install "$build" --prefix /usr >/dev/null
for library in $(ldd "$build/daemon/unspool" | awk '$3 ~ /^\// {print $3}'); do
  [ -e "$root$library" ] || [ -e "$root/usr/lib/x86_64-linux-gnu/$(basename "$library")" ] || cp -L "$library" "$root/usr/lib/x86_64-linux-gnu/"
done
mkdir -p "$root/usr/share/misc" "$root/usr/lib/file"
cp -L /usr/lib/file/magic.mgc "$root/usr/lib/file/magic.mgc"
ln -sf ../../lib/file/magic.mgc "$root/usr/share/misc/magic.mgc"
ldconfig -r "$root"

# ---- booted, with no network but its own
# Its filter of system calls would hide whether the unit's lets Landlock through.
systemd-nspawn -D "$root" --system-call-filter='landlock_create_ruleset landlock_add_rule landlock_restrict_self' --register=no --keep-unit --private-network --console=pipe -b </dev/null >"$work/boot.log" 2>&1 &
nspawn=$!
trap 'kill $nspawn 2>/dev/null; timeout 60 tail --pid=$nspawn -f /dev/null || kill -9 $nspawn' EXIT
soon 20 pgrep -P $nspawn || { cat "$work/boot.log"; exit 1; }
leader=$(pgrep -P $nspawn | head -n 1)
soon 30 inside systemctl is-system-running --quiet || true
echo "systemd $(inside systemctl --version | awk 'NR == 1 {print $2}') in a container: $(inside systemctl is-system-running || true)"

inside systemd-sysusers
inside systemd-tmpfiles --create unspool.conf
install -m 644 systemd/unspool.yaml "$root/etc/unspool/unspool.yaml"  # as README.md says
sed -i 's/^  interfaces: .*/  interfaces: [tap0]/' "$root/etc/unspool/unspool.yaml"
mkdir -p "$root/etc/systemd/system/unspool.service.d"
printf '[Service]\nWatchdogSec=3\nTimeoutAbortSec=5\n' >"$root/etc/systemd/system/unspool.service.d/test.conf"  # so that it is quick
inside systemctl daemon-reload

# ---- ready while its interface is not there yet
check "starts, and is READY although its interface is not there" inside systemctl start unspool
check "is active" inside systemctl is-active unspool
pid=$(property MainPID)
echo "      status: $(property StatusText)"
inside grep -E '^(Uid|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp):' "/proc/$pid/status" | sed 's/^/      /'
check "runs as the user unspool" inside sh -c "[ \"\$(stat -c %U /proc/$pid)\" = unspool ]"
check "has CAP_NET_RAW alone" inside grep -q '^CapPrm:.*0000000000002000' "/proc/$pid/status"
check "its output is its own, 0750" inside sh -c '[ "$(stat -c "%U %a" /var/lib/unspool)" = "unspool 750" ]'
check "is confined by Landlock" inside sh -c '! journalctl -u unspool --no-pager -o cat | grep "not confined"'
inside systemd-analyze security --no-pager unspool | tail -n 1 | sed 's/^/      /'

# ---- what two hosts say to each other, seen on tap0
inside sh -c 'ip netns add far && ip link add tap0 type veth peer name eth0 netns far &&
  ip addr add 10.9.0.1/24 dev tap0 && ip link set tap0 up &&
  ip -n far addr add 10.9.0.2/24 dev eth0 && ip -n far link set eth0 up'
sleep 6  # the interface is looked for again after a while
inside systemd-run -q --unit=echo ip netns exec far systemd-socket-activate -l 10.9.0.2:8080 --inetd -a /bin/cat
sleep 1
for i in 1 2 3; do
  inside bash -c "exec 3<>/dev/tcp/10.9.0.2/8080; echo 'hello $i' >&3; read -t 2 line <&3; [ \"\$line\" = 'hello $i' ]" || echo "      the hosts cannot talk"
done
events=/var/lib/unspool/events.json
check "tells of the ARP within seconds" soon 15 inside grep -q '"event_type":"arp"' $events
check "shows what it does" soon 10 inside sh -c "systemctl show -P StatusText unspool | grep -E '[1-9][0-9]* sessions'"
echo "      status: $(property StatusText)"

# ---- as logrotate does
inside mv $events $events.1
check "is reloaded" inside systemctl reload unspool
check "and goes on in a new events.json" soon 5 inside test -e $events

# ---- stopped
check "stops" inside systemctl stop unspool
check "without an error" is Result success
check "and has told of the sessions" inside sh -c "cat $events $events.1 | grep -q '\"event_type\":\"flow\".*10.9.0.2'"
check "and left their transcripts under both hosts" inside sh -c 'ls /var/lib/unspool/transfers/10.9.0.1/*8080* /var/lib/unspool/transfers/10.9.0.2/*8080*'
inside sh -c 'find /var/lib/unspool -type f | sed "s/^/      /"' | head -n 12

# ---- killed
check "starts again, and appends" inside systemctl start unspool
pid=$(property MainPID)
inside sh -c "kill -9 $pid"
check "after kill -9 it is started again" soon 10 is NRestarts 1
check "and is active" soon 10 is ActiveState active
check "as another process" is_not MainPID "$pid"
for file in $events $events.1; do
  check "$file holds whole lines" inside sh -c "[ -z \"\$(grep -v '^{.*}\$' $file)\" ]"
done

# ---- frozen
pid=$(property MainPID)
began=$SECONDS
inside sh -c "kill -STOP $pid"
check "a frozen one is ended by the watchdog, and started again" soon 30 is NRestarts 2
check "and is active" soon 10 is ActiveState active
echo "      after $((SECONDS - began)) s (WatchdogSec=3)"
inside journalctl -u unspool --no-pager -o cat | grep -iE 'watchdog|killed|signal' | sed 's/^/      /' | tail -n 6

# ---- one unit for one interface
check "stops" inside systemctl stop unspool
check "unspool@tap0 starts" inside systemctl start unspool@tap0
check "in a directory of its own" inside test -e /var/lib/unspool/tap0/events.json
check "and stops" inside systemctl stop unspool@tap0
echo "$passed passed, 0 failed"
