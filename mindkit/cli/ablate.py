"""`mindkit ablate`: the full method against itself without a part, over seeds."""

from __future__ import annotations

import click

from mindkit.cli.options import execution_options, optional_method_options


@click.command()
@optional_method_options
@click.option(
    "--without",
    multiple=True,
    metavar="NAME",
    help="Leave out of every row, the full method too: a modality the data lack, say. Repeatable.",
)
@click.option(
    "--seeds", type=click.IntRange(min=1), default=5, show_default=True, help="Runs of each row."
)
@execution_options
def ablate(**arguments: object) -> None:
    """Compare METHOD with itself without each --drop, over seeds: mean ± sd on the test split.

    Without METHOD, the one that configs/default.yaml names.

    Finished runs are reused and interrupted ones resumed, so the command can be called again.
    """
    from mindkit.cli.console import Console
    from mindkit.study.ablate import ablate as ablate_method

    console = Console()
    console.ablation(ablate_method(display=console.display, **arguments))  # type: ignore[arg-type]
