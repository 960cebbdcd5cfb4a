#!/bin/sh
# Every long option of `unspool --help` is completed by each shell, and no other; bash completes as it should.
# usage: sh tests/completion.sh PROGRAM
set -eu
program=$1
cd "$(dirname "$0")/../packaging/completion"
fail() { echo "completion: $*" >&2; exit 1; }

said=$("$program" --help | grep -oE -- '(^|[ ,])--[a-z][a-z-]+' | grep -oE -- '--[a-z-]+' | sort -u)
[ "$(echo "$said" | wc -l)" -ge 10 ] || fail "--help names too few options: $said"
bash=$(grep -oE -- '--[a-z][a-z-]+' unspool.bash | sort -u)
zsh=$(grep -oE -- '--[a-z][a-z-]+' _unspool | sort -u)
fish=$(sed -n 's/.* -l \([a-z-]*\) .*/--\1/p' unspool.fish | sort -u)
[ "$bash" = "$said" ] || fail "unspool.bash has $bash"
[ "$zsh" = "$said" ] || fail "_unspool has $zsh"
[ "$fish" = "$said" ] || fail "unspool.fish has $fish"

bash --norc -c '
  . ./unspool.bash
  compopt() { :; }  # only there while completing
  complete_words() { COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _unspool; echo "${COMPREPLY[*]}"; }
  [ "$(complete_words unspool --list-)" = "--list-protocols --list-interfaces" ] || exit 1
  interfaces=" $(complete_words unspool -i "") "
  [ "$interfaces" != "${interfaces/ any /}" ] || exit 2
  [ ! -d /sys/class/net/lo ] || [ "$interfaces" != "${interfaces/ lo /}" ] || exit 2
  [ "$(complete_words unspool -o ../comp)" = ../completion ] || exit 3
  [ "$(complete_words unspool unspool.f)" = unspool.fish ] || exit 4
' || fail "bash completes wrongly ($?)"
