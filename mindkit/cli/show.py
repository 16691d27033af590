"""`mindkit show`: the complete config of a run, and where each value comes from."""

from __future__ import annotations

from typing import Any

import click

from mindkit.cli.options import run_options


@click.command()
@run_options
@click.option("--plain", is_flag=True, help="Leave the origins out.")
def show(plain: bool, plugins: tuple[str, ...], **arguments: Any) -> None:
    """Print the complete config of METHOD as YAML, with the origin of each value.

    The options are those of `mindkit run`; what was dropped, and why, stands at the end.
    """
    from mindkit.config.load import dump, load_spec
    from mindkit.hooks import load_plugins

    spec = load_spec(load_plugins(plugins).registries, **arguments)
    click.echo(dump(spec, origins=not plain), nl=False)
