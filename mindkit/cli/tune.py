"""`mindkit tune`: settings that are better on validation, found trial by trial."""

from __future__ import annotations

from typing import Any

import click

from mindkit.cli.options import execution_options, executor_options, run_options


@click.command()
@run_options
@click.option(
    "--trials",
    type=click.IntRange(min=1),
    default=40,
    show_default=True,
    help="Trials in all; those of an earlier call count.",
)
@click.option(
    "--search",
    multiple=True,
    metavar="PATH=RANGE",
    help="Search this value: terms.cons.weight=1e-5..1e-1:log, fusion.dropout=0.0..0.6:0.1, "
    "width=[64, 128]. In place of the method's space, or beside --space. Repeatable.",
)
@click.option(
    "--space",
    metavar="NAME|FILE",
    help="A .yaml file of what is searched, or the method whose search.yaml it is; by default "
    "METHOD's own, unless --search says what.",
)
@click.option(
    "--storage",
    metavar="FILE|URL",
    help="Where trials are remembered: a journal file (default: beside the runs), sqlite:///FILE, "
    "or a database that several machines share.",
)
@click.option("--name", metavar="NAME", help="Of the search; default: tune-METHOD-DATASET.")
@click.option(
    "--pruner",
    type=click.Choice(["median", "hyperband", "none"]),
    default="median",
    show_default=True,
    help="What ends a trial that falls behind others.",
)
@click.option(
    "--seeds",
    type=click.IntRange(min=1),
    default=3,
    show_default=True,
    help="Runs of the winner, and of METHOD as it stands, on test.",
)
@executor_options
@execution_options
def tune(**arguments: Any) -> None:
    """Search for better settings of METHOD on validation; compare the winner with METHOD on test.

    What is searched is declared in search.yaml beside the method's config. No trial reads the test
    split. The winner is written as a config that `mindkit run` takes, and run with seeds that no
    trial had.

    Call it again to go on after an interruption or with more --trials, or on other machines with
    the same --storage to share the work.
    """
    from mindkit.cli.console import Console
    from mindkit.cli.trial_tables import print_trial, print_tuned
    from mindkit.study.tune import tune as tune_method

    console = Console()
    tuned = tune_method(
        tell_trial=lambda trial: print_trial(console.rich, trial),
        **console.follow(arguments["executor"]),
        **arguments,
    )
    print_tuned(console.rich, tuned)
    console.study(tuned.study)
