"""`mindkit score`: every metric under every convention, from saved predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Console

    from mindkit.study.score import Scores


@click.command()
@click.argument("runs", metavar="RUN [RUN ...]", nargs=-1, required=True)
@click.option(
    "--split", type=click.Choice(["valid", "test"]), help="Show this split alone; else both."
)
@click.option(
    "--metric", "metrics", multiple=True, metavar="NAME", help="Show this metric alone. Repeatable."
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list and nothing else.")
def score(
    runs: tuple[str, ...], split: str | None, metrics: tuple[str, ...], as_json: bool
) -> None:
    """Score finished runs again, by every metric under every convention.

    RUN is a run's folder. Nothing is trained: scores come from its predictions.csv, and those in
    its metrics.json are compared with them. The exit status is 1 where the two disagree.
    """
    from mindkit.cli.printing import page, print_json
    from mindkit.study.score import score as score_runs

    scored = score_runs(*runs, split=split, metrics=metrics)
    if as_json:
        print_json(scored)
    else:
        console = page()
        for one in scored:
            _show(console, one)
    if any(one.disagreements for one in scored):
        click.get_current_context().exit(1)


def _show(console: Console, scores: Scores) -> None:
    from rich.table import Table

    from mindkit.cli.printing import say_stamps
    from mindkit.train.metrics import METRICS

    title = f"{scores.folder}: {scores.method} on {scores.dataset}, seed {scores.seed}"
    table = Table(title=title, title_justify="left")
    table.add_column("metric", no_wrap=True)
    for split in scores.values:
        heading = f"{split}, N = {scores.samples[split]}"
        table.add_column(heading, justify="right", style="bold" if split == "test" else "")
    table.add_column("what it computes (y label, p prediction)", overflow="fold")
    for metric in next(iter(scores.values.values())):
        about = METRICS[metric]
        numbers = [f"{values[metric]:.4f}" for values in scores.values.values()]
        arrow = "↓" if about.better == "min" else "↑"
        table.add_row(f"{metric} {arrow}", *numbers, about.description)
    console.print(table)
    for line in scores.disagreements:
        console.print(f"DISAGREES: {line}", style="bold red", soft_wrap=True)
    if scores.disagreements:
        advice = (
            "a file was edited, or another version scored it; `mindkit reproduce` runs it again"
        )
        console.print(advice, style="red", soft_wrap=True)
    say_stamps(console, scores.stamps)
