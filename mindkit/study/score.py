"""Every metric under every convention, from the predictions that a run saved; nothing is run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mindkit.errors import MindkitError
from mindkit.study.folders import METRICS, require_finished
from mindkit.study.listed import ListedRun
from mindkit.study.predictions import NAME, Predictions, read_predictions
from mindkit.train.metrics import METRICS as ALL
from mindkit.train.metrics import better, compute

Task = Literal["regression", "classification"]

SPLITS = ("valid", "test")
ROUNDING = 1e-6  # how far two versions of NumPy may be apart in a mean


@dataclass(frozen=True)
class Scores:
    """What the saved predictions of a run are worth.

    values: split -> metric -> score, NaN where undefined. samples: split -> N.
    disagreements: sentences on what `metrics.json` says otherwise.
    """

    folder: Path
    method: str
    dataset: str
    seed: int | None
    task: Task
    values: dict[str, dict[str, float]]
    samples: dict[str, int]
    disagreements: tuple[str, ...]
    stamps: tuple[str, ...]


def score(*runs: str | Path, split: str | None = None, metrics: Sequence[str] = ()) -> list[Scores]:
    """Score the saved predictions of finished runs, by all metrics that fit their task.

    split: "valid" or "test"; both without it. metrics: only these. All that `metrics.json` holds
    of a run is compared with what its predictions give, shown or not.
    """
    if not runs:
        raise MindkitError("nothing to score; name at least one run's folder")
    if split not in (None, *SPLITS):
        raise MindkitError(f"no split '{split}' is saved; choose from: {', '.join(SPLITS)}")
    for name in metrics:
        better(name)  # an unknown one is an error with the near miss
    return [_scored(Path(run), split, metrics) for run in runs]


def _scored(folder: Path, split: str | None, metrics: Sequence[str]) -> Scores:
    require_finished(folder)
    run = ListedRun.read(folder)
    if run.status == "damaged":
        raise MindkitError(run.error)
    predictions = read_predictions(folder)
    there = [name for name in SPLITS if name in predictions]
    for name in SPLITS:
        if name not in there and (_saved(run, name) or split == name):
            raise _missing(folder, name, run)
    task: Task = "classification" if predictions[there[0]].classes else "regression"
    names = list(metrics) or [name for name, metric in ALL.items() if metric.task == task]
    shown = there if split is None else [split]
    again = {
        name: _computed(predictions[name], [*(names if name in shown else ()), *_saved(run, name)])
        for name in there
    }
    return Scores(
        folder=folder,
        method=run.method,
        dataset=run.dataset,
        seed=run.seed,
        task=task,
        values={name: {metric: again[name][metric] for metric in names} for name in shown},
        samples={name: len(predictions[name].ids) for name in there},
        disagreements=tuple(_disagreements(run, again)),
        stamps=run.stamps,
    )


def _missing(folder: Path, split: str, run: ListedRun) -> MindkitError:
    if not _saved(run, split):
        return MindkitError(f"{folder} was not scored on {split}: it is a trial of a search")
    return MindkitError(f"{folder / NAME} holds no samples of {split}; --fresh makes the run again")


def _saved(run: ListedRun, split: str) -> dict[str, float]:
    return run.test if split == "test" else run.valid


def _computed(predictions: Predictions, names: Sequence[str]) -> dict[str, float]:
    known = [name for name in names if name in ALL]
    return compute(dict.fromkeys(known), predictions.scores, predictions.truth)


def _disagreements(run: ListedRun, again: dict[str, dict[str, float]]) -> Iterator[str]:
    for split in again:
        for metric, value in _saved(run, split).items():
            if metric not in again[split]:
                yield f"{split} {metric} is in {METRICS}, but no metric here has that name"
            elif not _close(value, again[split][metric]):
                computed = f"{again[split][metric]:.6g} from {NAME}"
                yield f"{split} {metric} is {value:.6g} in {METRICS}, but {computed}"


def _close(one: float, other: float) -> bool:
    both_undefined = math.isnan(one) and math.isnan(other)
    return both_undefined or math.isclose(one, other, rel_tol=ROUNDING, abs_tol=ROUNDING)
