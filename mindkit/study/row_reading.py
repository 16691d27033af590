"""A row's runs with what they predicted and where they were made, read from their folders."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from mindkit.errors import MindkitError
from mindkit.study.predictions import Predictions, read_predictions
from mindkit.study.provenance import read_environment
from mindkit.study.study import Failure, RowRuns
from mindkit.train.run import RunResult
from mindkit.train.scores import Array


@dataclass
class ReadRow:
    """A row with what its runs predicted: predictions (S, N[, C]) of the test split."""

    name: str
    runs: list[RunResult] = field(default_factory=list[RunResult])
    tests: list[Predictions] = field(default_factory=list[Predictions])
    environments: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    failures: list[Failure] = field(default_factory=list[Failure])

    @property
    def predictions(self) -> Array:
        return np.stack([test.scores for test in self.tests])

    @property
    def seeds(self) -> list[int]:
        return [run.seed for run in self.runs]


def read_row(row: RowRuns) -> ReadRow:
    """Return the row; a run whose files cannot be read, or of other samples, counts as failed."""
    read = ReadRow(row.name, failures=list(row.failures))
    for run in row.runs:
        try:
            environment, test = read_environment(run.folder), _test_split(run)
            if read.tests and (found := difference(test, read.tests[0])):
                raise MindkitError(f"{found} of seed {read.runs[0].seed}")
        except MindkitError as error:
            read.failures.append(Failure(run.seed, run.folder, str(error)))
            continue
        read.runs.append(run)
        read.tests.append(test)
        read.environments.append(environment)
    return read


def difference(test: Predictions, other: Predictions) -> str:
    """Return in what the samples of two runs differ, or ""; the words go on with whose they are."""
    if test.ids != other.ids:
        sizes = len(test.ids), len(other.ids)
        return "its {} test samples are others, or in another order, than the {}".format(*sizes)
    if not np.array_equal(test.truth, other.truth):
        return "its test samples have other labels than those"
    return ""


def _test_split(run: RunResult) -> Predictions:
    splits = read_predictions(run.folder)
    if "test" not in splits:
        raise MindkitError(f"{run.folder} predicted no test split; --fresh runs it again")
    return splits["test"]
