# Types each of $2 and on, and a tab, into a real zsh that has sourced $1, and prints what the line then is.
zmodload zsh/zpty
zpty -b shell zsh -f -i
zpty -w shell "autoload -Uz compinit; compinit -u -D; source ${(q)1}; PS1="
zpty -w shell "show() { print -r -- \"<\$BUFFER>\" }; zle -N show; bindkey '^T' show; bindkey '^I' complete-word"
# The echo of this line does not hold the word it prints.
zpty -w shell "print re''ady"
zpty -r shell seen '*ready*'
for typed in "${@:2}"; do
  zpty -w -n shell $'\x15'"$typed"$'\t\x14'
  zpty -r shell seen '*<*>*'
  seen="${seen##*<}"
  print -r -- "${seen%>*}"
done
