"""`mindkit data`: which data sets there are, importing them, simulating them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click


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


@click.group()
def data() -> None:
    """List, import and simulate data sets."""


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
    table = Table("data set", "task")
    table.add_column("train / valid / test", no_wrap=True)
    table.add_column("imported from", overflow="fold")
    table.add_column("plugin")
    for entry in listed:
        found = entry.fault or entry.source or "not imported: simulated when run"
        for modality in entry.leaky:
            found += f"\n{modality} is declared leaky"
        table.add_row(entry.name, entry.task, _sizes(entry.samples), found, entry.plugin)
    Console().print(table)


@data.command("import")
@click.argument("name")
@click.option(
    "--from",
    "path",
    required=True,
    metavar="PATH",
    type=click.Path(),
    help="The .npz, .csv or .tsv file.",
)
@click.option(
    "--column",
    "columns",
    multiple=True,
    type=Pair(),
    metavar="ROLE=NAME",
    help="The array for id, label, split, text, audio, vision or another modality; an empty NAME "
    "leaves a role out. Obvious names are recognised.",
)
@click.option(
    "--split",
    "splits",
    multiple=True,
    type=Pair(),
    metavar="SPLIT=VALUE",
    help="What stands for train, valid or test in the split column.",
)
@click.option(
    "--leaky",
    multiple=True,
    type=Pair(),
    metavar="MODALITY=REASON",
    help="Declare that a modality's features know labels under this split; runs refuse it.",
)
@click.option(
    "--nan",
    type=click.Choice(["error", "zero"]),
    default="error",
    show_default=True,
    help="What to do with NaN and infinite features: stop, or set them to 0.",
)
@click.option("--replace", is_flag=True, help="Replace an import that is there.")
@_home_option
@_plugin_option
def import_(
    name: str,
    path: str,
    columns: tuple[tuple[str, str], ...],
    splits: tuple[tuple[str, str], ...],
    leaky: tuple[tuple[str, str], ...],
    nan: str,
    replace: bool,
    home: str | None,
    plugins: tuple[str, ...],
) -> None:
    """Read a table once as the data set NAME and keep it, without pickles."""
    from mindkit.data.formats.folder import read_manifest
    from mindkit.data.importing import import_data
    from mindkit.hooks import load_plugins

    folder = import_data(
        name,
        path,
        columns=dict(columns),
        splits=dict(splits),
        leaky=dict(leaky),
        nan=nan,
        replace=replace,
        home=home,
        registries=load_plugins(plugins).registries,
    )
    _show_manifest(read_manifest(folder), f"{name}: imported into {folder}")


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
    console.print(title, markup=False, highlight=False, soft_wrap=True)
    console.print(f"{_sizes(manifest['samples'])} samples in train / valid / test", highlight=False)
    table = Table("modality", "kind", "width", "from")
    for modality, facts in manifest["columns"].items():
        table.add_row(modality, facts["kind"], str(facts["width"] or ""), facts["provenance"])
    console.print(table)
    for modality, reason in manifest["leaky"].items():
        text = f"leaky under '{manifest['split_column']}': {modality}: {reason}"
        console.print(text, style="yellow", markup=False, highlight=False, soft_wrap=True)
    for note in manifest.get("notes", ()):
        console.print(f"note: {note}", markup=False, highlight=False, soft_wrap=True)


def _sizes(samples: Mapping[str, int]) -> str:
    return (
        " / ".join(str(samples[split]) for split in ("train", "valid", "test")) if samples else ""
    )
