#compdef vggtune
# vggtune: completion for zsh. vggtune itself says what may stand at the cursor.
_vggtune() {
  local program=${(Q)words[1]} line word
  local -a lines all shown open openShown
  lines=("${(@f)$("$program" --complete-words "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
  local paths=${lines[1]}
  for line in "${(@)lines[2,-1]}"; do
    [[ -n $line ]] || continue
    word=${line%%$'\t'*}
    if [[ $word == */ ]]; then
      open+=("$word")
      openShown+=("$word")
    else
      all+=("$word")
      shown+=("${line/$'\t'/  -- }")
    fi
  done
  (( ${#all} )) && compadd -l -d shown -a all
  (( ${#open} )) && compadd -S '' -d openShown -a open
  case $paths in
    file) compset -P '--*='; _files ;;
    folder) compset -P '--*='; _files -/ ;;
  esac
}
if [[ $funcstack[1] == _vggtune ]]; then
  _vggtune "$@"
else
  compdef _vggtune vggtune
fi
