"""`tapedeck config`: what the settings are, where they came from, and whether a file of them is right."""

import argparse
from pathlib import Path

from app.cli import options, output
from app.cli.checks.deck import examine
from app.config.fields import setting_fields, values_of
from app.config.load import Loaded, check_file
from app.config.locations import find_locations
from app.config.toml import settings_sha256, to_toml, toml_value
from app.core.errors import ConfigError, UsageError


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `tapedeck config`."""
    actions = parser.add_subparsers(title="actions", dest="action", metavar="ACTION", required=True)
    show = actions.add_parser("show", help="print all settings", description="Print all settings as they apply.")
    show.add_argument("--origin", action="store_true", help="name where each value came from")
    options.add_json(show)
    options.add_settings(show)
    path = actions.add_parser("path", help="print where files are", description="Print tapedeck's directories.")
    options.add_json(path)
    check = actions.add_parser(
        "validate",
        help="check the settings, and the theme, keymap and watchlists they name",
        description="Check the settings, and the theme, keymap and watchlists they name.",
    )
    check.add_argument(
        "file", nargs="?", type=Path, metavar="FILE", help="check this file alone (default: all settings that apply)"
    )
    options.add_talk(check)
    options.add_settings(check)


def run(args: argparse.Namespace) -> int:
    """Carry out `show`, `path` or `validate`."""
    actions = {"show": _show, "path": _path, "validate": _validate}
    return actions[args.action](args)


def _show(args: argparse.Namespace) -> int:
    loaded = options.load_settings(args, find_locations())
    values = values_of(loaded.settings)
    if args.json:
        fields = {key: {"value": value, "origin": loaded.origins[key]} for key, value in values.items()}
        output.print_json({"sha256": settings_sha256(loaded.settings), "settings": fields})
    elif args.origin:
        rows = [[key, toml_value(value), loaded.origins[key]] for key, value in values.items()]
        output.print_table(["setting", "value", "origin"], rows)
    else:
        for line in to_toml(loaded.settings).splitlines():
            output.print_line(line)
    return 0


def _path(args: argparse.Namespace) -> int:
    locations = find_locations()
    paths = {"config_file": locations.config_file, "log_file": locations.log_file, **locations.directories()}
    if args.json:
        output.print_json({"paths": {name: str(path) for name, path in paths.items()}})
    else:
        output.print_table(["what", "where"], [[name.replace("_", " "), str(path)] for name, path in paths.items()])
    return 0


def _validate(args: argparse.Namespace) -> int:
    locations = find_locations()
    loaded = _alone(args) if args.file else options.load_settings(args, locations)
    found = examine(loaded.settings.deck, loaded.origins, locations)
    for other in found.others:
        output.say(f"not used, and broken: {other}", quiet=args.quiet)
    if found.mistakes:
        raise ConfigError("\n".join(found.mistakes))
    for file in loaded.files:
        output.say(f"valid: {file}", quiet=args.quiet)
    return 0


def _alone(args: argparse.Namespace) -> Loaded:
    """The settings of the one file that is named, over the model's defaults."""
    if args.config or args.set:
        raise UsageError(f"{args.file} is checked alone; leave --config and --set out, or the file")
    return Loaded(check_file(args.file), dict.fromkeys(setting_fields(), str(args.file)), (args.file,))
