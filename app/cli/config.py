"""`tapedeck config`: what the settings are, where they came from, and whether a file of them is right."""

import argparse
from pathlib import Path

from app.cli import options, output
from app.config.fields import values_of
from app.config.load import check_file
from app.config.locations import find_locations
from app.config.toml import settings_sha256, to_toml, toml_value


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `tapedeck config`."""
    actions = parser.add_subparsers(title="actions", dest="action", metavar="ACTION", required=True)
    show = actions.add_parser("show", help="print all settings", description="Print all settings as they apply.")
    show.add_argument("--origin", action="store_true", help="name where each value came from")
    options.add_json(show)
    options.add_settings(show)
    path = actions.add_parser("path", help="print where files are", description="Print tapedeck's directories.")
    options.add_json(path)
    check = actions.add_parser("validate", help="check a file", description="Check a settings file, or all settings.")
    check.add_argument("file", nargs="?", type=Path, metavar="FILE", help="the file (default: all that applies)")
    options.add_talk(check)


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
    if args.file:
        check_file(args.file)
        output.say(f"{args.file} is valid", quiet=args.quiet)
    else:
        loaded = options.load_settings(args, find_locations())
        output.say("valid: " + ", ".join(map(str, loaded.files)), quiet=args.quiet)
    return 0
