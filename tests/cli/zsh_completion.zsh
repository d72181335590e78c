# Types $2 and a tab into a real zsh that has sourced $1, and prints what the line then is.
zmodload zsh/zpty
zpty -b shell zsh -f -i
zpty -w shell "autoload -Uz compinit; compinit -u -D; source ${(q)1}; PS1="
zpty -w shell "show() { print -r -- \"<\$BUFFER>\" }; zle -N show; bindkey '^X' show; bindkey '^I' complete-word"
# The echo of this line does not hold the word it prints.
zpty -w shell "print re''ady"
zpty -r shell seen '*ready*'
zpty -w -n shell "$2"$'\t\x18'
zpty -r shell seen '*<*>*'
seen="${seen##*<}"
print -r -- "${seen%>*}"
