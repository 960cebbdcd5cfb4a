#!/bin/sh
# From a fresh Debian 12 to a first result: installs what is missing, builds the release, reads a small capture.
# usage: sh packaging/quickstart.sh      (as root, or as a user with sudo)
set -eu
cd "$(dirname "$0")/.."
. packaging/packages.sh

# shellcheck disable=SC2086
install_missing $build_packages
cmake --preset release >/dev/null
cmake --build --preset release

output=$(mktemp -d)/first-look.unspool
echo
echo "== unspool packaging/first-look.pcap"
build/release/daemon/unspool -r packaging/first-look.pcap -o "$output"
echo
echo "Files that crossed, by host ($output/transfers):"
(cd "$output/transfers" && find . -type f | sort | sed 's/^/  /')
echo
echo "What was said of them ($output/events.json), one of its lines:"
grep -m 1 '"event_type":"fileinfo"' "$output/events.json" | sed 's/^/  /'
echo
echo "Now with a capture of yours:  build/release/daemon/unspool YOUR.pcap"
