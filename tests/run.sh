#!/bin/sh
# Installs what is missing, builds everything with its tests, and runs all of them.
# usage: sh tests/run.sh [PRESET]      (as root, or as a user with sudo; PRESET: dev, asan or tsan)
set -eu
cd "$(dirname "$0")/.."
. packaging/packages.sh
preset=${1:-dev}

# shellcheck disable=SC2086
install_missing $build_packages $test_packages
cmake --preset "$preset" >/dev/null
cmake --build --preset "$preset"
ctest --preset "$preset" -j "$(nproc)"
