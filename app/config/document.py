"""Writes what is generated from the settings model: `docs/settings.md` and the files of defaults in `configs/`.

`python -m app.config.document` writes them; a test fails when one has drifted from the model.
"""

import ast
import inspect
import sys
import textwrap
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from app.config.fields import Field, allowed, section_names, setting_fields
from app.config.load import DEFAULT_FILES
from app.config.section import Section
from app.config.sources import ALIASES, PREFIX, RESERVED_VARIABLES
from app.config.toml import toml_value

_WIDTH = 110

_INTRODUCTION = """\
# Settings

Every setting has a default and works without a file. A value is looked for in this order, and the first one wins:

1. flags: `--set markets.top=20`, and those of a command's own that stand for a setting (`--seed`);
2. the environment: `TAPEDECK_MARKETS__TOP=20` (section, two underscores, key; lists are comma separated, tables
   are written `name: text; name: text`);
3. the file named by `--config FILE`;
4. your own `config.toml` (`tapedeck config path` says where);
5. the profile that `wallets.profile` names, from `wallets/` beside your `config.toml` or from `configs/wallets/`;
6. `configs/default.toml` and `configs/scalper.toml`, which ship with tapedeck.

A file holds only what differs from the defaults. A key that is not a setting, a value that is not allowed, and a
`TAPEDECK_*` variable that names no setting are errors that name the file, the key and what is allowed. A settings file
that other users may write to is refused. `tapedeck config show --origin` says where each value came from.
`tapedeck config validate` checks all of them, and the theme, keymap and watchlists they name; with a FILE it checks
that file alone. `--set`, `--config` and `--no-color` may stand before the command or after it.

Some variables of older systems are understood as well; one with the prefix is stronger:
{aliases}.

`TAPEDECK_HOME` is not a setting: it puts all directories (`config/`, `state/`, `log/`, `tapes/`, `cache/`) below one.
`NO_COLOR` turns colours off.
"""

_IN_FILES_OF_THEIR_OWN = ("scalper",)
_DEFAULT_HEAD = """\
# Every setting with its default. Copy what you want to change into your own config.toml
# (`tapedeck config path` says where); a file needs only what differs.
"""


@cache
def field_docs() -> dict[tuple[str, str], str]:
    """The text under each field of the model, on one line, by (class name, field name)."""
    sections = section_names().values()
    docs: dict[tuple[str, str], str] = {}
    for module in {section.__module__ for section in sections}:
        for node in ast.parse(inspect.getsource(sys.modules[module])).body:
            if isinstance(node, ast.ClassDef):
                docs.update(_docs_of(node))
    return {(section.__name__, name): text for section in sections for name, text in _with_inherited(section, docs)}


def _with_inherited(section: type[Section], docs: Mapping[tuple[str, str], str]) -> Iterator[tuple[str, str]]:
    """A section's fields with their texts, first those of the classes it is made from."""
    for each in reversed(section.__mro__):
        yield from ((name, text) for (holder, name), text in docs.items() if holder == each.__name__)


def _docs_of(node: ast.ClassDef) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for field, below in zip(node.body, node.body[1:], strict=False):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                found[node.name, name] = " ".join(text.split())
    return found


def settings_page() -> str:
    """The text of docs/settings.md."""
    aliases = ",\n".join(f"`{name}` for `{key}`" for name, key in ALIASES.items())
    return _INTRODUCTION.replace("{aliases}", aliases) + "".join(
        _section_page(name, section) for name, section in section_names().items()
    )


def _section_page(name: str, section: type[Section]) -> str:
    head = "| key | default | allowed | meaning |\n|---|---|---|---|\n"
    rows = "".join(_row(field) for field in setting_fields().values() if field.section is section)
    return f"\n## `[{name}]`\n\n{inspect.cleandoc(section.__doc__ or '')}\n\n{head}{rows}"


def _row(field: Field) -> str:
    cells = (f"`{field.name}`", f"`{toml_value(field.default)}`", allowed(field), _doc(field))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _doc(field: Field) -> str:
    return field_docs()[field.section.__name__, field.name]


def default_files() -> dict[str, str]:
    """The files of defaults by name: every key with its meaning, what is allowed, and its default."""
    texts = {name: _section_toml(name, section) for name, section in section_names().items()}
    own = {f"{name}.toml": texts.pop(name) for name in _IN_FILES_OF_THEIR_OWN}
    return {name: _DEFAULT_HEAD + text for name, text in {DEFAULT_FILES[0]: "".join(texts.values()), **own}.items()}


def _section_toml(name: str, section: type[Section]) -> str:
    fields = [field for field in setting_fields().values() if field.section is section]
    return f"\n{_comment(section.__doc__ or '')}[{name}]\n" + "\n".join(map(_entry, fields))


def _entry(field: Field) -> str:
    return f"{_comment(f'{_doc(field)} Must be {allowed(field)}.')}{field.name} = {toml_value(field.default)}\n"


def _comment(text: str) -> str:
    return "".join(f"# {line}\n" for line in textwrap.wrap(inspect.cleandoc(text), _WIDTH, break_on_hyphens=False))


def environment_variables() -> list[str]:
    """All environment variables that are read, settings first."""
    settings = [PREFIX + key.upper().replace(".", "__") for key in setting_fields()]
    return settings + sorted(ALIASES) + sorted(RESERVED_VARIABLES)


def write(root: Path) -> None:
    """Write the files into the checkout at `root`."""
    (root / "docs" / "settings.md").write_text(settings_page(), encoding="utf-8")
    for name, text in default_files().items():
        (root / "configs" / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(__file__).resolve().parents[2])
