"""`tapedeck completion`: a completion script for a shell, made from the parser itself."""

import argparse
import sys
from collections.abc import Iterator
from typing import NamedTuple

SHELLS = ("bash", "zsh", "fish")

_EPILOG = """\
where the line goes:
  ~/.bashrc                    source <(tapedeck completion bash)
  ~/.zshrc, after compinit     source <(tapedeck completion zsh)
  ~/.config/fish/config.fish   tapedeck completion fish | source
"""


class Word(NamedTuple):
    """What may be typed next and what it means. `values` are those a flag takes: empty for a file or free text."""

    text: str
    help: str = ""
    values: tuple[str, ...] | None = None


class Place(NamedTuple):
    """A point in the command line: the commands that lead to it, and the words that may follow. `files` may, too."""

    path: str
    words: tuple[Word, ...]
    files: bool = False


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `tapedeck completion`."""
    parser.add_argument("shell", choices=SHELLS, help="the shell the script is for")
    parser.epilog = _EPILOG


def run(args: argparse.Namespace) -> int:
    """Print the script for one shell."""
    from app.cli.commands import COMMANDS, build_parser

    parser = build_parser(load=[command.name for command in COMMANDS])
    sys.stdout.write(script(args.shell, parser))
    return 0


def script(shell: str, parser: argparse.ArgumentParser) -> str:
    """The completion script of `parser` for `shell`, one of `SHELLS`."""
    all_places = list(places(parser, ""))
    if shell == "fish":
        return _fish(all_places)
    template, word = (_BASH, _bash_word) if shell == "bash" else (_ZSH, _zsh_word)
    cases = "".join(
        f'    "{place.path}") {"files=1 " if place.files else ""}reply=({" ".join(map(word, place.words))}) ;;\n'
        for place in _with_flags(all_places)
    )
    return template.replace("@CASES@", cases)


def places(parser: argparse.ArgumentParser, path: str) -> Iterator[Place]:
    """`parser` and all parsers below it, each with its flags, choices and the commands that follow."""
    words: list[Word] = []
    below: list[Place] = []
    for action in parser._actions:  # noqa: SLF001 - argparse has no public list of a parser's arguments
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - nor a public name for this class
            words += [Word(choice.dest, choice.help or "") for choice in action._choices_actions]  # noqa: SLF001
            for name, child in action.choices.items():
                below += places(child, f"{path} {name}".strip())
        else:
            words += _own_words(action)
    yield Place(path, tuple(words), any(map(_is_free, parser._actions)))  # noqa: SLF001 - as above
    yield from below


def _is_free(action: argparse.Action) -> bool:
    """Whether it stands for itself, without a flag, and may be anything: the name of a file, here."""
    return not action.option_strings and action.choices is None


def _own_words(action: argparse.Action) -> Iterator[Word]:
    choices = tuple(map(str, action.choices or ()))
    if not action.option_strings:
        yield from map(Word, choices)
    values = choices if action.nargs != 0 else None
    for flag in action.option_strings:
        yield Word(flag, action.help or "", values)


def _with_flags(all_places: list[Place]) -> Iterator[Place]:
    """The places, and after each one a place for every flag that takes a value."""
    for place in all_places:
        yield place
        for word in place.words:
            if word.values is not None:
                yield Place(f"{place.path} {word.text}".strip(), tuple(map(Word, word.values)), not word.values)


# Both scripts walk the words typed so far and keep those that lead to a place; a flag with a value counts only when it
# is the word before the cursor. Where a file may stand, flags are offered once a hyphen is typed, files before that.
_BASH = """\
# completion of tapedeck for bash
_tapedeck_words() {
  reply=() files=
  case "$1" in
@CASES@    *) return 1 ;;
  esac
}
_tapedeck() {
  local place="" word joined reply files
  local before="${COMP_WORDS[COMP_CWORD-1]}"
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    joined="${place:+$place }$word"
    [[ "$word" != -* ]] && _tapedeck_words "$joined" && place="$joined"
  done
  [[ "$before" == -* ]] && _tapedeck_words "${place:+$place }$before" || _tapedeck_words "$place"
  [[ -n "$files" && "${COMP_WORDS[COMP_CWORD]}" != -* ]] && reply=()
  COMPREPLY=($(compgen -W "${reply[*]}" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _tapedeck tapedeck
"""

_ZSH = """\
#compdef tapedeck
# completion of tapedeck for zsh
_tapedeck_words() {
  reply=() files=
  case "$1" in
@CASES@    *) return 1 ;;
  esac
}
_tapedeck() {
  local place="" word joined files before="${words[CURRENT-1]}"
  local -a reply
  for word in "${(@)words[2,CURRENT-1]}"; do
    joined="${place:+$place }$word"
    [[ "$word" != -* ]] && _tapedeck_words "$joined" && place="$joined"
  done
  [[ "$before" == -* ]] && _tapedeck_words "${place:+$place }$before" || _tapedeck_words "$place"
  if [[ -n "$files" && "${words[CURRENT]}" != -* ]]; then _files; else _describe tapedeck reply; fi
}
compdef _tapedeck tapedeck
"""

_FISH = """\
# completion of tapedeck for fish
function __tapedeck_at
  set -l place
  for word in (commandline -opc)[2..-1]
    if contains -- (string join -- ' ' $place $word) @KNOWN@
      set -a place $word
    end
  end
  test "$place" = "$argv[1]"
end
"""


def _bash_word(word: Word) -> str:
    return _quoted(word.text)


def _zsh_word(word: Word) -> str:
    return _quoted(f"{word.text}:{word.help}" if word.help else word.text)


def _fish(all_places: list[Place]) -> str:
    known = " ".join(_quoted(place.path) for place in all_places if place.path)
    lines = [_fish_line(place, word) for place in all_places for word in place.words]
    no_files = [
        f"complete -c tapedeck -f -n \"__tapedeck_at '{place.path}'\"\n" for place in all_places if not place.files
    ]
    return _FISH.replace("@KNOWN@", known) + "".join(no_files + lines)


def _fish_line(place: Place, word: Word) -> str:
    about = f" -d {_quoted(word.help)}" if word.help else ""
    return f"complete -c tapedeck -n \"__tapedeck_at '{place.path}'\" {_fish_word(word)}{about}\n"


def _fish_word(word: Word) -> str:
    if not word.text.startswith("-"):
        return f"-f -a {word.text}"
    flag = f"-l {word.text[2:]}" if word.text.startswith("--") else f"-s {word.text[1:]}"
    if word.values is None:
        return flag
    return f"{flag} -x -a {_quoted(' '.join(word.values))}" if word.values else f"{flag} -r"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "’").replace("\\", "") + "'"
