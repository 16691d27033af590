"""`mindkit check`: what is wrong with a config, before anything is trained."""

from __future__ import annotations

from typing import Any

import click

from mindkit.cli.options import run_options


@click.command()
@run_options
def check(**arguments: Any) -> None:
    """Check the config of METHOD, and that its model fits its data; train nothing.

    Every mistake is reported with its place and what would do; the exit status is then 1.
    """
    from mindkit.errors import ConfigError
    from mindkit.study.check import examine

    checked = examine(**arguments)
    if checked.problems:
        raise ConfigError(checked.problems)
    method, data = checked.spec.method, checked.spec.data
    for line in checked.spec.dropped:
        click.echo(f"left out: {line}")
    rows = ", ".join(f"{term.name} {len(term.rows)}" for term in method.terms)
    click.echo(f"{method.name} on {data.name}: no mistakes; rows by term: {rows}")
