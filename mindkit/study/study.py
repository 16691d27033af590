"""A study: rows of configs, each run once for every seed, wherever an executor makes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mindkit.config.spec import Spec
from mindkit.data.library import open_store
from mindkit.errors import MindkitError
from mindkit.registry import Registries
from mindkit.study.executors import Executor
from mindkit.study.jobs import Job, State, Tell
from mindkit.study.run import with_seed
from mindkit.train.run import RunResult
from mindkit.train.selection import settle


@dataclass(frozen=True)
class Row:
    """One row of a table: a name and the config that is run for each seed."""

    name: str
    spec: Spec


@dataclass(frozen=True)
class Failure:
    """A run that could not be made, and why."""

    seed: int
    folder: Path
    error: str


@dataclass(frozen=True)
class RowRuns:
    """What became of a row: its finished runs in the order of their seeds, and its failures."""

    name: str
    runs: tuple[RunResult, ...]
    failures: tuple[Failure, ...] = ()


def run_rows(
    rows: Sequence[Row],
    registries: Registries,
    executor: Executor,
    *,
    seeds: int,
    out: Path,
    plugins: Sequence[str] = (),
    device: str | None = None,
    fresh: bool = False,
    tell: Tell | None = None,
) -> list[RowRuns]:
    """Make every run of `rows` over `seeds`, counted from each config's own seed."""
    cells: list[tuple[int, Job]] = []
    for number, row in enumerate(rows):
        spec = settle(row.spec, registries, open_store(row.spec.data, registries))
        for seed in range(spec.training.seed, spec.training.seed + seeds):
            seeded = with_seed(spec, seed)
            label = f"{row.name}, seed {seed}"
            cells.append((number, Job(label, seeded, out, tuple(plugins), device, fresh)))
    errors: dict[Path, str] = {}

    def note(job: Job, state: State, error: str) -> None:
        if state == "failed":
            errors[job.folder] = error
        if tell is not None:
            tell(job, state, error)

    executor.run([[job] for _, job in cells], note)
    return [_gathered(row, [j for n, j in cells if n == at], errors) for at, row in enumerate(rows)]


def _gathered(row: Row, jobs: Sequence[Job], errors: dict[Path, str]) -> RowRuns:
    runs, failures = [], []
    for job in jobs:
        seed = job.spec.training.seed
        if job.folder in errors:
            failures.append(Failure(seed, job.folder, errors[job.folder]))
            continue
        try:
            runs.append(RunResult.read(job.folder))
        except MindkitError as error:
            failures.append(Failure(seed, job.folder, str(error)))
    return RowRuns(row.name, tuple(runs), tuple(failures))
