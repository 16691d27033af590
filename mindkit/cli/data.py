"""`mindkit data`: which data sets there are; checking, importing and simulating them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from mindkit.registry import Registries


class Pair(click.ParamType):
    """KEY=VALUE on the command line, read as a tuple; the value may be empty."""

    name = "pair"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, str]:
        """Split at the first equals sign."""
        if isinstance(value, tuple):
            return value
        key, equals, rest = value.partition("=")
        if not equals or not key:
            self.fail(f"'{value}' is not of the form {param.metavar}", param, ctx)
        return key, rest


def _plugin_option(command: Callable[..., Any]) -> Callable[..., Any]:
    text = "A plugin to load: a module, or the path of a .py file."
    return click.option("--plugin", "plugins", multiple=True, metavar="P", help=text)(command)


def _home_option(command: Callable[..., Any]) -> Callable[..., Any]:
    text = "Folder of imported data; default $MINDKIT_HOME, or the user's data folder."
    return click.option("--home", metavar="DIR", type=click.Path(file_okay=False), help=text)(
        command
    )


def _reading_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what a reader is told: the arguments columns, splits and folds."""
    options = (
        click.option(
            "--column",
            "columns",
            multiple=True,
            type=Pair(),
            metavar="ROLE=NAME",
            help="The array for id, video_id, label, split, text, audio, vision or another column; "
            "an empty NAME leaves a role out. Obvious names are recognised.",
        ),
        click.option(
            "--split",
            "splits",
            multiple=True,
            type=Pair(),
            metavar="SPLIT=VALUE,…",
            help="What stands for train, valid or test in the split column.",
        ),
        click.option(
            "--folds",
            metavar="FILE",
            type=click.Path(),
            help="A table with the columns video_id and split, for data without splits.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.group()
def data() -> None:
    """List, check, import and simulate data sets."""


@data.command("list")
@_home_option
@_plugin_option
def list_(home: str | None, plugins: tuple[str, ...]) -> None:
    """Show every data set, and whether it is imported."""
    from rich.console import Console
    from rich.table import Table

    from mindkit.data.library import list_data
    from mindkit.hooks import load_plugins

    listed = list_data(home=home, registries=load_plugins(plugins).registries)
    table = Table(caption="no: simulated when run", caption_justify="left")
    for heading in ("data set", "task", "train / valid / test"):
        table.add_column(heading, no_wrap=True)
    table.add_column("imported from", overflow="fold")
    table.add_column("plugin")
    for entry in listed:
        found = entry.fault or entry.source or "no"
        found += f"\n{entry.layout}" if entry.layout else ""
        for modality in entry.leaky:
            found += f"\n{modality} is declared leaky"
        table.add_row(
            entry.name, entry.task or "as its labels", _sizes(entry.samples), found, entry.plugin
        )
    Console().print(table)


@data.command("import")
@click.argument("name")
@click.argument("path", required=False, type=click.Path())
@click.option(
    "--from", "source", metavar="PATH", type=click.Path(), help="The PATH, said in another way."
)
@_reading_options
@click.option(
    "--leaky",
    multiple=True,
    type=Pair(),
    metavar="COLUMN=REASON",
    help="Declare that a column's features know labels under this split; runs refuse it.",
)
@click.option(
    "--nan",
    type=click.Choice(["auto", "error", "zero"]),
    default="auto",
    show_default=True,
    help="NaN and infinite features: set them to 0, or stop; auto stops for tables only.",
)
@click.option("--replace", is_flag=True, help="Replace an import that is there.")
@_home_option
@_plugin_option
def import_(
    name: str,
    path: str | None,
    source: str | None,
    columns: tuple[tuple[str, str], ...],
    splits: tuple[tuple[str, str], ...],
    folds: str | None,
    leaky: tuple[tuple[str, str], ...],
    nan: str,
    replace: bool,
    home: str | None,
    plugins: tuple[str, ...],
) -> None:
    """Read the file or folder PATH once as the data set NAME, and keep it without pickles.

    The layout is recognised: pickles of MMSA, MulT, MISA, MAG-BERT and MultiBench, folders of
    UR-FUNNY and MIntRec, .csd files, and tables (.npz, .csv, .tsv). No code in a file is run.
    """
    from mindkit.data.formats.folder import read_manifest
    from mindkit.data.importing import import_data
    from mindkit.hooks import load_plugins

    if (path is None) == (source is None):
        what = "no file or folder" if path is None else f"two, '{path}' and '{source}'"
        raise click.UsageError(f"{what} to import: name one, as in mindkit data import {name} PATH")
    registries = load_plugins(plugins).registries
    folder = import_data(
        name,
        path or source or "",
        columns=dict(columns),
        splits=_cells(splits),
        leaky=dict(leaky),
        nan=nan,
        folds=folds,
        replace=replace,
        home=home,
        registries=registries,
    )
    manifest = read_manifest(folder)
    _show_manifest(manifest, f"{name}: {manifest['layout']}, imported into {folder}")
    for line in (f"mindkit data check {name}", _run_of(name, manifest, registries)):
        click.echo(f"next: {line}")


@data.command()
@click.argument("target", metavar="PATH|NAME")
@click.option("--as", "dataset", metavar="NAME", help="The data set to examine it as.")
@_reading_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@click.option("--strict", is_flag=True, help="Let warnings count as faults.")
@_home_option
@_plugin_option
@click.pass_context
def check(
    ctx: click.Context,
    target: str,
    dataset: str | None,
    columns: tuple[tuple[str, str], ...],
    splits: tuple[tuple[str, str], ...],
    folds: str | None,
    as_json: bool,
    strict: bool,
    home: str | None,
    plugins: tuple[str, ...],
) -> None:
    """Examine a file, a folder, or the imported copy of a data set; change nothing.

    A fault is what keeps data from being imported or used; a warning is to be looked at; a note is
    to be known. The exit status is 1 if there is a fault (with --strict, or a warning), else 0.
    Without --as, the data set is the one that a known SHA-256, the names of the classes or the
    numbers of samples tell.
    """
    import json

    from mindkit.data.doctor import check_data
    from mindkit.hooks import load_plugins

    examination = check_data(
        target,
        dataset=dataset,
        columns=dict(columns),
        splits=_cells(splits),
        folds=folds,
        home=home,
        registries=load_plugins(plugins).registries,
    )
    if as_json:
        click.echo(json.dumps(examination.as_dict(), indent=1, allow_nan=False))
    else:
        from mindkit.cli.examination import print_examination

        print_examination(examination)
    ctx.exit(not examination.usable or (strict and bool(examination.of("warning"))))


@data.command()
@click.argument("name")
@click.option("--out", required=True, metavar="DIR", type=click.Path(file_okay=False))
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed, other data.")
@click.option("--replace", is_flag=True, help="Replace a folder that is there.")
@_plugin_option
def simulate(name: str, out: str, seed: int, replace: bool, plugins: tuple[str, ...]) -> None:
    """Write a simulated stand-in of the data set NAME, with the factors it was made from."""
    from mindkit.data.formats.folder import read_manifest
    from mindkit.data.library import simulate_data
    from mindkit.hooks import load_plugins

    registries = load_plugins(plugins).registries
    folder = simulate_data(name, out, seed=seed, replace=replace, registries=registries)
    title = f"{name}: SIMULATED data in {folder}, with factors.npz; use it with --data {folder}"
    _show_manifest(read_manifest(folder), title)


def _show_manifest(manifest: Mapping[str, Any], title: str) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    plain: dict[str, Any] = {"markup": False, "highlight": False, "soft_wrap": True}
    console.print(title, **plain)
    if manifest.get("known_file"):
        console.print(f"known file: {manifest['known_file']}", **plain)
    console.print(f"{_sizes(manifest['samples'])} samples in train / valid / test", highlight=False)
    table = Table("column", "kind", "width", "from")
    for column, facts in manifest["columns"].items():
        table.add_row(column, facts["kind"], str(facts["width"] or ""), facts["provenance"])
    console.print(table)
    for drop in manifest.get("drops", ()):
        told = f"left out: {drop['count']} samples of {drop['split']}: {drop['reason']}"
        console.print(told, style="yellow", **plain)
    for column, reason in manifest["leaky"].items():
        text = f"leaky under '{manifest['split_column']}': {column}: {reason}"
        console.print(text, style="yellow", **plain)
    for note in manifest.get("notes", ()):
        console.print(f"note: {note}", **plain)


def _run_of(name: str, manifest: Mapping[str, Any], registries: Registries) -> str:
    """The command that trains on an import, without what it lacks or what leaks."""
    from mindkit.config.files import default_method

    columns, words = manifest["columns"], [f"mindkit run {default_method()} --dataset {name}"]
    encoders = (entry.name for entry in registries.encoders if "vector" in entry.load().accepts)
    of_vectors = next(encoders, None)
    for modality in ("text", "audio", "vision"):
        if modality not in columns or modality in manifest["leaky"]:
            words.append(f"--drop {modality}")
        elif columns[modality]["kind"] == "vector" and of_vectors:
            words.append(f"--set encoders.{modality}.type={of_vectors}")
    return " ".join(words)


def _cells(splits: tuple[tuple[str, str], ...]) -> dict[str, list[str]]:
    """Split -> its cells; several are separated by commas, or given one by one."""
    cells: dict[str, list[str]] = {}
    for split, said in splits:
        cells.setdefault(split, []).extend(said.split(","))
    return cells


def _sizes(samples: Mapping[str, int]) -> str:
    return (
        " / ".join(str(samples[split]) for split in ("train", "valid", "test")) if samples else ""
    )
