"""`mindkit run`: train, select on validation, test once."""

from __future__ import annotations

import click

from mindkit.cli.options import execution_options, run_options


@click.command()
@run_options
@click.option(
    "--seeds", type=click.IntRange(min=1), default=1, show_default=True, help="Runs, a seed each."
)
@click.option("--resume", is_flag=True, help="Go on with an interrupted run of this config.")
@execution_options
def run(**arguments: object) -> None:
    """Train METHOD, select on validation, score the test split once.

    A finished run of the same config and data is shown, not repeated.
    """
    from mindkit.cli.console import Console
    from mindkit.study.run import run as run_method

    console = Console()
    results = run_method(display=console.display, **arguments)  # type: ignore[arg-type]
    console.results(results)
