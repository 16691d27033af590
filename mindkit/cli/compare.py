"""`mindkit compare`: methods against each other, over seeds."""

from __future__ import annotations

from typing import Any

import click

from mindkit.cli.options import execution_options, executor_options, study_options


@click.command()
@click.argument("methods", metavar="METHOD...", nargs=-1, required=True)
@study_options
@executor_options
@execution_options
def compare(datasets: tuple[str, ...], metrics: tuple[str, ...], **arguments: Any) -> None:
    """Compare METHODs over seeds, beside a constant, linear models, and twins on text alone.

    Others are tested against the first METHOD, or --baseline. A --set goes to every method,
    --set METHOD:PATH=VALUE to that one and its twin.

    The tables are written to the study's folder as Markdown, LaTeX, CSV and JSON. Finished runs are
    reused, interrupted ones resumed and failed ones shown, so the command can be called again.
    """
    from mindkit.cli.console import Console
    from mindkit.study.compare import compare as compare_methods

    console = Console()
    for dataset in datasets or (None,):
        follow = console.follow(arguments["executor"])
        console.study(compare_methods(dataset=dataset, **follow, **arguments), metrics)
