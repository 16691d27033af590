"""What a person sees: a live display while training, and the closing tables."""

from __future__ import annotations

import logging
import math
import os
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import rich.console
from rich.console import Group
from rich.live import Live
from rich.logging import RichHandler
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from mindkit.cli.study_table import print_table
from mindkit.config.spec import Spec
from mindkit.kinds import Tracker
from mindkit.model.objective import weight_at
from mindkit.study.jobs import Job, State
from mindkit.study.published import published
from mindkit.study.rendering import write_tables
from mindkit.study.run import Results
from mindkit.study.study import Study
from mindkit.train.metrics import METRICS, better

SHOWN_EPOCHS = 5
WIDTH_OF_FILES = 160  # columns of output that goes to a file or a pipe


class Console:
    """Prints to standard output; without a terminal, plain lines take the live display's place."""

    def __init__(self, console: rich.console.Console | None = None) -> None:
        self.rich = console or rich.console.Console(highlight=False, markup=False)
        if console is None and not self.rich.is_terminal and "COLUMNS" not in os.environ:
            self.rich.width = WIDTH_OF_FILES
        self.started: set[Path] = set()
        handler = RichHandler(console=self.rich, show_time=False, show_path=False)
        log = logging.getLogger("mindkit")
        log.handlers = [handler]
        log.setLevel(logging.INFO)

    def display(self, label: str, spec: Spec) -> Tracker:
        """Return a tracker that shows one run."""
        return LiveDisplay(self.rich, label, spec, self.started)

    def results(self, results: Results) -> None:
        """Print the closing table of a run, or of its seeds."""
        first = results.runs[0]
        table = Table(title=f"{results.name} on {first.dataset}", title_justify="left")
        table.add_column("metric")
        table.add_column("valid", justify="right")
        table.add_column("test", justify="right", style="bold")
        paper = published(first)
        if paper:
            table.add_column("paper", justify="right")
        for metric in first.test:
            row = [_labelled(metric)]
            row += [_cell(results, metric, split) for split in ("valid", "test")]
            if paper:
                row.append(f"{paper[metric]:g}" if metric in paper else "")
            table.add_row(*row)
        self.rich.print()
        self.rich.print(table)
        for run in results:
            rule = f"{run.selection['metric']} on validation {run.selection['value']:.4f}"
            self.rich.print(
                f"seed {run.seed}: epoch {run.epoch + 1} of {run.epochs} selected by {rule}; "
                f"{run.parameters:,} parameters, {run.seconds:.0f} s; {run.folder}",
                soft_wrap=True,
            )
        self._say_what_was_read(results)
        self._say(results.stamps, first.dropped)

    def follow(self, executor: str) -> dict[str, Any]:
        """Return how a study is shown while it is made: the arguments `display` and `tell`."""
        here = executor == "in-process"
        return {"display": self.display, "tell": partial(self._told, quiet=here)}

    def study(self, study: Study, metrics: Sequence[str] = ()) -> None:
        """Print a study's table, and write it to its folder in every format."""
        table = study.table(metrics or None)
        print_table(self.rich, table)
        for row in study.rows:
            self._say_what_was_read(row)
        paths = write_tables(table, study.folder)
        names = ", ".join(path.name for path in paths)
        self.rich.print(f"{study.folder}: {names}", soft_wrap=True)

    def _told(self, job: Job, state: State, error: str, quiet: bool) -> None:
        """Say that a run has started, finished or failed; `quiet`, where a display shows it."""
        if state == "started" and not quiet:
            self.started.add(job.folder)
        if state == "failed":
            text = f"{job.label} failed: {error}"
            self.rich.print(text, style="red", soft_wrap=True)
        elif not quiet:
            self.rich.print(f"{job.label} {state}", style="dim", soft_wrap=True)

    def _say_what_was_read(self, results: Results) -> None:
        seeds = [str(run.seed) for run in results if run.folder not in self.started]
        if seeds:
            self.rich.print(
                f"{results.name}, seed {', '.join(seeds)}: finished before and read again; "
                "--fresh repeats it, as after a change of code",
                style="dim",
                soft_wrap=True,
            )

    def _say(self, stamps: tuple[str, ...], dropped: tuple[str, ...]) -> None:
        for line in dropped:
            self.rich.print(f"left out: {line}", style="dim", soft_wrap=True)
        for stamp in stamps:
            self.rich.print(stamp, style="bold yellow", soft_wrap=True)


