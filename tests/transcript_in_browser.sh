#!/bin/sh
# A transcript in a real browser: its text is there, its gaps are seen, nothing complains, and nothing is fetched.
# usage: sh tests/transcript_in_browser.sh UNSPOOL      (skips, and says so, where there is no Chromium)
set -eu
unspool=$1
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || {
  echo "skipped: Chromium is not installed (apt-get install chromium)"
  exit 0
}
capture=$(dirname "$0")/../packaging/first-look.pcap
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0 passed=0

# browse PAGE: leaves $work/dom, $work/console (complaints about it) and $work/requests (what it asked the network for; what the browser asks
# for itself has no origin). Nothing leaves this machine: no name has an address.
browse() {
  rm -rf "$work/profile"
  timeout 60 "$browser" --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
    --disable-component-update --disable-sync --host-resolver-rules='MAP * ~NOTFOUND' --user-data-dir="$work/profile" \
    --enable-logging=stderr --log-net-log="$work/net.json" --dump-dom "file://$1" >"$work/dom" 2>"$work/log" </dev/null
  grep 'CONSOLE' "$work/log" >"$work/console" || true
  grep '"initiator":"' "$work/net.json" | grep -v '"initiator":"not an origin"' | grep -o '"url":"[^"]*"' >"$work/requests" || true
}
# expect WHAT COMMAND...: that the command succeeds.
expect() {
  what=$1; shift
  if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAILED: $what"; fi
}
in_dom() { grep -qF -- "$1" "$work/dom"; }
not_in_dom() { ! in_dom "$1"; }
is_empty() { [ ! -s "$1" ] || { head -n 5 "$1"; return 1; }; }

# What is looked for can be found: a page that fetches, and one that complains.
cat >"$work/bad.html" <<'HTML'
<!DOCTYPE html><img src="http://fetched.invalid/x"><script>console.error("complains")</script>
HTML
browse "$work/bad.html"
expect "a complaint would be noticed" grep -q complains "$work/console"
expect "a request would be noticed" grep -q fetched.invalid "$work/requests"

"$unspool" -q -r "$capture" -o "$work/out" --set 'protocols=[transcript]'
pages=0
for page in "$work"/out/transfers/192.0.2.10/*---transcript.html; do
  pages=$((pages + 1))
  browse "$page"
  name=$(basename "$page")
  expect "$name: the page is whole" in_dom "</footer>"
  expect "$name: nothing complains" is_empty "$work/console"
  expect "$name: nothing is fetched" is_empty "$work/requests"
  expect "$name: no element comes off the wire" not_in_dom "<img"
  expect "$name: text can be selected" not_in_dom "user-select"
  case $name in
    *~49201-*)
      expect "$name: markup off the wire is text" in_dom '&lt;img src="/images/spool.svg" alt="a spool"&gt;'
      expect "$name: the reply is there" in_dom "unspool put them back." ;;
    *~49202-*) expect "$name: the gap is seen" in_dom "<strong>140 bytes are missing here.</strong> The receiver acknowledged them" ;;
    *~49203-*)
      expect "$name: the question is there" in_dom "What is your name?"
      expect "$name: the silence is there" in_dom "<p>1.5 s later</p>" ;;
  esac
done
expect "each session has its page" [ "$pages" -eq 3 ]
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
