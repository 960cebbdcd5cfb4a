#!/bin/sh
# The units as they are installed: systemd finds them right and well confined, and the user and directories can be made.
# usage: sh tests/systemd_units.sh BUILD      (nothing is installed on this machine)
set -eu
cd "$(dirname "$0")/.."
build=$1
command -v systemd-analyze >/dev/null || { echo "skipped: systemd-analyze (package systemd) is not here"; exit 77; }
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
fail() { echo "systemd_units: $*" >&2; exit 1; }

DESTDIR=$root cmake --install "$build" --prefix /usr >/dev/null
for file in bin/unspool lib/systemd/system/unspool.service lib/systemd/system/unspool@.service lib/sysusers.d/unspool.conf \
  lib/tmpfiles.d/unspool.conf share/man/man1/unspool.1 share/doc/unspool/unspool.yaml share/doc/unspool/service/unspool.yaml \
  share/bash-completion/completions/unspool share/zsh/vendor-completions/_unspool share/fish/vendor_completions.d/unspool.fish; do
  [ -f "$root/usr/$file" ] || fail "$file is not installed"
done

# Two files, one text: what confines the one confines the other.
differ=$(diff systemd/unspool.service systemd/unspool@.service | grep '^>' | grep -vE '^> (#|Description=|ExecStart=|StateDirectory=)' || true)
[ -z "$differ" ] || fail "unspool@.service differs in more than it must: $differ"

# The program is looked for where this machine has programs, and it is not installed there.
units=$root/usr/lib/systemd/system
sed -i "s#^ExecStart=unspool#ExecStart=$root/usr/bin/unspool#" "$units"/unspool*.service
for unit in unspool.service unspool@eth0.service; do
  systemd-analyze verify --man=no "$units/$unit" || fail "$unit: see above"
  systemd-analyze security --offline=true --threshold=15 --no-pager "$units/$unit" >"$root/exposure" 2>&1 ||
    { grep -v '✓' "$root/exposure"; fail "$unit is too much exposed"; }
  tail -n 1 "$root/exposure"
done

# Options that the units give are options that there are; the configuration is right.
help=$("$root/usr/bin/unspool" --help)
for option in $(sed -n 's/^ExecStart=[^ ]*//p' systemd/*.service | grep -oE ' -{1,2}[a-z]+'); do
  echo "$help" | grep -qE -- "(^|[ ,])$option([ ,]|\$)" || fail "ExecStart gives $option, which unspool does not know"
done
"$root/usr/bin/unspool" -c systemd/unspool.yaml -T >/dev/null || fail "systemd/unspool.yaml is wrong"

mkdir -p "$root/etc"
systemd-sysusers --root="$root"
grep -q '^unspool:x:' "$root/etc/passwd" || fail "no user was made"
systemd-tmpfiles --root="$root" --create unspool.conf 2>/dev/null || fail "tmpfiles cannot be made"
[ "$(stat -c %a "$root/var/lib/unspool")" = 750 ] || fail "/var/lib/unspool has the wrong mode"
