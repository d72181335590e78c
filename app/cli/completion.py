"""`tapedeck completion`: a completion script for a shell, made from the parser itself."""

import argparse
import sys
from collections.abc import Iterator
from typing import NamedTuple

SHELLS = ("bash", "zsh", "fish")


class Word(NamedTuple):
    """What may be typed next and what it means. `values` are those a flag takes: empty for a file or free text."""

    text: str
    help: str = ""
    values: tuple[str, ...] | None = None


class Place(NamedTuple):
    """A point in the command line: the commands that lead to it, and the words that may follow."""

    path: str
    words: tuple[Word, ...]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `tapedeck completion`."""
    parser.add_argument("shell", choices=SHELLS, help="the shell to print for")
    parser.epilog = "for example, in ~/.bashrc: source <(tapedeck completion bash)"


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
        f'    "{path}") reply=({" ".join(map(word, words))}) ;;\n' for path, words in _with_flags(all_places)
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
    yield Place(path, tuple(words))
    yield from below


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
                yield Place(f"{place.path} {word.text}".strip(), tuple(map(Word, word.values)))


# Both scripts walk the words typed so far and keep those that lead to a place; a flag with a value counts only when it
# is the word before the cursor. Where no word fits, the shell completes file names.
_BASH = """\
# completion of tapedeck for bash
_tapedeck_words() {
  reply=()
  case "$1" in
@CASES@    *) return 1 ;;
  esac
}
_tapedeck() {
  local place="" word joined reply
  local before="${COMP_WORDS[COMP_CWORD-1]}"
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    joined="${place:+$place }$word"
    [[ "$word" != -* ]] && _tapedeck_words "$joined" && place="$joined"
  done
  [[ "$before" == -* ]] && _tapedeck_words "${place:+$place }$before" || _tapedeck_words "$place"
  COMPREPLY=($(compgen -W "${reply[*]}" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _tapedeck tapedeck
"""

_ZSH = """\
#compdef tapedeck
# completion of tapedeck for zsh
_tapedeck_words() {
  reply=()
  case "$1" in
@CASES@    *) return 1 ;;
  esac
}
_tapedeck() {
  local place="" word joined before="${words[CURRENT-1]}"
  local -a reply
  for word in "${(@)words[2,CURRENT-1]}"; do
    joined="${place:+$place }$word"
    [[ "$word" != -* ]] && _tapedeck_words "$joined" && place="$joined"
  done
  [[ "$before" == -* ]] && _tapedeck_words "${place:+$place }$before" || _tapedeck_words "$place"
  if (( $#reply )); then _describe tapedeck reply; else _files; fi
}
compdef _tapedeck tapedeck
"""

_FISH = """\
# completion of tapedeck for fish
function __tapedeck_at
  set -l place
  for word in (commandline -opc)[2..-1]
    if contains -- (string join ' ' $place $word) @KNOWN@
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
    return _FISH.replace("@KNOWN@", known) + "".join(lines)


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
