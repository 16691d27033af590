"""Finished runs without training: folders with what a table reads of them."""

import json
from itertools import count

import numpy as np
import pytest
import yaml

from mindkit.study.study import RowRuns
from mindkit.train.metrics import METRICS, compute
from mindkit.train.run import RunResult

DATA = {
    "digest": "d1" * 32,
    "columns": {"text": {"kind": "text", "width": None}},
    "samples": {"train": 4, "valid": 2, "test": 4},
}
ENVIRONMENT = {
    "mindkit": "0.1.0",
    "commit": "abcdef0123456789",
    "python": "3.11.7",
    "packages": {"torch": "2.10.0"},
    "device": "cpu",
    "precision": "float32",
    "plugins": {"basics": None},
    "data": DATA,
}


@pytest.fixture
def finished_row(tmp_path):
    """Write runs that predicted (S, N) or (S, N, C), and return them as a row."""
    numbers = count()

    def call(
        name, truth, predictions, *, ids=None, seeds=None, config=None, environment=(), **facts
    ):
        truth, runs = np.asarray(truth), []
        for place, scores in enumerate(np.asarray(predictions, np.float32)):
            folder = tmp_path / "runs" / f"run-{next(numbers)}"
            folder.mkdir(parents=True)
            test = compute(_fitting(scores), scores, truth)
            names = [str(n) for n in range(len(truth))] if ids is None else ids
            write_predictions(folder, names, truth, scores)
            (folder / "environment.json").write_text(
                json.dumps({**ENVIRONMENT, **dict(environment)})
            )
            (folder / "config.yaml").write_text(yaml.safe_dump(config or {}))
            known = {
                "method": "mind",
                "dataset": "mosi",
                "seed": seeds[place] if seeds else 1 + place,
                "valid": test,
                "test": test,
                "selection": {},
                "epoch": 0,
                "epochs": 1,
                "parameters": 1000,
                "seconds": 1.0,
                "stamps": (),
                "dropped": (),
                "data": DATA,
            }
            runs.append(RunResult(folder=folder, **known | facts))
        return RowRuns(name, tuple(runs))

    return call


def _fitting(scores):
    """A few metrics of the task that predictions of this shape are for."""
    task = "regression" if scores.ndim == 1 else "classification"
    wanted = ("mae", "mse", "acc2_has0", "acc7", "acc5", "accuracy", "f1_macro")
    return [name for name in wanted if METRICS[name].task == task]


def write_predictions(folder, ids, truth, scores):
    columns = ["prediction"] if scores.ndim == 1 else [f"score_{c}" for c in range(scores.shape[1])]
    lines = [",".join(["id", "split", "truth", *columns])]
    for one, label, values in zip(ids, truth.tolist(), scores.reshape(len(ids), -1), strict=True):
        lines.append(",".join([one, "test", repr(label), *(repr(float(v)) for v in values)]))
    (folder / "predictions.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
