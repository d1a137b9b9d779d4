# vggtune: completion for bash 3.2 and later. vggtune itself says what may stand at the cursor.
_vggtune() {
  local program=${COMP_WORDS[0]} words=() word line paths='' before=''
  local at
  # bash takes `--flag=value` apart.
  for ((at = 1; at <= COMP_CWORD; at++)); do
    word=${COMP_WORDS[at]}
    if [[ $word == = && ${#words[@]} -gt 0 ]]; then
      words[${#words[@]} - 1]+==
    elif [[ ${#words[@]} -gt 0 && ${words[${#words[@]} - 1]} == --*= && ${COMP_WORDS[at - 1]} == = ]]; then
      words[${#words[@]} - 1]+=$word
    else
      words+=("$word")
    fi
  done
  local current=${words[${#words[@]} - 1]}
  # As it was typed, a space in a path has a backslash before it.
  current=${current//\\/}
  words[${#words[@]} - 1]=$current
  [[ $current == --*=* ]] && before=${current%%=*}=
  local value=${current#"$before"}
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ -z $paths ]]; then
      paths=$line
    else
      word=${line%%$'\t'*}
      word=${word#"$before"}
      [[ $word == *[!A-Za-z0-9_./,=:@%+~-]* ]] && printf -v word '%q' "$word"
      COMPREPLY+=("$word")
    fi
  done < <("$program" --complete-words "${words[@]}" 2>/dev/null)
  if [[ $paths == file || $paths == folder ]]; then
    local kind=-f
    [[ $paths == folder ]] && kind=-d
    compopt -o filenames 2>/dev/null
    while IFS= read -r line; do
      COMPREPLY+=("$line")
    done < <(compgen "$kind" -- "$value")
  elif [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == */ ]]; then
    compopt -o nospace 2>/dev/null
  fi
}
complete -F _vggtune vggtune