class LiveDisplay(Tracker):
    """One run as it goes: epoch, losses by term, validation metrics, time left."""

    def __init__(
        self, console: rich.console.Console, label: str, spec: Spec, started: set[Path]
    ) -> None:
        self.console, self.label, self.spec, self.started = console, label, spec, started
        self.metric = spec.training.selection.metric
        self.epochs: list[Mapping[str, Any]] = []
        self.losses: Mapping[str, float] = {}
        self.at = (0, 0, 0)
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn("steps, at most"),
            TimeRemainingColumn(),
            TextColumn("left"),
            console=console,
        )
        self.task = self.bar.add_task(label, total=None)
        self.live: Live | None = None
        self.began = time.monotonic()

    def start(self, folder: Path, config: Mapping[str, Any]) -> None:
        self.started.add(folder)
        selection = self.spec.training.selection
        title = Text.assemble((self.label, "bold"), f" on {self.spec.data.name} -> {folder}")
        self.console.print(title, soft_wrap=True)
        plateau = "" if selection.plateau is None else f", plateau {selection.plateau.patience}"
        self.console.print(
            f"selection: {selection.metric} on validation, {better(selection.metric)}; patience "
            f"{selection.patience}, rollbacks {selection.rollback}{plateau}; test scored once, at "
            "the end",
            style="dim",
            soft_wrap=True,
        )
        for line in self.spec.dropped:
            self.console.print(f"left out: {line}", style="dim", soft_wrap=True)
        if self.console.is_terminal:
            self.live = Live(self._picture(), console=self.console, transient=True)
            self.live.start()

    def progress(self, record: Mapping[str, Any]) -> None:
        self._count(record)
        self.losses = record["losses"]
        self._refresh()

    def log(self, record: Mapping[str, Any]) -> None:
        self._count({**record, "steps": record["step"]})
        self.losses = record["losses"]
        self.epochs.append(record)
        if self.live is None:
            scores = " ".join(f"{n} {v:.3f}" for n, v in list(record["valid"].items())[:4])
            self.console.print(
                f"epoch {record['epoch'] + 1:3d}  loss {record['losses']['total']:.4f}  {scores}  "
                f"{record['decision']:8s} {record['seconds']:.1f} s",
                soft_wrap=True,
            )
        self._refresh()

    def finish(self, metrics: Mapping[str, Any]) -> None:
        self.close()

    def close(self) -> None:
        """Take the display off the screen."""
        if self.live is not None:
            self.live.stop()
            self.live = None

    def _count(self, record: Mapping[str, Any]) -> None:
        epoch, step, steps = record["epoch"], record["step"], record["steps"]
        self.at = (epoch, step, steps)
        self.bar.update(
            self.task,
            total=self.spec.training.epochs * steps,
            completed=epoch * steps + step,
            description=f"epoch {epoch + 1} of at most {self.spec.training.epochs}",
        )

    def _refresh(self) -> None:
        if self.live is not None:
            self.live.update(self._picture())

    def _picture(self) -> Group:
        return Group(self.bar, self._loss_table(), self._epoch_table(), Text(""))

    def _loss_table(self) -> Table:
        epoch, step, steps = self.at
        progress = (epoch * steps + step) / max(self.spec.training.epochs * steps, 1)
        table = Table(box=None, padding=(0, 2, 0, 0))
        for heading in ("term", "value", "weight", "weighted"):
            table.add_column(heading, justify="left" if heading == "term" else "right")
        for term in self.spec.method.terms:
            value = self.losses.get(term.name, math.nan)
            weight = weight_at(term.weight, progress) * (-1 if term.goal == "maximize" else 1)
            cells = (f"{value:.4f}", f"{weight:g}", f"{weight * value:.4f}")
            table.add_row(term.name, *cells)
        total = self.losses.get("total", math.nan)
        table.add_row("total", "", "", f"{total:.4f}", style="bold")
        return table

    def _epoch_table(self) -> Table:
        table = Table(box=None, padding=(0, 2, 0, 0))
        shown = self.epochs[-SHOWN_EPOCHS:]
        metrics = list(shown[0]["valid"])[:6] if shown else [self.metric]
        for heading in ("epoch", *map(_labelled, metrics), "", "seconds"):
            table.add_column(heading, justify="right")
        for record in shown:
            scores = [f"{record['valid'][metric]:.4f}" for metric in metrics]
            style = "bold green" if record["decision"] == "best" else ""
            table.add_row(
                str(record["epoch"] + 1),
                *scores,
                record["decision"],
                f"{record['seconds']:.1f}",
                style=style,
            )
        return table


def _labelled(metric: str) -> str:
    return f"{metric} {'↓' if better(metric) == 'min' else '↑'}" if metric in METRICS else metric


def _cell(results: Results, metric: str, split: str) -> str:
    mean, deviation = results.mean(metric, split), results.deviation(metric, split)
    return f"{mean:.3f}" if math.isnan(deviation) else f"{mean:.3f} ± {deviation:.3f}"
