# Completion of unspool(1) for bash.

_unspool() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
  COMPREPLY=()
  case $before in
    -i | --interface)
      mapfile -t COMPREPLY < <(compgen -W "any $(command ls /sys/class/net 2>/dev/null)" -- "$word")
      return ;;
    -o | --output | --spool)
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -d -- "$word")
      return ;;
    -r | --read | -c | --config)
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -f -- "$word")
      return ;;
    -j | --workers)
      mapfile -t COMPREPLY < <(compgen -W 'auto 0 1 2 4 8' -- "$word")
      return ;;
    --set) return ;;
  esac
  if [[ $word == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W '--read --interface --follow --spool --config --output --workers --set --replace --append --test-config
      --dump-config --list-protocols --list-interfaces --quiet --verbose --version --help' -- "$word")
    return
  fi
  compopt -o filenames
  mapfile -t COMPREPLY < <(compgen -f -- "$word")
}
complete -F _unspool unspool
