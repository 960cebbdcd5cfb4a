# Read by the scripts that set a machine up: which Debian packages unspool is built from, and how they are installed.

# What the build needs; the list stands in README.md too.
build_packages='g++ cmake ninja-build pkg-config libpcap-dev libboost-dev libspdlog-dev libfmt-dev libyaml-cpp-dev
libsystemd-dev libcap-ng-dev libcli11-dev libssl-dev libexpected-dev libxxhash-dev libmagic-dev zlib1g-dev libbrotli-dev libzstd-dev'

# What the tests need beside it.
test_packages='libgtest-dev libgmock-dev iproute2 libbenchmark-dev'

# What tests/bench compares with, where it is there.
# shellcheck disable=SC2034
bench_packages='libnids-dev libtins-dev tcpflow tshark'

# What CI needs beside both: a second compiler, the formatter whose version the project's format is, and what judges units.
ci_packages='clang-14 libclang-rt-14-dev clang-format-14 git python3 chromium systemd'

# install_missing PACKAGE...: installs those that are not there, and never removes one. As root, or with sudo.
install_missing() {
  missing=
  for package in "$@"; do
    case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) in
      installed) ;;
      *) missing="$missing $package" ;;
    esac
  done
  [ -n "$missing" ] || return 0
  as_root=
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "These packages are missing:$missing. Install them as root, then run this again." >&2; return 1; }
    as_root=sudo
  fi
  echo "Installing:$missing"
  $as_root apt-get update -qq || echo "apt-get update failed; trying with the package lists that are there" >&2
  # shellcheck disable=SC2086
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-remove --no-install-recommends $missing >/dev/null || {
    echo "apt-get could not install:$missing. See its message above; nothing was removed." >&2
    return 1
  }
}
