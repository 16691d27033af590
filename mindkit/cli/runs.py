"""`mindkit runs`: which runs there are, and what differs between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mindkit.study.folders import Status

STATUSES = ("finished", "interrupted", "failed", "pruned", "running", "damaged")


@click.command()
@click.argument("folders", metavar="[FOLDER|RUN ...]", nargs=-1)
@click.option("--method", metavar="NAME", help="Runs of this method alone.")
@click.option("--dataset", metavar="NAME", help="Runs on this data set alone.")
@click.option(
    "--where",
    multiple=True,
    metavar="PATH=VALUE",
    help="Runs with this in their resolved config, such as training.seed=3407. Repeatable.",
)
@click.option("--status", type=click.Choice(STATUSES), help="Runs in this state alone.")
@click.option(
    "--sort",
    metavar="COLUMN",
    help="Order by a column; scores put the best first. A metric alone is that of the test split.",
)
@click.option(
    "--columns",
    metavar="COLUMN,...",
    help="Show these: facts (seed, status, when, …), scores (mae, valid.mae), or config paths.",
)
@click.option("--group", is_flag=True, help="Take the seeds of one config together: mean ± sd.")
@click.option("--diff", is_flag=True, help="Compare the runs named: what differs, value by value.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list and nothing else.")
def runs(
    folders: tuple[str, ...],
    method: str | None,
    dataset: str | None,
    where: tuple[str, ...],
    status: Status | None,
    sort: str | None,
    columns: str | None,
    group: bool,
    diff: bool,
    as_json: bool,
) -> None:
    """List the runs under FOLDER, by default runs: method, data set, seed, state, scores.

    With --diff, compare the configs, environments and data of two or more RUNs instead.
    """
    from mindkit.cli.printing import page, print_json
    from mindkit.cli.run_tables import show_differences, show_groups, show_runs
    from mindkit.study.differences import diff_runs
    from mindkit.study.runs import group_runs, require_columns
    from mindkit.study.runs import runs as list_runs

    if diff and any((method, dataset, where, status, sort, columns, group)):
        raise click.UsageError("--diff compares the runs named, and takes only --json beside it")
    if columns and group:
        raise click.UsageError("--columns are those of single runs; leave out --group")
    if diff:
        differences = diff_runs(*folders)
        print_json(differences) if as_json else show_differences(page(), folders, differences)
        return
    found = list_runs(
        *folders, method=method, dataset=dataset, where=where, status=status, sort=sort
    )
    wanted = columns.split(",") if columns else []
    require_columns(found, wanted)
    if group:
        groups = group_runs(found)
        print_json(groups) if as_json else show_groups(page(), groups)
    elif as_json:
        print_json(
            [{c: run.value(c) for c in ["folder", *wanted]} for run in found] if wanted else found
        )
    else:
        show_runs(page(), found, wanted)
