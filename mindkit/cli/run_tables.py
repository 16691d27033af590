"""What `mindkit runs` prints: a line for each run, or config; and what differs between runs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mindkit.cli.printing import say_stamps
from mindkit.study.differences import Difference, in_words
from mindkit.study.folders import Setting
from mindkit.study.listed import ListedRun
from mindkit.study.runs import Group
from mindkit.train.metrics import METRICS

FIRST_METRICS = 3
STYLES = {"failed": "bold red", "damaged": "bold red", "interrupted": "yellow", "running": "green"}
WIDE = 120  # columns of a terminal below which a folder's name tells the method and the seed


def show_runs(console: Console, found: Sequence[ListedRun], columns: Sequence[str]) -> None:
    """Print one line for each run: these columns, or those that say most."""
    shown = columns or _fitting(console, _metrics(found))
    table = Table(box=None, padding=(0, 2, 0, 0), title=_counted(found), title_justify="left")
    table.add_column("folder", overflow="fold", no_wrap=not columns)
    for column in shown:
        number = isinstance(_first(found, column), int | float)
        table.add_column(_heading(column), justify="right" if number else "left", overflow="fold")
    for run in found:
        cells = [_cell(run.value(column), column) for column in shown]
        table.add_row(str(run.folder), *cells, style=STYLES.get(run.status))
    console.print(table)
    _say_errors_and_stamps(console, found)


def show_groups(console: Console, groups: Sequence[Group]) -> None:
    """Print one line for each config, over its seeds."""
    found = [run for group in groups for run in group.runs]
    title = f"{_counted(found)}, {len(groups)} configs; test split, mean ± sd over finished seeds"
    table = Table(box=None, padding=(0, 2, 0, 0), title=title, title_justify="left")
    metrics = _metrics(found)
    for heading in ("method", "dataset", "seeds", *map(_heading, metrics), "what sets it apart"):
        table.add_column(heading, overflow="fold")
    for group in groups:
        first = group.runs[0]
        seeds = [
            str(run.seed) if run.status == "finished" else f"{run.seed} ({run.status})"
            for run in group.runs
        ]
        scores = [_mean_and_deviation(group, metric) for metric in metrics]
        apart = "\n".join(group.apart)
        table.add_row(first.method, first.dataset, ", ".join(seeds), *scores, apart)
    console.print(table)
    _say_errors_and_stamps(console, found)


def show_differences(
    console: Console, folders: Sequence[str | Path], differences: Sequence[Difference]
) -> None:
    """Print the paths that differ, the value and its origin in each run."""
    if not differences:
        console.print("nothing differs: config, environment and data are the same")
    for part in dict.fromkeys(difference.part for difference in differences):
        table = Table(title=part, title_justify="left")
        table.add_column("path", overflow="fold")
        for folder in folders:
            table.add_column(Path(folder).name, overflow="fold")
        for difference in differences:
            if difference.part == part:
                table.add_row(difference.path, *map(_setting, difference.settings))
        console.print(table)


def _fitting(console: Console, metrics: Sequence[str]) -> list[str]:
    if console.width < WIDE:
        return ["status", *(metrics or ["selection"]), "dropped"]
    first = ["method", "dataset", "seed", "status", "selection"]
    return [*first, *metrics, "dropped", "seconds", "when"]


def _metrics(found: Iterable[ListedRun]) -> list[str]:
    """The first metrics of each task that is there: the data sets' own headline ones."""
    return [*dict.fromkeys(name for run in found for name in list(run.test)[:FIRST_METRICS])]


def _first(found: Iterable[ListedRun], column: str) -> Any:
    return next((value for run in found if (value := run.value(column)) is not None), None)


def _counted(found: Sequence[ListedRun]) -> str:
    states = dict.fromkeys(run.status for run in found)
    counts = [f"{sum(run.status == state for run in found)} {state}" for state in states]
    return f"{len(found)} runs: {', '.join(counts)}" if found else "no runs"


def _heading(column: str) -> str:
    metric = column.rpartition(".")[2]
    if column not in METRICS and not column.startswith(("test.", "valid.")):
        return column
    return f"{column} {'↓' if METRICS[metric].better == 'min' else '↑'}"


def _cell(value: Any, column: str) -> str:
    if value is None:
        return ""
    if column == "selection":
        return f"{value[0]} {value[1]:.4f}"
    if column == "dropped":
        return ", ".join(line.partition(":")[0] for line in value)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, float):
        return f"{value:.4f}" if column.rpartition(".")[2] in METRICS else f"{value:g}"
    return "; ".join(value) if isinstance(value, tuple) else str(value)


def _mean_and_deviation(group: Group, metric: str) -> str:
    mean, deviation = group.mean(metric), group.deviation(metric)
    if math.isnan(mean):
        return ""
    return f"{mean:.3f}" if math.isnan(deviation) else f"{mean:.3f} ± {deviation:.3f}"


def _setting(setting: Setting | None) -> Text:
    if setting is None:
        return Text("not there", "dim")
    origin = (f"\n{setting.origin}", "dim") if setting.origin else ""
    return Text.assemble(in_words(setting.value), origin)


def _say_errors_and_stamps(console: Console, found: Sequence[ListedRun]) -> None:
    for run in found:
        if run.error and run.status != "finished":
            console.print(f"{run.folder}: {run.error}", style="red", soft_wrap=True)
    say_stamps(console, dict.fromkeys(stamp for run in found for stamp in run.stamps))
