"""Options that several commands share. Light: nothing heavy is imported here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def plugin_option(command: F) -> F:
    """Add `--plugin`, as the argument `plugins`."""
    return click.option(
        "--plugin",
        "plugins",
        multiple=True,
        metavar="FILE|MODULE",
        help="Load a plugin: a .py file or an importable module. Repeatable.",
    )(command)


def run_options(command: F) -> F:
    """Add METHOD and what makes up its config: the arguments of `mindkit.config.load.load_spec`.

    They arrive as method, dataset, data, training, settings, drop, simulate and plugins.
    """
    method = click.argument("method", metavar="METHOD")
    dataset = click.option(
        "--dataset", metavar="NAME", help="Data set; by default the one the config names."
    )
    return method(dataset(_drop_option(_config_options(command))))


def study_options(command: F) -> F:
    """Add what the rows of a study share: datasets, data, training, settings, without, and more.

    Several data sets give a table each. METHOD is the command's own to add.
    """
    options = (
        click.option(
            "--dataset",
            "datasets",
            multiple=True,
            metavar="NAME",
            help="Data set; by default the one the config names. Repeatable: a table for each.",
        ),
        click.option(
            "--without",
            multiple=True,
            metavar="NAME",
            help="Leave out of every row: a modality the data lack, say. Repeatable.",
        ),
        click.option(
            "--seeds",
            type=click.IntRange(min=1),
            default=5,
            show_default=True,
            help="Runs of each row.",
        ),
        click.option(
            "--baseline", metavar="ROW", help="The row that others are tested against, by name."
        ),
        click.option(
            "--metric", "metrics", multiple=True, metavar="NAME", help="A column. Repeatable."
        ),
        click.option(
            "--fuse",
            type=click.Choice(["off", "auto", "on"]),
            default="off",
            show_default=True,
            help="Train the seeds of a row in one go: never, where that is measured to be faster, "
            "or wherever it can be done. Equal to rounding, not to the bit.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return _config_options(command)


def _drop_option(command: F) -> F:
    return click.option(
        "--drop",
        multiple=True,
        metavar="NAME",
        help="Leave out a term, representation, modality, or named ablation. Repeatable.",
    )(command)


def _config_options(command: F) -> F:
    options = (
        click.option(
            "--data", metavar="PATH", help="File or folder to read it from, not the imported copy."
        ),
        click.option(
            "--training",
            metavar="NAME",
            help="A fragment of configs/training (quick), or the path of a .yaml file.",
        ),
        click.option(
            "--set",
            "settings",
            multiple=True,
            metavar="PATH=VALUE",
            help="Change one value, such as terms.diff.weight=0.01. Repeatable.",
        ),
        click.option(
            "--no-simulate",
            "simulate",
            flag_value=False,
            default=True,
            help="Make missing data an error instead of simulating them.",
        ),
        plugin_option,
    )
    for option in reversed(options):
        command = option(command)
    return command


def execution_options(command: F) -> F:
    """Add where and on what a run is made: the arguments out, device and fresh."""
    options = (
        click.option(
            "--out", default="runs", show_default=True, metavar="FOLDER", help="Folder of all runs."
        ),
        click.option(
            "--device", metavar="NAME", help="cpu, cuda, cuda:1, mps; by default the best there is."
        ),
        click.option("--fresh", is_flag=True, help="Begin again where a run exists already."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def executor_options(command: F) -> F:
    """Add where a study's runs are made: executor, workers, devices and executor_settings."""
    options = (
        click.option(
            "--executor",
            type=click.Choice(["in-process", "processes", "ray", "slurm"]),
            default="in-process",
            show_default=True,
            help="What makes the runs: this process, worker processes, a Ray or a Slurm cluster.",
        ),
        click.option(
            "--workers",
            type=click.IntRange(min=1),
            metavar="N",
            help="Runs at a time; by default one a GPU or core, as memory allows.",
        ),
        click.option(
            "--devices",
            metavar="NAME,…",
            callback=_split,
            help="Devices of the worker processes in turn, such as cuda:0,cuda:1.",
        ),
        click.option(
            "--executor-set",
            "executor_settings",
            multiple=True,
            metavar="KEY=VALUE",
            help="An option of the executor, such as threads=2 or partition=gpu. Repeatable.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _split(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> tuple[str, ...]:
    return tuple(name.strip() for name in value.split(",")) if value else ()
