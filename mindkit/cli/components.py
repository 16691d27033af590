"""`mindkit components`: what can be plugged in, from which plugin."""

from __future__ import annotations

from typing import Any

import click

from mindkit.cli.options import plugin_option


@click.command()
@click.argument("kind", required=False)
@plugin_option
def components(kind: str | None, plugins: tuple[str, ...]) -> None:
    """List the components of every KIND, or of one, with their options and defaults.

    KIND: encoders, stages, mi_estimators, criteria, reconstructions, fusion_heads, datasets or
    trackers. Without a terminal, one line a component, its fields separated by tabs.
    """
    import sys

    from mindkit.config.catalogue import describe_components
    from mindkit.hooks import load_plugins

    found = describe_components(load_plugins(plugins).registries, kind)
    if not sys.stdout.isatty():
        for one in found:
            fields = (one["kind"], one["name"], one["plugin"], one["description"])
            click.echo("\t".join((*fields, ", ".join(_option(o) for o in one["options"]))))
        return
    _print_tables(found)


def _print_tables(found: list[dict[str, Any]]) -> None:
    from itertools import groupby

    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(highlight=False)
    for kind, group in groupby(found, key=lambda one: one["kind"]):
        ones = list(group)
        title = f"{kind}: {len(ones)}"
        table = Table(title=title, title_justify="left", title_style="bold", expand=True)
        table.add_column("name", no_wrap=True, style="bold")
        table.add_column("what it is", ratio=2)
        table.add_column("options", ratio=2)
        table.add_column("plugin", no_wrap=True)
        for one in ones:
            options = "\n".join(escape(_option(option)) for option in one["options"])
            table.add_row(one["name"], escape(one["description"]), options, one["plugin"])
        console.print(table)


def _option(option: dict[str, Any]) -> str:
    if "default" not in option:
        return f"{option['name']} (required; {option['type']})"
    return f"{option['name']}={_shown(option['default'])} ({option['type']})"


def _shown(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)
