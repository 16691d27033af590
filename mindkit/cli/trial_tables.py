"""What a person sees of a search: a line for each trial, then what was found."""

from __future__ import annotations

import math
from collections import Counter

from rich.console import Console
from rich.table import Table

from mindkit.study.trials import Trial
from mindkit.study.tune import Tuned

SHOWN_TRIALS = 5


def print_trial(console: Console, trial: Trial) -> None:
    """Print one line on a trial that has ended."""
    values = "  ".join(trial.settings)
    if trial.state == "failed":
        console.print(f"trial {trial.number} failed: {trial.error}", style="red", soft_wrap=True)
        console.print(f"  {values}", style="dim", soft_wrap=True)
        return
    pruned = ", pruned" if trial.state == "pruned" else ""
    text = (
        f"trial {trial.number}: {trial.value:.4f} after {trial.epochs} epoch(s){pruned}  {values}"
    )
    console.print(text, style="dim" if pruned else "", soft_wrap=True)


def print_tuned(console: Console, tuned: Tuned) -> None:
    """Print the best trials, what was found, and how to make it again."""
    console.print()
    console.print(_best(tuned))
    console.print(_found(tuned))
    for note in tuned.notes:
        console.print(note, style="dim", soft_wrap=True)
    again, run = tuned.commands
    console.print(f"trial {tuned.best.number} again, and its test score: {again}", soft_wrap=True)
    console.print(f"the winner with any seed: {run}", soft_wrap=True)


def _best(tuned: Tuned) -> Table:
    count = Counter(trial.state for trial in tuned.trials)
    states = ", ".join(f"{count[state]} {state}" for state in ("finished", "pruned", "failed"))
    title = f"{len(tuned.trials)} trials ({states}): the best on validation"
    table = Table(title=title, title_justify="left")
    for heading in ("trial", tuned.metric, "epochs", "folder"):
        left = heading == "folder"
        table.add_column(heading, justify="left" if left else "right", overflow="fold")
    for trial in tuned.ranking()[:SHOWN_TRIALS]:
        cells = f"{trial.number}", f"{trial.value:.4f}", f"{trial.epochs}", trial.folder
        table.add_row(*cells)
    return table


def _found(tuned: Tuned) -> Table:
    table = Table(title=f"found by trial {tuned.best.number}", title_justify="left")
    for heading in ("value", "searched in", "METHOD's", "best"):
        table.add_column(
            heading, justify="left" if heading == "value" else "right", overflow="fold"
        )
    if tuned.importance:
        table.add_column("importance", justify="right")
    best = dict(line.split("=", 1) for line in tuned.best.settings)
    for one in tuned.dimensions:
        cells = [one.path, str(one), f"{one.own}", best[one.path]]
        if tuned.importance:
            cells.append(f"{tuned.importance.get(one.path, math.nan):.2f}")
        table.add_row(*cells)
    return table
