"""`mindkit ablate`: the full method against itself without a part, over seeds."""

from __future__ import annotations

from typing import Any

import click

from mindkit.cli.options import execution_options, executor_options, study_options


@click.command()
@click.argument("method", metavar="[METHOD]", required=False)
@click.option(
    "--drop",
    multiple=True,
    metavar="NAME",
    help="A row without this term, representation, modality or named ablation. Repeatable.",
)
@click.option(
    "--table",
    is_flag=True,
    help="The rows of the method's table.yaml (MInD: the paper's Table 2), else every part.",
)
@click.option(
    "--grid",
    multiple=True,
    type=click.Choice(["leave-one-out", "add-one-in"]),
    help="A row without each term in turn, or with one alone beside the task's. Repeatable.",
)
@study_options
@executor_options
@execution_options
def ablate(datasets: tuple[str, ...], metrics: tuple[str, ...], **arguments: Any) -> None:
    """Compare METHOD with itself without each --drop, over seeds, with statistics.

    Without METHOD, the one that configs/default.yaml names.

    The tables are written to the study's folder as Markdown, LaTeX, CSV and JSON. Finished runs are
    reused, interrupted ones resumed and failed ones shown, so the command can be called again.
    """
    from mindkit.cli.console import Console
    from mindkit.study.ablate import ablate as ablate_method

    console = Console()
    for dataset in datasets or (None,):
        follow = console.follow(arguments["executor"])
        console.study(ablate_method(dataset=dataset, **follow, **arguments), metrics)
