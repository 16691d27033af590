"""`mindkit reproduce`: a run or a table made again and held against what was saved."""

from __future__ import annotations

from typing import Any

import click

from mindkit.cli.options import executor_options, plugin_option


@click.command()
@click.argument("target", metavar="RUN|STUDY")
@click.option("--check", is_flag=True, help="Say what differs from then, and train nothing.")
@click.option(
    "--out",
    default="reproduced",
    show_default=True,
    metavar="FOLDER",
    help="Folder of the new runs; saved ones are never written to.",
)
@click.option("--data", metavar="PATH", help="Where the data are now, if not where they were.")
@click.option(
    "--device", metavar="NAME", help="cpu, cuda, cuda:1, mps; by default the CPU if then."
)
@click.option("--fresh", is_flag=True, help="Make anew what was reproduced before.")
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0),
    default=1e-3,
    show_default=True,
    help="How far a score, or a row's mean score, may be from the saved one.",
)
@plugin_option
@executor_options
def reproduce(
    target: str,
    check: bool,
    tolerance: float,
    executor: str,
    workers: int | None,
    devices: tuple[str, ...],
    executor_settings: tuple[str, ...],
    **where: Any,
) -> None:
    """Make RUN, or every run of STUDY, again with the same config, and compare.

    RUN is a run's folder; STUDY is a study's, or its study.json. What differs from then in config,
    versions, device, plugins and data is said first. On the same machine and versions the numbers
    are expected to be the same to the bit.

    The exit status is 0 only if all is reproduced; with --check, only if nothing differs.
    """
    from mindkit.cli.console import Console
    from mindkit.cli.reproductions import show_outcome, show_wanted
    from mindkit.study.executors import make_executor
    from mindkit.study.jobs import Worker
    from mindkit.study.reproduce import make_again, wanted_runs

    console = Console()
    wanted = wanted_runs(target, **where)
    show_wanted(console.rich, wanted)
    if check:
        click.get_current_context().exit(any(one.differences or one.error for one in wanted))
    follow = console.follow(executor)
    made = make_executor(
        executor,
        Worker(follow["display"]),
        workers=workers,
        devices=devices,
        settings=executor_settings,
    )
    outcome = make_again(target, wanted, made, tolerance, follow["tell"])
    show_outcome(console.rich, outcome)
    click.get_current_context().exit(not outcome.reproduced)
